/* The text console against a second, simple terminal (screen_model.c), pixel by pixel, on displays of many sizes and formats.
 *
 * That it never reads the framebuffer is shown so: two consoles get the same text, in pieces of different sizes. Before each drawing one
 * framebuffer is filled with noise, the other with its complement. A byte that was drawn is the same in both afterwards, a byte that
 * was not is still its noise; and what was drawn, laid over what was drawn before, is the picture. The framebuffers are blocks of
 * exactly the bytes that the display may use, under ASan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/screen.h"
#include "screen_model.h"
#include "tests/host/fault_seen.h"

#include <ingot/error.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static unsigned long pictures, operations;

struct format { const char *name; uint32_t bits, red, green, blue; };

static const struct format formats[] = {
    { "8:8:8 red high", 32, 0xff0000, 0xff00, 0xff },        { "8:8:8 red low", 32, 0xff, 0xff00, 0xff0000 },
    { "10:10:10", 32, 0x3ff00000, 0xffc00, 0x3ff },          { "8:8:8 at the top", 32, 0xff000000, 0xff0000, 0xff00 },
    { "24 bits", 24, 0xff0000, 0xff00, 0xff },               { "5:6:5", 16, 0xf800, 0x07e0, 0x001f },
    { "5:5:5", 16, 0x7c00, 0x03e0, 0x001f },                 { "1:2:1", 16, 0x8, 0x6, 0x1 },
};

/* ---- a stage: two consoles, their noise, and the picture that they draw ---- */

struct stage {
    struct display display[2];
    struct screen *screen[2];
    void *memory[2];
    uint8_t *noise, *picture;
    struct model model;
};

static uint64_t random_state = 0x2545f4914f6cdd1dull;

static uint32_t random_32(void)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

static unsigned below(unsigned limit) { return random_32() % limit; }

static struct display make_display(const struct format *format, unsigned width, unsigned height, unsigned pitch_bytes)
{
    struct display display = { .width = width, .height = height, .bits_per_pixel = format->bits, .pitch_bytes = pitch_bytes,
                               .red_mask = format->red, .green_mask = format->green, .blue_mask = format->blue };

    if (pitch_bytes == 0)
        display.pitch_bytes = width * format->bits / 8;
    display.bytes = (uint64_t)display.pitch_bytes * height;
    display.pixels = malloc(display.bytes);
    return display;
}

static void make_noise(struct stage *stage)
{
    for (uint64_t i = 0; i < stage->display[0].bytes; i++) {
        if (i % 4096 == 0)
            random_32();
        stage->noise[i] = (uint8_t)((random_state >> i % 40) ^ i * 37);
        stage->display[0].pixels[i] = stage->noise[i];
        stage->display[1].pixels[i] = (uint8_t)~stage->noise[i];
    }
}

/* Lays what was drawn over the picture; returns how many bytes that were. */
static uint64_t take_picture(struct stage *stage)
{
    const struct display *display = &stage->display[0];
    uint64_t line_bytes = (uint64_t)display->width * display->bits_per_pixel / 8, drawn = 0;

    for (uint64_t i = 0; i < display->bytes; i++) {
        uint8_t one = display->pixels[i], other = stage->display[1].pixels[i], noise = stage->noise[i];

        if (one == noise && (other ^ noise) == 0xff)
            continue;
        if (one != other || i % display->pitch_bytes >= line_bytes)
            fail_msg("byte %llu came from the framebuffer, or lies behind a line's end", (unsigned long long)i);
        stage->picture[i] = one;
        drawn++;
    }
    return drawn;
}

static uint32_t pixel_at(const struct display *display, const uint8_t *pixels, unsigned x, unsigned y)
{
    unsigned bytes = display->bits_per_pixel / 8;
    uint32_t value = 0;

    memcpy(&value, pixels + (size_t)y * display->pitch_bytes + (size_t)x * bytes, bytes);
    return value;
}

