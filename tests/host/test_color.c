/* Colours in the pixel formats that firmware has: display_color() against rounding down, channel by channel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/pages.h>
#include <ingot/time.h>

#include "core/display.h"
#include "core/log.h"
#include "core/screen.h"

#include "tests/host/model_log.h"
#include "tests/host/model_run.h"

static void *memory;                             /* what pages_alloc() gives */

void log_drain(void) { }
void cpu_relax(void) { }
void delay_us(uint32_t us) { (void)us; }

void *pages_alloc(size_t count, size_t alignment, uint64_t limit)
{
    (void)alignment, (void)limit;
    assert_true(count > 0);
    return memory;
}

static const struct display formats[] = {
    { .bits_per_pixel = 32, .red_mask = 0xff0000, .green_mask = 0xff00, .blue_mask = 0xff },
    { .bits_per_pixel = 32, .red_mask = 0xff, .green_mask = 0xff00, .blue_mask = 0xff0000 },
    { .bits_per_pixel = 32, .red_mask = 0xff000000, .green_mask = 0xff0000, .blue_mask = 0xff00 },
    { .bits_per_pixel = 32, .red_mask = 0x3ff00000, .green_mask = 0xffc00, .blue_mask = 0x3ff },     /* 10:10:10 */
    { .bits_per_pixel = 24, .red_mask = 0xff0000, .green_mask = 0xff00, .blue_mask = 0xff },
    { .bits_per_pixel = 16, .red_mask = 0xf800, .green_mask = 0x7e0, .blue_mask = 0x1f },
    { .bits_per_pixel = 16, .red_mask = 0x7c00, .green_mask = 0x3e0, .blue_mask = 0x1f },
    { .bits_per_pixel = 32, .red_mask = 0x80000000, .green_mask = 0x7ffffffe, .blue_mask = 1 },      /* 1:30:1 */
    { .bits_per_pixel = 32, .red_mask = 0xffff0000, .green_mask = 0xfff0, .blue_mask = 0xf },
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

static uint64_t width_of(uint32_t mask) { return (uint64_t)__builtin_popcount(mask); }

/* The channel's value within its own width. */
static uint64_t part(uint32_t color, uint32_t mask) { return (color & mask) >> __builtin_ctz(mask); }

static void check_channel(uint32_t color, uint32_t mask, uint8_t value)
{
    uint64_t most = (1ull << width_of(mask)) - 1, got = part(color, mask);

    if (width_of(mask) <= 8)
        assert_int_equal(got, value >> (8 - width_of(mask)));
    else
        assert_true(got + 1 >= most * value / 255 && got <= most * value / 255 + 1);             /* repeats its bits below */
    if (value == 0)
        assert_int_equal(got, 0);
    if (value == 255)
        assert_int_equal(got, most);
}

static void every_value_of_every_channel_in_every_format(void **state)
{
    (void)state;
    for (unsigned f = 0; f < FORMATS; f++)
        for (unsigned value = 0; value < 256; value++) {
            const struct display *d = &formats[f];
            uint8_t v = (uint8_t)value;

            check_channel(display_color(d, v, 0, 0), d->red_mask, v);
            check_channel(display_color(d, 0, v, 0), d->green_mask, v);
            check_channel(display_color(d, 0, 0, v), d->blue_mask, v);
            assert_int_equal(display_color(d, v, 0, 0) & ~d->red_mask, 0);
            assert_int_equal(display_color(d, 0, v, 0) & ~d->green_mask, 0);
            assert_int_equal(display_color(d, 0, 0, v) & ~d->blue_mask, 0);
            assert_int_equal(display_color(d, v, v, v),
                             display_color(d, v, 0, 0) | display_color(d, 0, v, 0) | display_color(d, 0, 0, v));
        }
}

static void brighter_stays_brighter(void **state)
{
    (void)state;
    for (unsigned f = 0; f < FORMATS; f++)
        for (unsigned value = 1; value < 256; value++)
            assert_true(part(display_color(&formats[f], 0, (uint8_t)value, 0), formats[f].green_mask) >=
                        part(display_color(&formats[f], 0, (uint8_t)(value - 1), 0), formats[f].green_mask));
}

static void well_known_colours(void **state)
{
    (void)state;
    assert_int_equal(display_color(&formats[0], 0x12, 0x34, 0x56), 0x123456);
    assert_int_equal(display_color(&formats[1], 0x12, 0x34, 0x56), 0x563412);
    assert_int_equal(display_color(&formats[2], 0x12, 0x34, 0x56), 0x12345600);
    assert_int_equal(display_color(&formats[3], 0xff, 0x80, 0), 0x3ff00000 | 0x202u << 10);
    assert_int_equal(display_color(&formats[5], 0xff, 0xff, 0xff), 0xffff);
    assert_int_equal(display_color(&formats[5], 0x80, 0x80, 0x80), 0x8410);
    assert_int_equal(display_color(&formats[6], 0x80, 0x80, 0x80), 0x4210);
}

static void displays_come_with_the_primary_one_first(void **state)
{
    static const struct handoff_framebuffer second = { .base = 0x1000, .width = 2 }, primary = { .base = 0x2000, .width = 1,
                                                                                                .flags = HANDOFF_DISPLAY_PRIMARY };
    struct handoff_view view = { .framebuffers = 3, .framebuffer = { &second, &primary, &second } };

    (void)state;
    assert_null(display(0));
    display_start(&view);
    assert_int_equal(display_count(), 3);
    assert_int_equal(display(0)->width, 1);
    assert_int_equal(display(2)->width, 2);
    assert_null(display(3));
}

static const struct handoff_framebuffer tiny = {
    .base = 0x1000, .bytes = 4, .width = 1, .height = 1, .pitch_bytes = 4, .bits_per_pixel = 32,
    .red_mask = 0xff0000, .green_mask = 0xff00, .blue_mask = 0xff };
static const struct handoff_framebuffer odd = {
    .base = 0x1000, .bytes = 100, .width = 640, .height = 480, .pitch_bytes = 2560, .bits_per_pixel = 32,
    .red_mask = 0xff0000, .green_mask = 0xff00, .blue_mask = 0xff };

static const struct console {
    const struct handoff_framebuffer *fb;
    bool has_memory;
    const char *line;
} consoles[] = {
    { NULL, true, "info display: no framebuffer: the log goes to serial ports only" },
    { &tiny, true, "warn display: no console on 1 x 1 pixels (no text fits): the screen stays as it is" },
    { &odd, false, "warn display: no console on 640 x 480 pixels (out of memory): the screen stays as it is" },
    { &odd, true, "warn display: no console on 640 x 480 pixels (bad data): the screen stays as it is" },
};

static void open_console(const void *argument)
{
    const struct console *c = argument;
    struct handoff_view view = { .framebuffers = c->fb != NULL, .framebuffer = { c->fb } };

    memory = c->has_memory ? malloc(1 << 20) : NULL;
    display_start(&view);
    display_open_console();
    display_log_line("", "", 0, "nobody sees this", 16);
    display_show();
}

static void a_console_that_cannot_be_is_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        log_forget();
        assert_int_equal(model_run(open_console, &consoles[i]), 0);
        if (log_told(consoles[i].line) != 1)
            log_print();
        assert_int_equal(log_told(consoles[i].line), 1);
        assert_int_equal(model_log->lines, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_every_channel_in_every_format),
        cmocka_unit_test(brighter_stays_brighter),
        cmocka_unit_test(well_known_colours),
        cmocka_unit_test(a_console_that_cannot_be_is_told),
        cmocka_unit_test(displays_come_with_the_primary_one_first),
    };

    model_log = model_shared(sizeof(*model_log));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
