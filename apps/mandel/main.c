/* The Mandelbrot set, drawn by one CPU, by two, four and so on up to all, each time with a table of how much faster it went; then, on a
 * display, a journey into it with all CPUs. q or Escape, on a serial port or a keyboard, ends it. On the right edge of the picture
 * each line has the colour of the CPU that drew it.
 *
 *     make run APP=apps/mandel SMP=4 DISPLAY=std ARGS="200 once"      200 iterations instead of 500, and no journey
 *
 * Lines of the table in the log, for programs:   mandel-row CPUS NS SPEED-UP ITERATIONS   (speed-up in hundredths) */
#include "mandel.h"

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/string.h>
#include <ingot/time.h>

enum {
    ITERATIONS = 500, ITERATIONS_MAX = 1000000,
    PIECE_PIXELS = 256,
    TABLE_MAX = 12,                      /* 1, 2, 4 ... 1024 and all */
    TURN = SHADES / 8,                   /* of the colours from pass to pass, so that it is seen who is drawing */
    STATUS_NS = 100000000, LOG_NS = 1000000000, TRAVEL_LOG_S = 10,
    TEXT_BYTES = 128,
};

static const struct view whole = { -0.65, 0, 2.5, 0 };
static const double target_x = -0.743643887037151, target_y = 0.131825904205330, smallest_height = 1e-12;
static const double zoom_per_s = 0.35;   /* what the height loses in a second */

static struct canvas canvas;

/* A picture that is being drawn. */
static struct {
    struct view view;
    const char *what;                    /* it is, for people */
    uint32_t turn;
    _Atomic uint32_t lines;              /* that are done */
    _Atomic uint64_t iterations;
    uint64_t status_ns, log_ns;          /* when it was last told; CPU 0's */
    uint64_t log_every_ns;
} picture;
static _Atomic bool left;                /* somebody wants to leave */

/* ---- while it is drawn, CPU 0 looks after people ---- */

static void look_at_keys(void)
{
    for (int key; (key = console_key(0)) >= 0;)
        if (key == 'q' || key == 'Q' || key == KEY_ESCAPE || key == KEY_CTRL_C)
            left = true;
}

static void look_after(void)
{
    uint64_t now_ns = time_ns();
    uint32_t percent = picture.lines * 100 / canvas.height;
    char status[TEXT_BYTES];

    if (now_ns - picture.status_ns < STATUS_NS)
        return;
    picture.status_ns = now_ns;
    look_at_keys();
    format(status, sizeof(status), "mandel   %s   q leaves", picture.what);
    canvas_status(&canvas, status, percent);
    if (now_ns - picture.log_ns >= picture.log_every_ns) {
        picture.log_ns = now_ns;
        log_info("%s: %u %%", picture.what, percent);
    }
}

/* ---- drawing ---- */

static void draw_line(uint32_t y)
{
    uint16_t shades[PIECE_PIXELS];
    uint64_t iterations = 0;

    for (uint32_t x = 0; x < canvas.width && !left; x += PIECE_PIXELS) {
        uint32_t count = canvas.width - x < PIECE_PIXELS ? canvas.width - x : PIECE_PIXELS;

        iterations += set_shades(&picture.view, canvas.width, canvas.height, x, y, shades, count);
        canvas_put(&canvas, x, y, shades, count, picture.turn);
        if (cpu_id() == 0)
            look_after();
    }
    canvas_sign(&canvas, y);
    picture.iterations += iterations;
    picture.lines++;
}

static void draw_lines(uint64_t first, uint64_t past, void *nothing)
{
    (void)nothing;
    for (; first < past && !left; first++)
        draw_line((uint32_t)first);
}

/* One line a piece, as some take a hundred times longer than others. Returns how long it took. */
static uint64_t draw(const struct view *view, const char *what)
{
    uint64_t start_ns = time_ns();

    picture.view = *view;
    picture.what = what;
    picture.lines = 0;
    picture.iterations = 0;
    cpu_for(canvas.height, 1, draw_lines, NULL);
    return time_ns() - start_ns;
}

/* ---- how much faster it goes ---- */

/* CPUs from this number on do without work, until they are wanted again. What is so already answers with an error, as it should. */
static void use_cpus(uint32_t count)
{
    for (uint32_t cpu = 1; cpu < cpu_count(); cpu++) {
        if (cpu < count)
            cpu_wake(cpu);
        else
            cpu_stop(cpu);
    }
}