static void compare_picture(const struct stage *stage)
{
    const struct display *display = &stage->display[0];

    for (unsigned y = 0; y < display->height; y++) {
        for (unsigned x = 0; x < display->width; x++) {
            uint32_t ours = pixel_at(display, stage->picture, x, y), wanted = model_pixel(&stage->model, display, x, y);

            if (ours != wanted)
                fail_msg("%ux%u, %u bits: pixel %u,%u is %x, not %x", display->width, display->height, display->bits_per_pixel,
                         x, y, ours, wanted);
        }
    }
    pictures++;
}

static struct stage *open_stage(const struct format *format, unsigned width, unsigned height, unsigned pitch_bytes, bool black)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    for (int i = 0; i < 2; i++) {
        stage->display[i] = make_display(format, width, height, pitch_bytes);
        stage->screen[i] = malloc(sizeof(*stage->screen[i]));
        memset(stage->screen[i], 0x5a, sizeof(*stage->screen[i]));
    }
    stage->noise = malloc(stage->display[0].bytes);
    stage->picture = calloc(1, stage->display[0].bytes);
    make_noise(stage);
    for (int i = 0; i < 2; i++) {
        size_t bytes = screen_bytes(&stage->display[i]);

        stage->memory[i] = malloc(bytes);
        memset(stage->memory[i], 0xa5, bytes);
        assert_int_equal(screen_init(stage->screen[i], &stage->display[i], stage->memory[i], bytes, black), 0);
    }
    if (black)
        assert_int_equal(take_picture(stage), 0);
    else
        assert_int_equal(take_picture(stage), (uint64_t)width * height * format->bits / 8);
    model_open(&stage->model, &stage->display[0]);
    assert_int_equal(stage->screen[0]->rows, stage->model.rows);
    assert_int_equal(stage->screen[0]->columns, stage->model.columns);
    return stage;
}

static void close_stage(struct stage *stage)
{
    for (int i = 0; i < 2; i++) {
        free(stage->display[i].pixels);
        free(stage->screen[i]);
        free(stage->memory[i]);
    }
    free(stage->noise);
    free(stage->picture);
    model_close(&stage->model);
    free(stage);
}

/* The first console takes all at once, the second in pieces. */
static void send(struct stage *stage, const char *text, size_t bytes)
{
    char *exact = malloc(bytes);

    memcpy(exact, text, bytes);
    screen_write(stage->screen[0], exact, bytes);
    for (size_t at = 0, piece; at < bytes; at += piece) {
        piece = 1 + below(bytes - at < 5 ? (unsigned)(bytes - at) : 5);
        screen_write(stage->screen[1], exact + at, piece);
    }
    free(exact);
    operations++;
}

__attribute__((format(printf, 2, 3)))
static void sendf(struct stage *stage, const char *pattern, ...)
{
    char text[512];
    va_list args;

    va_start(args, pattern);
    int bytes = vsnprintf(text, sizeof(text), pattern, args);
    va_end(args);
    send(stage, text, (size_t)bytes);
}

static void flush(struct stage *stage)
{
    uint64_t before = screen_bytes_written(stage->screen[0]), drawn;

    make_noise(stage);
    screen_flush(stage->screen[0]);
    screen_flush(stage->screen[1]);
    drawn = take_picture(stage);
    assert_int_equal(screen_bytes_written(stage->screen[0]) - before, drawn);
    compare_picture(stage);
}

/* ---- operations: text for the consoles, and what it means for the model ---- */

static void write_ascii(struct stage *stage, const char *text)
{
    send(stage, text, strlen(text));
    for (; *text; text++) {
        if (*text < ' ')
            model_control(&stage->model, *text);
        else
            model_put(&stage->model, (uint8_t)*text);
    }
}

static void random_ascii(struct stage *stage)
{
    char text[64];
    unsigned length = 1 + below(sizeof(text) - 2);

    for (unsigned i = 0; i < length; i++)
        text[i] = (char)(below(3) ? ' ' + below(95) : ' ');
    text[length] = 0;
    write_ascii(stage, text);
}

static void random_characters(struct stage *stage)
{
    static const uint32_t list[] = { 0xe9, 0xa0, 0xdf, 0x20ac, 0x2026, 0x2190, 0x2500, 0x256c, 0x2588, 0x2591, 0x100, 0x85, 0x4e2d,
                                     0x1f600, 0xfffd, 0x10ffff, 0x9b };

    for (unsigned count = 1 + below(8); count; count--) {
        uint32_t character = list[below(COUNT(list))];
        char text[UTF8_MAX_BYTES];

        send(stage, text, utf8_encode(character, text));
        model_put(&stage->model, character);
    }
}

