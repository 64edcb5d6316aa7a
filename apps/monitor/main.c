/* The default application: a prompt from which the machine can be looked at. Words of the command line are lines that it runs first. */
#include <ingot/console.h>
#include <ingot/log.h>
#include <ingot/prompt.h>

int main(int argc, char **argv)
{
    bool exit = false;
    int result = 0;

    log_info("the monitor; `help` lists its commands");
    for (int i = 1; i < argc && !exit; i++) {
        console_print("> %s\n", argv[i]);
        result = prompt_run_line(argv[i], &exit);
    }
    return exit ? result : prompt_run();
}
