/* What ends a run, and what makes it fail. */
#include <ingot/console.h>
#include <ingot/error.h>
#include <ingot/panic.h>
#include <ingot/power.h>
#include <ingot/prompt.h>
#include <ingot/time.h>

static int reboot(int argc, char **argv)
{
    (void)argc, (void)argv;
    power_reset();
    return ERR_UNSUPPORTED;
}
COMMAND(reboot, ": resets the machine", reboot);

static int poweroff(int argc, char **argv)
{
    (void)argc, (void)argv;
    power_off();
    return ERR_UNSUPPORTED;
}
COMMAND(poweroff, ": switches the machine off", poweroff);

static int time(int argc, char **argv)
{
    struct time_source source;

    (void)argc, (void)argv;
    time_source(&source);
    console_print("%llu.%06llu s since power-on\n", (unsigned long long)(time_ns() / 1000000000),
                  (unsigned long long)(time_ns() / 1000 % 1000000));
    console_print("%s, %llu Hz by %s", source.name, (unsigned long long)source.hz, source.measured_by);
    if (source.checked_by)
        console_print(", checked by %s: %lld ppm apart", source.checked_by, (long long)source.disagreement_ppm);
    console_print("\n");
    return 0;
}
COMMAND(time, ": since power-on, and what measures it", time);