/* Each entry is malformed once, and then has an x. */
static void random_rubbish(struct stage *stage)
{
    static const char *const list[] = { "\xffx", "\x80x", "\xe2\x82x", "\xf0\x9f\x98x", "\xc3x", "\xc3\033[1mx\033[22m", "\xe2\x82\xffx" };
    const char *text = list[below(COUNT(list))];
    bool bold = stage->model.bold, dim = stage->model.dim;

    send(stage, text, strlen(text));
    model_put(&stage->model, 0xfffd);
    if (text == list[6])
        model_put(&stage->model, 0xfffd);
    stage->model.bold = text == list[5] || bold;
    model_put(&stage->model, 'x');
    stage->model.bold = text != list[5] && bold;
    stage->model.dim = text != list[5] && dim;
}

static void random_control(struct stage *stage)
{
    write_ascii(stage, (const char *const[]){ "\n", "\r\n", "\r", "\b", "\b\b", "\t", "\n\n\n" }[below(7)]);
}

static void random_move(struct stage *stage)
{
    struct model *model = &stage->model;
    unsigned count = below(4) ? below(6) : below(20000), other = below(40);
    long step = count ? count : 1, row = model->row, column = model->column;

    if (step > 9999)
        step = 9999;
    switch (below(7)) {
    case 0: sendf(stage, "\033[%uA", count); model_move(model, row - step, column); break;
    case 1: sendf(stage, "\033[%uB", count); model_move(model, row + step, column); break;
    case 2: sendf(stage, "\033[%uC", count); model_move(model, row, column + step); break;
    case 3: sendf(stage, "\033[%uD", count); model_move(model, row, column - step); break;
    case 4: sendf(stage, "\033[%uG", count); model_move(model, row, step - 1); break;
    case 5: sendf(stage, "\033[%u;%u%c", count, other, "Hf"[other & 1]); model_move(model, step - 1, other ? other - 1l : 0); break;
    case 6: sendf(stage, "\033[H"); model_move(model, 0, 0); break;
    }
}

static void random_erase(struct stage *stage)
{
    unsigned what = below(5);

    if (below(2)) {
        sendf(stage, what ? "\033[%uK" : "\033[K", what);
        model_erase_line(&stage->model, what);
    } else if (below(3) == 0) {
        sendf(stage, what ? "\033[%uJ" : "\033[J", what);
        model_erase_screen(&stage->model, what);
    }
}

static void random_style(struct stage *stage)
{
    static const unsigned codes[] = { 0, 1, 2, 7, 22, 27, 30, 31, 33, 37, 39, 40, 41, 47, 49, 90, 97, 100, 107, 4, 9, 58 };
    unsigned first = codes[below(COUNT(codes))], second = codes[below(COUNT(codes))], color = below(16);

    switch (below(5)) {
    case 0: sendf(stage, "\033[%u;%um", first, second); model_style(&stage->model, first); model_style(&stage->model, second); break;
    case 1: sendf(stage, "\033[m"); model_style(&stage->model, 0); break;
    case 2: sendf(stage, "\033[38;5;%u;48:5:%um", color, 15 - color); stage->model.ink = color, stage->model.paper = 15 - color; break;
    case 3: sendf(stage, "\033[38;2;1;2;3;48;5;200;%um", first); model_style(&stage->model, first); break;
    case 4: sendf(stage, "\033[%um", first); model_style(&stage->model, first); break;
    }
}

static void save(struct stage *stage)
{
    sendf(stage, below(2) ? "\033[s" : "\0337");
    stage->model.saved_row = stage->model.row, stage->model.saved_column = stage->model.column;
}

static void restore(struct stage *stage)
{
    sendf(stage, below(2) ? "\033[u" : "\0338");
    stage->model.row = stage->model.saved_row, stage->model.column = stage->model.saved_column;
}