/* 1, 2, 4 ... and all. */
static uint32_t plan_passes(struct table_line table[TABLE_MAX])
{
    uint32_t lines = 0;

    for (uint32_t cpus = 1; cpus < cpu_count() && lines < TABLE_MAX - 1; cpus *= 2)
        table[lines++].cpus = cpus;
    table[lines++].cpus = cpu_count();
    return lines;
}

static void run_pass(struct table_line *table, uint32_t line, uint32_t lines, const struct view *view)
{
    struct table_line *now = &table[line];
    char what[TEXT_BYTES];

    format(what, sizeof(what), "%u of %u CPUs, %u iterations", now->cpus, cpu_count(), view->iterations);
    picture.turn = (lines - 1 - line) * TURN;
    use_cpus(now->cpus);
    now->ns = draw(view, what);
    now->iterations = picture.iterations;
    now->percent = now->ns ? table[0].ns * 100 / now->ns : 100;
    if (left)
        return;
    canvas_table(&canvas, table, line + 1);
    log_raw("mandel-row %4u %12llu %6llu %llu", now->cpus, (unsigned long long)now->ns, (unsigned long long)now->percent,
            (unsigned long long)now->iterations);
}

static void tell_result(const struct table_line *last)
{
    char text[TEXT_BYTES];

    format(text, sizeof(text), "mandel   %u CPU%s: %llu.%02u times as fast as one, %llu million iterations a second", last->cpus,
           last->cpus > 1 ? "s" : "", (unsigned long long)last->percent / 100, (unsigned)(last->percent % 100),
           (unsigned long long)(last->ns ? last->iterations * 1000 / last->ns : 0));
    canvas_status(&canvas, text, 100);
    log_info("%s", text);
}

/* ---- the journey ---- */

static struct view view_at(double height, uint32_t iterations)
{
    double part = height / whole.height, depth = 1;

    for (double h = height; h < whole.height; h *= 2)
        depth += 0.1;                    /* deeper down it takes more iterations to see anything */
    return (struct view){ target_x + (whole.x - target_x) * part, target_y + (whole.y - target_y) * part, height,
                          (uint32_t)(iterations * depth) };
}

static void travel(uint32_t iterations)
{
    char what[TEXT_BYTES] = "all CPUs travel";
    double height = whole.height;

    picture.turn = 0;
    picture.log_every_ns = TRAVEL_LOG_S * 1000000000ull;
    while (!left) {
        struct view view = view_at(height, iterations);
        uint64_t ns = draw(&view, what), tenths = ns ? 10000000000 / ns : 0;

        format(what, sizeof(what), "%llu times enlarged, %u iterations, %llu.%u pictures a second",
               (unsigned long long)(whole.height / height), view.iterations, (unsigned long long)tenths / 10, (unsigned)(tenths % 10));
        height *= 1 - zoom_per_s * (ns < 500000000 ? (double)ns * 1e-9 : 0.5);
        if (height < smallest_height)
            height = whole.height;
    }
}

/* ---- main ---- */

static uint32_t iterations_wanted(int argc, char **argv)
{
    unsigned long long iterations;

    for (int i = 1; i < argc; i++) {
        if (parse_number(argv[i], &iterations) == 0 && iterations > 0 && iterations <= ITERATIONS_MAX)
            return (uint32_t)iterations;
        if (strcmp(argv[i], "once"))
            log_warn("%s is neither once nor a number of iterations from 1 to %u: it is left out", argv[i], ITERATIONS_MAX);
    }
    return ITERATIONS;
}

static bool has_word(int argc, char **argv, const char *word)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], word))
            return true;
    return false;
}

int main(int argc, char **argv)
{
    static struct table_line table[TABLE_MAX];
    uint32_t lines = plan_passes(table);
    struct view view = whole;

    view.iterations = iterations_wanted(argc, argv);
    picture.log_every_ns = LOG_NS;
    if (!canvas_start(&canvas, lines))
        return 1;
    canvas_table(&canvas, table, 0);
    log_raw("mandel     cpus           ns  speed iterations");
    for (uint32_t line = 0; line < lines && !left; line++)
        run_pass(table, line, lines, &view);
    use_cpus(cpu_count());
    if (!left)
        tell_result(&table[lines - 1]);
    if (canvas.display && !has_word(argc, argv, "once"))
        travel(view.iterations);
    if (left) {
        display_release();
        log_info("left by a key");
    }
    return 0;
}
