/* The console's keys from a line that never falls silent: whoever looks gets on with his work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/log.h"

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/serial.h>
#include <ingot/time.h>

enum { READS_MAX = 512 * 1024 };                 /* so many keys are kept, of so many bytes each at most */

static uint64_t now_ns;
static unsigned reads;
static uint8_t flood;

/* Always has a byte. */
int serial_read(void)
{
    if (++reads > READS_MAX)
        fail_msg("byte %#x holds whoever looks for a key", flood);
    return flood;
}

uint64_t time_ns(void) { return now_ns += 1000; }
uint32_t cpu_id(void) { return 0; }
bool serial_listen(void) { return true; }
void cpu_sleep_until_set(uint64_t deadline_ns, const _Atomic bool *wake) { (void)wake, now_ns = deadline_ns; }
void log_text(const char *text, size_t bytes) { (void)text, (void)bytes; }
void log_flush(void) { }
void log_at_prompt(void) { }
void log_left_prompt(void) { }
bool log_took_prompt(void) { return false; }

static void start_nothing(void) { }
INPUT_DRIVER(nothing, start_nothing);

static void a_line_that_never_falls_silent_holds_nobody(void **unused)
{
    (void)unused;
    for (unsigned byte = 0; byte < 256; byte++) {
        flood = (uint8_t)byte;
        reads = 0;
        console_interrupted();
        console_key(now_ns + 1000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_line_that_never_falls_silent_holds_nobody) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