static void random_cursor(struct stage *stage)
{
    stage->model.cursor = below(2);
    sendf(stage, "\033[?25%c", stage->model.cursor ? 'h' : 'l');
}

/* A sequence that is cut short by what must not be lost. */
static void random_cut(struct stage *stage)
{
    sendf(stage, "%s", (const char *const[]){ "\033", "\033[", "\033[12;3", "\033 ", "\033[?25", "\033[3$" }[below(6)]);
    if (below(2)) {
        write_ascii(stage, "\n");
    } else {
        send(stage, "\xc3\xa9", 2);
        model_put(&stage->model, 0xe9);
    }
}

/* Nothing of these is seen. */
static void random_silence(struct stage *stage)
{
    static const char *const list[] = { "\033]0;a title\a", "\033]2;t\xc3\xa9l\033\\", "\033(B", "\033[?1049h", "\033[>0c", "\033[5n",
                                        "\033[1;2 q", "\033Pq#0\033\\", "\a", "\v\f\016\017", "\177", "\033[38;5", "\033[12;", "\033 ",
                                        "\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18m", "\033[!p", "\033D", "\033[?1m", "\033[1$J" };
    unsigned which = below(COUNT(list));

    send(stage, list[which], strlen(list[which]));
    if (which >= 11 && which <= 13)
        sendf(stage, "\033[0;0;0Z");
    send(stage, "\0", 1);
}

static void reset(struct stage *stage)
{
    if (below(20))
        return;
    sendf(stage, "\033c");
    model_reset(&stage->model);
}

static void act(struct stage *stage)
{
    static void (*const acts[])(struct stage *) = {
        random_ascii, random_ascii, random_ascii, random_ascii, random_characters, random_rubbish, random_control, random_control,
        random_move, random_erase, random_style, random_style, save, restore, random_cursor, random_cut, random_silence,
        reset,
    };

    acts[below(COUNT(acts))](stage);
}

static void redraw(struct stage *stage)
{
    make_noise(stage);
    screen_redraw_all(stage->screen[0]);
    screen_redraw_all(stage->screen[1]);
    assert_true(take_picture(stage) > 0);
    compare_picture(stage);
}

static void play(struct stage *stage, unsigned flushes, unsigned acts)
{
    for (unsigned i = 0; i < flushes; i++) {
        for (unsigned j = below(acts) + 1; j; j--)
            act(stage);
        if (i % 8 == 7) {
            stage->model.scroll_rows = 1 + below(stage->model.rows);
            screen_set_scroll(stage->screen[0], stage->model.scroll_rows);
            screen_set_scroll(stage->screen[1], stage->model.scroll_rows);
        }
        if (i % 16 == 15)
            redraw(stage);
        flush(stage);
    }
}

/* ---- tests ---- */

static void every_format_shows_what_the_model_shows(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(formats); i++) {
        for (unsigned round = 0; round < 6; round++) {
            unsigned width = 8 + below(240), height = 16 + below(100);
            unsigned spare = round % 2 ? below(70) : 0;    /* lines may begin at any byte */
            struct stage *stage = open_stage(&formats[i], width, height, width * formats[i].bits / 8 + spare, round % 3);

            play(stage, 40, 12);
            close_stage(stage);
        }
    }
    fault_seen("B8.reads", 'R', "");
}

static void usual_sizes_and_pitches_show_what_the_model_shows(void **unused)
{
    static const struct { unsigned width, height, pitch_pixels; } sizes[] = {
        { 640, 480, 640 }, { 800, 600, 832 }, { 1280, 800, 1280 }, { 1366, 768, 1376 }, { 1366, 768, 1366 }, { 1080, 1920, 1088 },
        { 2560, 1440, 2560 }, { 1921, 1201, 1921 },
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const struct format *format = &formats[i % COUNT(formats)];
        struct stage *stage = open_stage(format, sizes[i].width, sizes[i].height, sizes[i].pitch_pixels * format->bits / 8, i % 2);

        play(stage, 3, 150);
        close_stage(stage);
    }
}

