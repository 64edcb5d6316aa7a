/* The picture: for each phase a panel, in it a row for each CPU (for several, where there are more CPUs than lines), in a row a field for
 * each bin. A field's bar grows with the logarithm of its count; where rows are too low for bars, it glows. */
#include "jitter.h"

#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/mmio.h>

enum {
    WIDTH_MIN = 640, HEIGHT_MIN = 480,   /* pixels */
    ROW_MIN = 2, ROW_MAX = 128,          /* pixels, at scale 1 */
    BAR_MIN = 10,                        /* lower rows glow */
    COUNT_LOG_MAX = 20,                  /* a full bar is 2 to this, or more */
    NUMBER_CHARS = 5, WORST_CHARS = 10, LOST_CHARS = 14,
    LEAST_WIDE = 560,                    /* pixels of a panel at scale 1 that has room for what was lost in all */
    TEXT_BYTES = 128,
};

struct color { uint8_t red, green, blue; };

static const struct color background = { 0x10, 0x13, 0x1a }, field = { 0x1d, 0x22, 0x2c }, bright = { 0xf0, 0xf2, 0xf5 },
                          plain = { 0xb8, 0xc0, 0xcc }, dim = { 0x74, 0x7e, 0x8e }, accent = { 0x4c, 0xa8, 0xff };

/* From gaps that nobody minds to those that everybody does. */
static const struct color heat[] = { { 0x2f, 0xc8, 0x8f }, { 0xa8, 0xd8, 0x3a }, { 0xf8, 0xc8, 0x28 }, { 0xf8, 0x80, 0x28 }, { 0xf0, 0x38, 0x48 } };
enum { HEATS = sizeof(heat) / sizeof(heat[0]) };

/* Where everything is on a display; all in its pixels. */
struct layout {
    const struct display *display;
    uint32_t scale, character, line;     /* of the text: width and height */
    uint32_t margin, panel_width, left[PHASES];
    uint32_t head_y, rows_y, axis_y, worst_y;
    uint32_t rows, row_height, cpus_per_row;
    uint32_t bins_at, bin_width;         /* from a panel's left side */
    bool has_lost;
};

static uint32_t at_least(uint32_t value, uint32_t limit) { return value > limit ? value : limit; }
static uint32_t at_most(uint32_t value, uint32_t limit) { return value < limit ? value : limit; }

static void lay_out_rows(struct layout *lay)
{
    uint32_t room = at_least(lay->axis_y, lay->rows_y + ROW_MIN) - lay->rows_y, rows_max = at_least(room / (ROW_MIN * lay->scale), 1);

    lay->cpus_per_row = (cpu_count() + rows_max - 1) / rows_max;
    lay->rows = (cpu_count() + lay->cpus_per_row - 1) / lay->cpus_per_row;
    lay->row_height = at_most(room / lay->rows, ROW_MAX * lay->scale);
    lay->axis_y = lay->rows_y + lay->rows * lay->row_height + lay->margin / 2;
    lay->worst_y = lay->axis_y + lay->line * 3 / 2;
}

static struct layout lay_out(const struct display *d)
{
    uint32_t scale = at_least(at_most(d->width / 1280, d->height / 800), 1);
    struct layout lay = { .display = d, .scale = scale, .character = DISPLAY_TEXT_WIDTH * scale, .line = DISPLAY_TEXT_HEIGHT * scale };

    lay.margin = lay.line / 2;
    lay.panel_width = (d->width - 3 * lay.margin) / 2;
    lay.left[INTERRUPTS_ON] = lay.margin;
    lay.left[INTERRUPTS_OFF] = 2 * lay.margin + lay.panel_width;
    lay.has_lost = lay.panel_width >= LEAST_WIDE * scale;
    lay.bins_at = NUMBER_CHARS * lay.character;
    lay.bin_width = (lay.panel_width - lay.bins_at - (WORST_CHARS + (lay.has_lost ? LOST_CHARS : 0)) * lay.character) / BINS;
    lay.head_y = lay.margin + lay.line * 5 / 2;
    lay.rows_y = lay.head_y + lay.line * 7 / 2;
    lay.axis_y = at_least(d->height, lay.line * 8) - lay.margin * 2 - lay.line * (WORST_MAX + 4);
    lay_out_rows(&lay);
    return lay;
}

