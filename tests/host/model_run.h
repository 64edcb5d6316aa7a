/* A run of a subject that keeps state for ever: in a process of its own, so that each begins with a new machine. What it found goes
 * through shared memory. Include once, in the test itself. */
#pragma once

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Memory that children share with their parent, all zeros. */
static inline void *model_shared(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    return memory;
}

/* Where `make coverage` counts, a child writes down what it has done. */
extern void __gcov_dump(void) __attribute__((weak));

static inline void model_end_child(void)
{
    if (__gcov_dump)
        __gcov_dump();
    _exit(0);
}

/* Runs fn(argument) in a child; returns its exit status, which is 0 unless a sanitizer or a bound ended it. 124: it took 10 s. */
static inline int model_run(void (*fn)(const void *argument), const void *argument)
{
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        alarm(10);
        fn(argument);
        model_end_child();
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? 124 : 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}
