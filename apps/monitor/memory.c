/* Memory and device registers, by accesses of exact width that a fault ends. */
#include "monitor.h"

#include <ingot/console.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/machine.h>
#include <ingot/probe.h>
#include <ingot/prompt.h>
#include <ingot/string.h>

enum { DUMP_ROW = 16, DUMP_DEFAULT = 256, LOOK_EVERY = 4096 };

static int get(uint64_t address, unsigned bytes, uint64_t *out_value)
{
    const volatile void *at = (const volatile void *)(uintptr_t)address;
    uint8_t byte = 0;
    uint16_t half = 0;
    uint32_t word = 0;
    int error = bytes == 1 ? mmio_probe8(at, &byte) : bytes == 2 ? mmio_probe16(at, &half) : bytes == 4 ? mmio_probe32(at, &word)
                                                                                              : mmio_probe64(at, out_value);

    if (bytes < 8)
        *out_value = byte | half | word;
    return error;
}

static int put(uint64_t address, unsigned bytes, uint64_t value)
{
    volatile void *at = (volatile void *)(uintptr_t)address;

    return bytes == 1 ? mmio_try_write8(at, (uint8_t)value) : bytes == 2 ? mmio_try_write16(at, (uint16_t)value)
         : bytes == 4 ? mmio_try_write32(at, (uint32_t)value) : mmio_try_write64(at, value);
}

static int fault_at(uint64_t address)
{
    facts("fault_at %#llx", ULL(address));
    return ERR_FAULT;
}

static int peek(int argc, char **argv)
{
    uint64_t address, count = 1, value;
    unsigned bytes = 4;

    if (argc < 2 || argc > 4 || (argc > 2 && read_width(argv[2], 8, &bytes)) || read_multiple(argv[1], bytes, &address) ||
        (argc > 3 && expression_value(argv[3], &count)))
        return PROMPT_USAGE;
    for (; count-- && !console_interrupted(); address += bytes) {
        if (get(address, bytes, &value))
            return fault_at(address);
        facts("address %#llx value %#llx", ULL(address), ULL(value));
    }
    return 0;
}
COMMAND(peek, "ADDRESS [WIDTH [COUNT]]: reads WIDTH (4) bytes at a time; the address is a multiple of it", peek, expression_name);

static int poke(int argc, char **argv)
{
    uint64_t address, value;
    unsigned bytes = 4;

    if (argc < 3 || argc > 4 || (argc > 3 && read_width(argv[3], 8, &bytes)) || read_multiple(argv[1], bytes, &address) ||
        read_number(argv[2], UINT64_MAX >> (64 - bytes * 8), &value))
        return PROMPT_USAGE;
    if (machine_secure_boot())
        return ERR_DENIED;
    return put(address, bytes, value) ? fault_at(address) : 0;
}
COMMAND(poke, "ADDRESS VALUE [WIDTH]: writes WIDTH (4) bytes at once; the address is a multiple of it", poke, expression_name);

static void dump_row(uint64_t address, uint64_t bytes)
{
    char hex[DUMP_ROW * 3 + 1], text[DUMP_ROW + 1];

    memset(hex, ' ', sizeof(hex));
    for (uint64_t i = 0; i < DUMP_ROW; i++) {
        uint64_t value = 0;
        bool seen = i < bytes && get(address + i, 1, &value) == 0;

        text[i] = seen && value >= ' ' && value < 127 ? (char)value : i < bytes ? '.' : 0;
        if (i < bytes) {
            hex[i * 3] = seen ? "0123456789abcdef"[value >> 4] : '?';
            hex[i * 3 + 1] = seen ? "0123456789abcdef"[value & 15] : '?';
        }
    }
    hex[sizeof(hex) - 2] = text[DUMP_ROW] = 0;
    facts("address %#018llx bytes %s text %s", ULL(address), hex, text);
}

static int dump(int argc, char **argv)
{
    uint64_t address, bytes = DUMP_DEFAULT;

    if (argc < 2 || argc > 3 || expression_value(argv[1], &address) || (argc > 2 && expression_value(argv[2], &bytes)))
        return PROMPT_USAGE;
    for (uint64_t done = 0; done < bytes && !console_interrupted(); done += DUMP_ROW)
        dump_row(address + done, bytes - done < DUMP_ROW ? bytes - done : DUMP_ROW);
    return 0;
}
COMMAND(dump, "ADDRESS [BYTES]: shows memory as bytes and text; ?? is what faults", dump, expression_name);

static int fill(int argc, char **argv)
{
    uint64_t address, bytes, value;

    if (argc != 4 || expression_value(argv[1], &address) || expression_value(argv[2], &bytes) || read_number(argv[3], 0xff, &value))
        return PROMPT_USAGE;
    if (machine_secure_boot())
        return ERR_DENIED;
    for (uint64_t i = 0; i < bytes; i++) {
        if (i % LOOK_EVERY == 0 && console_interrupted())
            return 0;
        if (put(address + i, 1, value))
            return fault_at(address + i);
    }
    return 0;
}
COMMAND(fill, "ADDRESS BYTES VALUE: writes a byte so often", fill, expression_name);

enum { PATTERN_MAX = 64, FOUND_MAX = 16 };

/* Text, or bytes in hexadecimal behind 0x. Returns how many; 0: neither. */
static unsigned read_pattern(const char *word, uint8_t pattern[PATTERN_MAX])
{
    size_t length = strlen(word);
    uint64_t byte;
    char digits[] = "0x00";

    if (strncmp(word, "0x", 2)) {
        memcpy(pattern, word, length < PATTERN_MAX ? length : PATTERN_MAX);
        return (unsigned)(length < PATTERN_MAX ? length : PATTERN_MAX);
    }
    if (length % 2 || length == 2 || length / 2 - 1 > PATTERN_MAX)
        return prompt_complain("%s: two digits for each of 1 to %d bytes", word, PATTERN_MAX), 0;
    for (size_t i = 1; i < length / 2; i++) {
        digits[2] = word[i * 2];
        digits[3] = word[i * 2 + 1];
        if (expression_value(digits, &byte))
            return 0;
        pattern[i - 1] = (uint8_t)byte;
    }
    return (unsigned)length / 2 - 1;
}

static bool is_at(uint64_t address, const uint8_t *pattern, unsigned bytes)
{
    uint64_t value;

    for (unsigned i = 0; i < bytes; i++)
        if (get(address + i, 1, &value) || value != pattern[i])
            return false;
    return true;
}

static int search(int argc, char **argv)
{
    uint8_t pattern[PATTERN_MAX];
    uint64_t address, bytes;
    unsigned length, found = 0;

    if (argc != 4 || expression_value(argv[1], &address) || expression_value(argv[2], &bytes) || !(length = read_pattern(argv[3], pattern)))
        return PROMPT_USAGE;
    for (uint64_t i = 0; i + length <= bytes && found < FOUND_MAX; i++) {
        if (i % LOOK_EVERY == 0 && console_interrupted())
            break;
        if (is_at(address + i, pattern, length)) {
            facts("found_at %#llx", ULL(address + i));
            found++;
        }
    }
    return found ? 0 : ERR_NOT_FOUND;
}
COMMAND(search, "ADDRESS BYTES TEXT|0xBYTES: the first 16 places that hold the text, or the bytes", search, expression_name);
