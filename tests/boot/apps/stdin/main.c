/* Lines and keys from standard input; or, by its first word, an end that is no return. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void on_interrupt(int number) { printf("signal %d\n", number); }

static void fail(const char *how)
{
    if (!strcmp(how, "abort"))
        abort();
    if (!strcmp(how, "segv"))
        raise(SIGSEGV);
    assert(1 > 2);
}

static void read_keys(void)
{
    struct termios mode;
    unsigned char key = 0;

    tcgetattr(STDIN_FILENO, &mode);
    mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &mode);
    puts("end of lines, now keys");
    while (key != 'q' && read(STDIN_FILENO, &key, 1) == 1)
        printf("key %d\n", key);
}

int main(int argc, char **argv)
{
    char line[256];

    if (argc > 1)
        fail(argv[1]);
    signal(SIGINT, on_interrupt);
    printf("name? ");
    if (fgets(line, sizeof(line), stdin))
        printf("hello %s", line);
    for (;;) {
        printf("more? ");
        if (!fgets(line, sizeof(line), stdin))
            break;
        printf("got '%s'\n", strtok(line, "\n"));
    }
    putchar('\n');
    read_keys();
    exit(7);
}
