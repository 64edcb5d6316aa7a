/* Hello: a line in the log, and the words of the command line.
 *
 *     make run APP=apps/hello ARGS="one two"
 *
 * What you will see:
 *
 *     app: hello from cpu 0 of 1
 *     app: word 1: one
 *     app: word 2: two
 *     end: main returned 0; ... */
#include <ingot/cpu.h>
#include <ingot/log.h>

int main(int argc, char **argv)
{
    log_info("hello from cpu %u of %u", cpu_id(), cpu_count());
    for (int i = 1; i < argc; i++)
        log_info("word %d: %s", i, argv[i]);
    return 0;
}