/* ---- pieces ---- */

static uint32_t pixel_of(const struct layout *lay, struct color color)
{
    return display_color(lay->display, color.red, color.green, color.blue);
}

static void fill(const struct layout *lay, uint32_t x, uint32_t y, uint32_t width, uint32_t height, struct color color)
{
    display_fill(lay->display, x, y, width, height, pixel_of(lay, color));
}

/* In a column that is so many characters wide: what was there before is overwritten. A negative number of them: at its right side. */
static void say(const struct layout *lay, uint32_t x, uint32_t y, struct color color, int characters, const char *text)
{
    const struct display_text_look look = { pixel_of(lay, color), pixel_of(lay, background), lay->scale };
    char padded[TEXT_BYTES];

    format(padded, sizeof(padded), "%*s", -characters, text);
    display_text(lay->display, x, y, &look, padded);
}

static struct color mix(struct color from, struct color to, uint32_t part, uint32_t of)
{
    return (struct color){ (uint8_t)((from.red * (of - part) + to.red * part) / of), (uint8_t)((from.green * (of - part) + to.green * part) / of),
                           (uint8_t)((from.blue * (of - part) + to.blue * part) / of) };
}

static struct color bin_color(uint32_t bin)
{
    uint32_t at = bin * (HEATS - 1);

    return at / (BINS - 1) == HEATS - 1 ? heat[HEATS - 1] : mix(heat[at / (BINS - 1)], heat[at / (BINS - 1) + 1], at % (BINS - 1), BINS - 1);
}

static struct color loss_color(uint64_t lost_ns)
{
    uint32_t bin = 0;

    while (bin + 1 < BINS && lost_ns >= bin_from_ns[bin + 1])
        bin++;
    return lost_ns ? bin_color(bin) : dim;
}

/* Of COUNT_LOG_MAX + 1; 0 only for no gap. */
static uint32_t level_of(uint64_t count)
{
    return count ? at_most(64 - (uint32_t)__builtin_clzll(count), COUNT_LOG_MAX) + 1 : 0;
}

/* ---- rows ---- */

static void draw_field(const struct layout *lay, uint32_t x, uint32_t y, uint32_t bin, uint64_t count)
{
    uint32_t gap = at_most(lay->row_height / 6, lay->margin), height = lay->row_height - gap, width = lay->bin_width - lay->scale;
    uint32_t level = level_of(count), bar = (height * level + COUNT_LOG_MAX) / (COUNT_LOG_MAX + 1);

    if (height < BAR_MIN * lay->scale) {
        fill(lay, x, y, width, height, level ? mix(field, bin_color(bin), 6 + level, 6 + COUNT_LOG_MAX + 1) : field);
        return;
    }
    fill(lay, x, y, width, height - bar, field);
    fill(lay, x, y + height - bar, width, bar, bin_color(bin));
}

static const char *lost_text(char text[TEXT_BYTES], const struct tally *tally)
{
    uint32_t hundredths = tally->watched_ns ? (uint32_t)((double)tally->lost_ns * 1e8 / (double)tally->watched_ns) : 0;
    const char *unit = "ppm";

    if (hundredths >= 1000000) {
        hundredths /= 10000;
        unit = "%";
    }
    format(text, TEXT_BYTES, "%u.%02u %s", hundredths / 100, hundredths % 100, unit);
    return text;
}

/* How many rows share a line of text: more than one where rows are lower than that. */
static uint32_t rows_per_text(const struct layout *lay)
{
    uint32_t rows = 1;

    while (rows * lay->row_height < lay->line)
        rows *= 2;
    return rows;
}

static struct tally tally_of_rows(const struct layout *lay, enum phase phase, uint32_t row, uint32_t rows)
{
    struct tally tally = { 0 };

    for (uint32_t cpu = row * lay->cpus_per_row; cpu < at_most((row + rows) * lay->cpus_per_row, cpu_count()); cpu++)
        watch_add(&tally, phase, cpu);
    return tally;
}

