#include <ingot/cpu.h>
#include <ingot/log.h>

int main(int argc, char **argv)
{
    log_info("hello from cpu %u of %u", cpu_id(), cpu_count());
    for (int i = 1; i < argc; i++)
        log_info("word %d: %s", i, argv[i]);
    return 0;
}