static void the_smallest_screens_work_or_say_no(void **unused)
{
    static const struct { unsigned width, height; int result; } sizes[] = {
        { 8, 16, 0 }, { 15, 31, 0 }, { 8, 15, ERR_UNSUPPORTED }, { 7, 16, ERR_UNSUPPORTED }, { 8, 8, ERR_UNSUPPORTED },
        { 1, 1, ERR_UNSUPPORTED }, { 8, 2000, 0 }, { 16384, 16, 0 },
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        if (sizes[i].result == 0) {
            struct stage *stage = open_stage(&formats[0], sizes[i].width, sizes[i].height, 0, false);

            play(stage, 12, 10);
            close_stage(stage);
            continue;
        }
        struct display display = make_display(&formats[0], sizes[i].width, sizes[i].height, 0);
        struct screen screen = { 0 };

        assert_int_equal(screen_bytes(&display), 0);
        assert_int_equal(screen_init(&screen, &display, NULL, 0, false), sizes[i].result);
        screen_write(&screen, "swallowed\n", 10);
        screen_flush(&screen);
        screen_redraw_all(&screen);
        assert_int_equal(screen_bytes_written(&screen), 0);
        free(display.pixels);
    }
}

/* 8K, and the largest that the handoff may name in each direction: no noise here, it would take minutes. */
static void the_largest_screens_are_scaled(void **unused)
{
    static const struct { unsigned width, height, scale; } sizes[] = { { 3840, 2160, 2 }, { 7680, 4320, 4 }, { 16384, 2048, 2 } };

    (void)unused;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct display display = make_display(&formats[i], sizes[i].width, sizes[i].height, 0);
        struct screen *screen = calloc(1, sizeof(*screen));
        struct model model;
        void *memory = malloc(screen_bytes(&display));

        assert_int_equal(screen_init(screen, &display, memory, screen_bytes(&display), false), 0);
        model_open(&model, &display);
        assert_int_equal(screen->pen.scale, sizes[i].scale);
        assert_true(screen->columns >= 100 && screen->columns == model.columns && screen->rows == model.rows);
        for (unsigned row = 0; row < model.rows; row++) {
            for (unsigned column = 0; column < model.columns; column++) {
                screen_write(screen, (const char[]){ (char)('!' + (row + column) % 94) }, 1);
                model_put(&model, '!' + (row + column) % 94);
            }
        }
        screen_flush(screen);
        for (unsigned step = 0; step < 400000; step++) {
            unsigned x = below(display.width), y = below(display.height);

            assert_int_equal(pixel_at(&display, display.pixels, x, y), model_pixel(&model, &display, x, y));
        }
        pictures++;
        model_close(&model);
        free(memory);
        free(screen);
        free(display.pixels);
    }
}

static void impossible_displays_are_refused(void **unused)
{
    struct display good = make_display(&formats[0], 64, 64, 0), bad;
    struct screen screen = { 0 };
    size_t bytes = screen_bytes(&good);
    void *memory = malloc(bytes);

    (void)unused;
    bad = good, bad.pitch_bytes--;
    assert_int_equal(screen_init(&screen, &bad, memory, bytes, false), ERR_BAD_DATA);
    bad = good, bad.bytes--;
    assert_int_equal(screen_init(&screen, &bad, memory, bytes, false), ERR_BAD_DATA);
    bad = good, bad.green_mask = 0;
    assert_int_equal(screen_init(&screen, &bad, memory, bytes, false), ERR_BAD_DATA);
    bad = good, bad.width = 16385, bad.height = 1, bad.pitch_bytes = 65540, bad.bytes = 1 << 20;
    assert_int_equal(screen_init(&screen, &bad, memory, bytes, false), ERR_BAD_DATA);
    bad = good, bad.bits_per_pixel = 8;
    assert_int_equal(screen_init(&screen, &bad, memory, bytes, false), ERR_UNSUPPORTED);
    assert_int_equal(screen_init(&screen, &good, memory, bytes - 1, false), ERR_NO_MEMORY);
    assert_int_equal(screen.rows, 0);
    assert_int_equal(screen_init(&screen, &good, memory, bytes, false), 0);
    assert_int_equal(screen.rows, 4);
    free(memory);
    free(good.pixels);
}

