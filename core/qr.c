#include "core/qr.h"

enum { BLOCKS = 2, DATA = 68, CHECK = 18, CODEWORDS = BLOCKS * (DATA + CHECK) };    /* ISO 18004, table 9: 6-L */
enum { LIGHT = 2, DARK = 3, FORMAT_L_MASK_0 = 0x77c4, MODE_BYTES = 4 };
enum { LAST = QR_MODULES - 1, ALIGNMENT = 34, TIMING = 6 };

/* In GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1. */
static uint8_t multiply(uint8_t a, uint8_t b)
{
    unsigned product = 0;

    for (int bit = 7; bit >= 0; bit--) {
        product = product << 1 ^ (product >> 7) * 0x11d;
        product ^= (b >> bit & 1) * a;
    }
    return (uint8_t)product;
}

/* The product of x - 2^i for i below CHECK, without its first coefficient, the highest first. */
static void make_divisor(uint8_t divisor[CHECK])
{
    uint8_t root = 1;

    for (unsigned i = 0; i < CHECK; i++)
        divisor[i] = i == CHECK - 1;
    for (unsigned i = 0; i < CHECK; i++, root = multiply(root, 2))
        for (unsigned j = 0; j < CHECK; j++)
            divisor[j] = multiply(divisor[j], root) ^ (j + 1 < CHECK ? divisor[j + 1] : 0);
}

static void divide(const uint8_t *data, const uint8_t divisor[CHECK], uint8_t rest[CHECK])
{
    for (unsigned i = 0; i < CHECK; i++)
        rest[i] = 0;
    for (unsigned i = 0; i < DATA; i++) {
        uint8_t factor = data[i] ^ rest[0];

        for (unsigned j = 0; j < CHECK; j++)
            rest[j] = (j + 1 < CHECK ? rest[j + 1] : 0) ^ multiply(divisor[j], factor);
    }
}

/* Mode, count and text are half a byte off the bytes; then four bits of end, and padding. */
static void put_text(uint8_t data[BLOCKS * DATA], const char *text)
{
    unsigned count = 0, used = 0;
    uint8_t before = MODE_BYTES;

    while (count < QR_TEXT_BYTES && text[count])
        count++;
    data[used++] = (uint8_t)(before << 4 | count >> 4);
    before = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        data[used++] = (uint8_t)(before << 4 | (uint8_t)text[i] >> 4);
        before = (uint8_t)text[i];
    }
    data[used++] = (uint8_t)(before << 4);
    for (bool odd = false; used < BLOCKS * DATA; odd = !odd)
        data[used++] = odd ? 0x11 : 0xec;
}

/* Blocks come interleaved, their check words behind. */
static void make_codewords(uint8_t codeword[CODEWORDS], const char *text)
{
    uint8_t data[BLOCKS * DATA], divisor[CHECK], rest[CHECK];

    put_text(data, text);
    make_divisor(divisor);
    for (unsigned block = 0; block < BLOCKS; block++) {
        divide(data + block * DATA, divisor, rest);
        for (unsigned i = 0; i < DATA; i++)
            codeword[i * BLOCKS + block] = data[block * DATA + i];
        for (unsigned i = 0; i < CHECK; i++)
            codeword[BLOCKS * DATA + i * BLOCKS + block] = rest[i];
    }
}

static unsigned distance(unsigned a, unsigned b) { return a > b ? a - b : b - a; }

/* Rings around (x, y), up to radius: the light ones are the second, and the one at radius 4. */
static void put_rings(struct qr *qr, unsigned x, unsigned y, unsigned radius, unsigned light)
{
    for (unsigned row = 0; row < QR_MODULES; row++)
        for (unsigned column = 0; column < QR_MODULES; column++) {
            unsigned across = distance(column, x), down = distance(row, y), ring = across > down ? across : down;

            if (ring <= radius)
                qr->module[row][column] = ring == light || ring == 4 ? LIGHT : DARK;
        }
}

static void put_format(struct qr *qr)
{
    for (unsigned i = 0; i < 15; i++) {
        uint8_t module = FORMAT_L_MASK_0 >> i & 1 ? DARK : LIGHT;
        unsigned place = i < 6 ? i : i < 8 ? i + 1 : 14 - i;      /* column or row 6 is the timing pattern's */

        if (i < 8) {
            qr->module[place][8] = module;
            qr->module[8][LAST - i] = module;
        } else {
            qr->module[8][i == 8 ? 7 : place] = module;
            qr->module[QR_MODULES - 15 + i][8] = module;
        }
    }
    qr->module[QR_MODULES - 8][8] = DARK;
}

static void put_patterns(struct qr *qr)
{
    for (unsigned i = 0; i < QR_MODULES; i++)
        for (unsigned j = 0; j < QR_MODULES; j++)
            qr->module[i][j] = i == TIMING || j == TIMING ? (i + j) % 2 ? LIGHT : DARK : 0;
    put_rings(qr, 3, 3, 4, 2);
    put_rings(qr, LAST - 3, 3, 4, 2);
    put_rings(qr, 3, LAST - 3, 4, 2);
    put_rings(qr, ALIGNMENT, ALIGNMENT, 2, 1);
    put_format(qr);
}

/* In pairs of columns from the right, up and down by turns, around what is fixed. Mask 0 turns every other module round. */
static void put_codewords(struct qr *qr, const uint8_t codeword[CODEWORDS])
{
    unsigned bit = 0;

    for (int right = LAST; right >= 1; right -= right == TIMING + 2 ? 3 : 2)
        for (unsigned i = 0; i < QR_MODULES * 2; i++) {
            unsigned x = (unsigned)right - i % 2, y = (right + 1) & 2 ? i / 2 : LAST - i / 2;
            unsigned dark = bit < CODEWORDS * 8 ? codeword[bit / 8] >> (7 - bit % 8) & 1 : 0;

            if (qr->module[y][x] & LIGHT)
                continue;
            qr->module[y][x] = (uint8_t)(dark ^ ((x + y) % 2 == 0));
            bit++;
        }
}

void qr_make(struct qr *qr, const char *text)
{
    uint8_t codeword[CODEWORDS];

    make_codewords(codeword, text);
    put_patterns(qr);
    put_codewords(qr, codeword);
}