static void draw_row(const struct layout *lay, enum phase phase, uint32_t row)
{
    struct tally tally = tally_of_rows(lay, phase, row, 1);
    uint32_t x = lay->left[phase] + lay->bins_at, y = lay->rows_y + row * lay->row_height;

    for (uint32_t bin = 0; bin < BINS; bin++)
        draw_field(lay, x + bin * lay->bin_width, y, bin, tally.bin[bin]);
}

/* The number of the first CPU, what all lost. */
static void draw_row_text(const struct layout *lay, enum phase phase, uint32_t row, uint32_t rows)
{
    struct tally tally = tally_of_rows(lay, phase, row, rows);
    uint32_t x = lay->left[phase], y = lay->rows_y + row * lay->row_height;
    char text[TEXT_BYTES], worst[DURATION_BYTES];

    if (lay->row_height > lay->line)
        y += (lay->row_height - lay->line) / 2;
    format(text, sizeof(text), "%u", row * lay->cpus_per_row);
    say(lay, x, y, plain, -(NUMBER_CHARS - 1), text);
    x += lay->bins_at + BINS * lay->bin_width;
    say(lay, x, y, loss_color(tally.worst[0].lost_ns), -WORST_CHARS, tally.gaps ? duration(worst, tally.worst[0].lost_ns) : tally.loops ? "quiet" : "");
    if (lay->has_lost)
        say(lay, x + WORST_CHARS * lay->character, y, plain, -LOST_CHARS, lost_text(text, &tally));
}

static void draw_rows(const struct layout *lay, enum phase phase)
{
    uint32_t rows = rows_per_text(lay);

    for (uint32_t row = 0; row < lay->rows; row++)
        draw_row(lay, phase, row);
    for (uint32_t row = 0; row < lay->rows; row += rows)
        draw_row_text(lay, phase, row, rows);
}

/* A decade is three bins; where it is narrow, every second one has its name. */
static void draw_axis(const struct layout *lay, enum phase phase)
{
    static const char name[][6] = { "100ns", "1us", "10us", "100us", "1ms", "10ms", "100ms" };
    uint32_t step = 3 * lay->bin_width < 6 * lay->character ? 2 : 1;

    for (uint32_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        uint32_t x = lay->left[phase] + lay->bins_at + 3 * i * lay->bin_width;

        fill(lay, x, lay->axis_y - lay->margin / 2, lay->scale, lay->margin / 2, dim);
        if (i % step == 0)
            say(lay, x, lay->axis_y, dim, 0, name[i]);
    }
}

/* ---- words ---- */

static void draw_column_names(const struct layout *lay, enum phase phase)
{
    uint32_t x = lay->left[phase], y = lay->rows_y - lay->line - lay->margin / 2;

    say(lay, x, y, dim, -(NUMBER_CHARS - 1), "cpu");
    x += lay->bins_at + BINS * lay->bin_width;
    say(lay, x, y, dim, -WORST_CHARS, "worst");
    if (lay->has_lost)
        say(lay, x + WORST_CHARS * lay->character, y, dim, -LOST_CHARS, "lost");
}

static void draw_head(const struct layout *lay, enum phase phase, const struct tally *total)
{
    uint32_t x = lay->left[phase], characters = lay->panel_width / lay->character;
    char text[TEXT_BYTES], ppm[TEXT_BYTES], smi[32] = "";

    format(text, sizeof(text), "interrupts %s", phase_name[phase]);
    say(lay, x, lay->head_y, bright, 0, text);
    if (total->counts_smi)
        format(smi, sizeof(smi), ", %llu SMI", (unsigned long long)total->smi);
    format(text, sizeof(text), "%llu gaps, lost %s%s", (unsigned long long)total->gaps, lost_text(ppm, total), smi);
    say(lay, x, lay->head_y + lay->line, plain, (int)characters, total->loops ? text : "not yet");
}