static screen_cell cell_of(struct screen *screen, uint32_t character)
{
    char text[UTF8_MAX_BYTES];

    screen_write(screen, "\033c", 2);
    screen_write(screen, text, utf8_encode(character, text));
    assert_int_equal(screen->cursor.column, 1);
    return screen->wanted[screen->top * screen->columns];
}

/* APL, Greek, CJK, an emoji, a control character beyond ASCII, and the neighbours of what the font has. */
static void characters_that_the_font_lacks_are_replaced(void **unused)
{
    static const uint32_t lacking[] = { 0x2336, 0x3b1, 0x4e2d, 0x1f600, 0x85, 0xad, 0x100, 0x2012, 0x218f, 0x25a0, 0xfffc, 0x10ffff };
    struct stage *stage = open_stage(&formats[0], 64, 64, 0, true);
    screen_cell replacement = cell_of(stage->screen[0], UTF8_REPLACEMENT);

    (void)unused;
    for (size_t i = 0; i < COUNT(lacking); i++)
        assert_int_equal(cell_of(stage->screen[0], lacking[i]), replacement);
    assert_int_not_equal(cell_of(stage->screen[0], '?'), replacement);
    assert_int_not_equal(cell_of(stage->screen[0], 0x259f), replacement);
    close_stage(stage);
}

static void a_stray_string_does_not_hide_the_log(void **unused)
{
    struct stage *stage = open_stage(&formats[0], 640, 480, 0, true);

    (void)unused;
    sendf(stage, "\033]never ended");
    write_ascii(stage, "\nthe next line is seen");
    sendf(stage, "\033P%0*d", ANSI_STRING_MAX - 1, 0);
    sendf(stage, "%0*d", 1, 0);
    write_ascii(stage, "and so is what comes after 256 bytes");
    flush(stage);
    close_stage(stage);
}

/* A memory dump, as random as can be, a flush each line: no more than a tenth of what redrawing the screen each time would write. */
static void scrolling_costs_what_changed(void **unused)
{
    static const unsigned lines_a_flush[] = { 1, 16, 1000 };

    (void)unused;
    for (size_t i = 0; i < COUNT(lines_a_flush); i++) {
        struct display display = make_display(&formats[0], 1920, 1080, 0);
        struct screen *screen = calloc(1, sizeof(*screen));
        void *memory = malloc(screen_bytes(&display));

        screen_init(screen, &display, memory, screen_bytes(&display), true);
        for (unsigned line = 1; line <= 1000; line++) {
            char text[96], ascii[17] = "";
            int bytes = sprintf(text, "%016x ", line * 16);

            for (unsigned j = 0; j < 16; j++) {
                unsigned value = below(256);

                bytes += sprintf(text + bytes, " %02x", value);
                ascii[j] = (char)(value >= 32 && value < 127 ? value : '.');
            }
            bytes += sprintf(text + bytes, "  |%s|\n", ascii);
            screen_write(screen, text, (size_t)bytes);
            if (line % lines_a_flush[i] == 0)
                screen_flush(screen);
        }
        uint64_t everything = display.bytes * 1000, written = screen_bytes_written(screen);

        print_message("screen: 1000 lines of dump at 1920x1080, %u a flush: %llu bytes, %.2f %% of redrawing everything\n",
                      lines_a_flush[i], (unsigned long long)written, 100.0 * (double)written / (double)everything);
        assert_true(written <= everything / 10);
        free(memory);
        free(screen);
        free(display.pixels);
    }
}

static int tell_cases(void **unused)
{
    (void)unused;
    print_message("screen: %lu operations, %lu pictures compared\n", operations, pictures);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_shows_what_the_model_shows),
        cmocka_unit_test(usual_sizes_and_pitches_show_what_the_model_shows),
        cmocka_unit_test(the_smallest_screens_work_or_say_no),
        cmocka_unit_test(the_largest_screens_are_scaled),
        cmocka_unit_test(impossible_displays_are_refused),
        cmocka_unit_test(characters_that_the_font_lacks_are_replaced),
        cmocka_unit_test(a_stray_string_does_not_hide_the_log),
        cmocka_unit_test(scrolling_costs_what_changed),
    };

    return cmocka_run_group_tests_name("screen", tests, NULL, tell_cases);
}
