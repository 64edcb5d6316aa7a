/* How long an instruction is. Source: Intel SDM vol. 2A, "Instruction Format", and vol. 2D, "Opcode Map". */
#include "core/arch.h"

/* What follows an opcode. m: a ModRM byte. b w z q o: 1, 2, 4 (with prefix 66: 2), 4 or 8 by REX.W, 8 bytes. e: ENTER's 3.
 * M Z: ModRM, then 1 or 4 bytes. t T: the same for the TEST of groups 3, only ModRM for the others of the group. */
static const char one_byte[256 + 1] =
    "mmmmbz..mmmmbz.." "mmmmbz..mmmmbz.." "mmmmbz..mmmmbz.." "mmmmbz..mmmmbz.."
    "................" "................" "...m....zZbM...." "bbbbbbbbbbbbbbbb"
    "MZ.Mmmmmmmmmmmmm" "................" "oooo....bz......" "bbbbbbbbqqqqqqqq"
    "MMw...MZe.w..b.." "mmmm....mmmmmmmm" "bbbbbbbbzz.b...." "......tT......mm";
static const char two_bytes[256 + 1] =         /* behind 0F */
    "mmmm.........m.M" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "........m.M....."
    "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "MMMMmmm.mmmmmmmm"
    "zzzzzzzzzzzzzzzz" "mmmmmmmmmmmmmmmm" "...mMm.....mMmmm" "mmmmmmmmmmMmmmmm"
    "mmMmMMMm........" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmmm" "mmmmmmmmmmmmmmm.";

static bool is_prefix(uint8_t byte)
{
    return byte == 0xf2 || byte == 0xf3 || byte == 0xf0 || (byte & 0xe7) == 0x26 || (byte & 0xfc) == 0x64;
}

/* The ModRM byte at `at`, the SIB byte and the displacement behind it. */
static unsigned operand_bytes(const uint8_t *at)
{
    unsigned mod = at[0] >> 6, rm = at[0] & 7, sib = mod != 3 && rm == 4;

    if (mod == 0 && (rm == 5 || (sib && (at[1] & 7) == 5)))
        return 1 + sib + 4;
    return 1 + sib + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

static unsigned immediate_bytes(char follows, bool is_16_bit, bool is_64_bit)
{
    switch (follows) {
    case 'b': case 'M': return 1;
    case 'w':           return 2;
    case 'e':           return 3;
    case 'z': case 'Z': return is_16_bit ? 2 : 4;
    case 'q':           return is_64_bit ? 8 : is_16_bit ? 2 : 4;
    case 'o':           return 8;
    }
    return 0;
}

unsigned arch_instruction(const uint8_t *start, uint32_t *out_kind)
{
    const uint8_t *at = start;
    bool is_16_bit = false, is_64_bit = false;
    unsigned map = 0, vector = 0;              /* map: 1: behind 0F, 2: 0F 38, 3: 0F 3A */
    char follows;

    for (; is_prefix(*at) && at < start + 14; at++)
        is_16_bit |= *at == 0x66;
    if ((*at & 0xf0) == 0x40)                  /* REX */
        is_64_bit = *at++ & 8;
    if (*at == 0xc5 || *at == 0xc4 || *at == 0x62) {       /* VEX of two and three bytes, EVEX */
        map = *at == 0xc5 ? 1 : at[1] & 3;
        vector = 4;
        at += *at == 0xc5 ? 2 : *at == 0xc4 ? 3 : 4;
    } else if (*at == 0x0f) {
        map = at[1] == 0x38 ? 2 : at[1] == 0x3a ? 3 : 1;
        at += map == 1 ? 1 : 2;
    }
    follows = map == 0 ? one_byte[*at] : map == 1 ? two_bytes[*at] : map == 2 ? 'm' : 'M';
    *out_kind = (map | vector) << 8 | *at++;
    if (follows == 't' || follows == 'T')
        follows = *at & 0x30 ? 'm' : follows == 't' ? 'M' : 'Z';
    if (follows == 'm' || follows == 'M' || follows == 'Z') {
        *out_kind |= (uint32_t)*at << 16;
        at += operand_bytes(at);
    }
    return (unsigned)(at - start) + immediate_bytes(follows, is_16_bit, is_64_bit);
}