static void draw_worst(const struct layout *lay, enum phase phase, const struct tally *total)
{
    uint32_t x = lay->left[phase], y = lay->worst_y;
    char text[TEXT_BYTES], lost[DURATION_BYTES];

    for (unsigned i = 0; i < WORST_MAX; i++, y += lay->line) {
        const struct gap *gap = &total->worst[i];

        text[0] = 0;
        if (gap->lost_ns)
            format(text, sizeof(text), "%9s  cpu %-3u  at %u.%06u s", duration(lost, gap->lost_ns), gap->cpu,
                   (unsigned)(gap->at_ns / 1000000000), (unsigned)(gap->at_ns % 1000000000 / 1000));
        say(lay, x, y, loss_color(gap->lost_ns), (int)(lay->panel_width / lay->character), text);
    }
}

/* What the picture means, for who sees it first. */
static void draw_legend(const struct layout *lay)
{
    uint32_t y = lay->display->height - lay->margin - 2 * lay->line;

    say(lay, lay->margin, y, dim, 0, "Gaps by their length: what took a CPU from its loop for 100 ns or more.");
    if (lay->cpus_per_row > 1)
        say(lay, lay->margin, y + lay->line, dim, 0, "Brighter: more of them. A row is several CPUs.");
    else
        say(lay, lay->margin, y + lay->line, dim, 0, "Each step of a bar, or of brightness, is twice as many.");
}

static void draw_title(const struct layout *lay, const struct progress *progress)
{
    uint32_t whole = lay->display->width - 2 * lay->margin, of_ms = 2 * progress->of_ms, y = lay->margin + lay->line * 3 / 2;
    uint32_t done_ms = progress->done_ms + (progress->phase == INTERRUPTS_OFF ? progress->of_ms : 0);
    uint32_t done = (uint32_t)((uint64_t)whole * done_ms / of_ms);
    char text[TEXT_BYTES];

    format(text, sizeof(text), "jitter   %u CPU%s   counter %llu.%u MHz   %s", cpu_count(), cpu_count() > 1 ? "s" : "",
           (unsigned long long)progress->counter_hz / 1000000, (unsigned)(progress->counter_hz % 1000000 / 100000),
           done_ms < of_ms ? "watching" : "done");
    say(lay, lay->margin, lay->margin, bright, (int)(whole / lay->character), text);
    format(text, sizeof(text), "%u of %u s", done_ms / 1000, of_ms / 1000);
    say(lay, lay->margin + whole - 16 * lay->character, lay->margin, plain, -16, text);
    fill(lay, lay->margin, y, done, 3 * lay->scale, accent);
    fill(lay, lay->margin + done, y, whole - done, 3 * lay->scale, field);
}

static void draw_panel(const struct layout *lay, enum phase phase)
{
    struct tally total = watch_total(phase);

    draw_head(lay, phase, &total);
    draw_rows(lay, phase);
    draw_worst(lay, phase, &total);
}

static void draw_frame(const struct display *d)
{
    struct layout lay = lay_out(d);

    fill(&lay, 0, 0, d->width, d->height, background);
    draw_legend(&lay);
    for (enum phase phase = INTERRUPTS_ON; phase < PHASES; phase++) {
        draw_column_names(&lay, phase);
        draw_axis(&lay, phase);
        draw_panel(&lay, phase);
    }
}

static bool has_room(const struct display *d) { return d->width >= WIDTH_MIN && d->height >= HEIGHT_MIN; }

/* ---- public ---- */

void picture_start(void)
{
    const struct display *d;

    display_take();
    for (unsigned i = 0; (d = display(i)); i++) {
        if (has_room(d))
            draw_frame(d);
        else
            log_warn("display %u has %u x %u pixels: the picture needs %u x %u and is left out", i, d->width, d->height, WIDTH_MIN, HEIGHT_MIN);
    }
    write_combining_flush();
}

void picture_draw(const struct progress *progress)
{
    const struct display *d;

    for (unsigned i = 0; (d = display(i)); i++) {
        struct layout lay;

        if (!has_room(d))
            continue;
        lay = lay_out(d);
        draw_title(&lay, progress);
        draw_panel(&lay, progress->phase);
    }
    write_combining_flush();
}
