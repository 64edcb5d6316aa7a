#include "mandel.h"

enum { ESCAPED = 256, ESCAPED_LOG2 = 8 };        /* squares of distances; far out, so that shades have no steps */
enum { SHADES_PER_OCTAVE = 340 };

/* The logarithm by straight lines between powers of two: it has no steps, which is what counts here. For numbers from 2^-1022 on. */
static double log2_straight(double value)
{
    union { double value; uint64_t bits; } number = { value };

    return (double)number.bits * 0x1p-52 - 1023;
}

/* How many iterations until (x, y) escapes, up to most; *out_square: its distance then, squared. */
static uint32_t iterate(double x, double y, uint32_t most, double *out_square)
{
    double re = 0, im = 0, re2 = 0, im2 = 0;
    uint32_t n = 0;

    for (; n < most && re2 + im2 <= ESCAPED; n++) {
        im = 2 * re * im + y;
        re = re2 - im2 + x;
        re2 = re * re;
        im2 = im * im;
    }
    *out_square = re2 + im2;
    return n;
}

/* The square goes from 2^8 to 2^16 and some while n goes by one: what it is beyond 2^8 is the part of an iteration. */
static uint16_t shade_of(uint32_t n, double square)
{
    double smooth = n + 1 - log2_straight(log2_straight(square) / ESCAPED_LOG2);

    return (uint16_t)((uint64_t)(log2_straight(smooth + 1) * SHADES_PER_OCTAVE) % SHADES);
}

uint64_t set_shades(const struct view *view, uint32_t width, uint32_t height, uint32_t x, uint32_t y, uint16_t *out_shades, uint32_t count)
{
    double step = view->height / height, im = view->y + (y - height * 0.5) * step;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        double square;
        uint32_t n = iterate(view->x + (x + i - width * 0.5) * step, im, view->iterations, &square);

        out_shades[i] = square > ESCAPED ? shade_of(n, square) : SHADES;
        sum += n;
    }
    return sum;
}

struct color set_color(uint32_t shade)
{
    static const struct color key[] = {
        { 0x08, 0x10, 0x38 }, { 0x18, 0x48, 0x98 }, { 0x48, 0xb0, 0xd8 }, { 0xf4, 0xf6, 0xe8 },
        { 0xf8, 0xc0, 0x40 }, { 0xc8, 0x50, 0x28 }, { 0x48, 0x14, 0x38 }, { 0x08, 0x10, 0x38 },
    };
    enum { PARTS = sizeof(key) / sizeof(key[0]) - 1 };
    uint32_t at = shade * PARTS, part = at % SHADES;
    struct color from, to;

    if (shade >= SHADES)
        return (struct color){ 0x04, 0x06, 0x10 };
    from = key[at / SHADES];
    to = key[at / SHADES + 1];
    return (struct color){ (uint8_t)((from.red * (SHADES - part) + to.red * part) / SHADES),
                           (uint8_t)((from.green * (SHADES - part) + to.green * part) / SHADES),
                           (uint8_t)((from.blue * (SHADES - part) + to.blue * part) / SHADES) };
}
