/* Reads \_S5 from a table of AML, without running any.
 *
 * AML is a stream of tokens in prefix order: an opcode, the bytes that belong to it alone (a name, a constant), then its operands,
 * which are tokens again. So a table can be walked without knowing how many operands an opcode or a method has: each token's own
 * bytes tell where the next one starts. What holds code or data that cannot name \_S5 (methods, devices, fields, buffers, packages)
 * carries its length and is stepped over; Scope, If, Else and While are walked into. An opcode that does not exist ends the walk
 * of its block: what follows the block is found all the same.
 *   No condition is evaluated: the first \_S5 wins, also inside an If. A \_S5 named from inside a device is not found.
 *
 * Source: ACPI 6.5, chapter 20 "ACPI Machine Language (AML) Specification"; "\_Sx (System States)" (7.4.2). */
#define LOG_SUBSYSTEM acpi
#include "core/acpi.h"

#include <ingot/byteorder.h>
#include <ingot/error.h>
#include <ingot/log.h>

enum {
    NESTING_MAX = 10,                    /* of blocks; real tables stay under 5 */
    SLEEP_TYPE_MAX = 7,                  /* SLP_TYP has 3 bits */
    EXTENDED = 0x100,                    /* opcodes 5B xx are 0x1xx here */
    OP_EXTENSION = 0x5b, OP_ZERO = 0x00, OP_ONE = 0x01, OP_BYTE = 0x0a, OP_WORD = 0x0b, OP_DWORD = 0x0c, OP_QWORD = 0x0e,
    OP_NAME = 0x08, OP_SCOPE = 0x10, OP_PACKAGE = 0x12, OP_ONES = 0xff,
    ROOT_CHAR = 0x5c, PARENT_CHAR = 0x5e, DUAL_PREFIX = 0x2e, MULTI_PREFIX = 0x2f,
};

enum form {
    PLAIN,                               /* the opcode alone */
    NAMED,                               /* the opcode, a name */
    NAME,                                /* the opcode is a name's first byte */
    TEXT,                                /* the opcode, bytes up to a 0 */
    BLOCK,                               /* the opcode, a length, tokens to walk into */
    SKIPPED,                             /* the opcode, a length, all that is stepped over */
    UNKNOWN,
};

/* Opcodes first to last have this form, and after it so many bytes of their own. ACPI 6.5, "AML Byte Values" (20.3). */
static const struct opcodes {
    uint16_t first, last;
    uint8_t form, bytes;
} opcodes[] = {
    { 0x00, 0x01, PLAIN, 0 },            /* Zero, One; also the null name */
    { 0x02, 0x05, PLAIN, 0 },            /* a Match's comparisons: bytes between its operands */
    { 0x06, 0x06, PLAIN, 0 },            /* Alias: two names follow */
    { 0x08, 0x08, NAMED, 0 },            /* Name */
    { 0x0a, 0x0a, PLAIN, 1 },            /* constants */
    { 0x0b, 0x0b, PLAIN, 2 },
    { 0x0c, 0x0c, PLAIN, 4 },
    { 0x0d, 0x0d, TEXT, 0 },
    { 0x0e, 0x0e, PLAIN, 8 },
    { 0x10, 0x10, BLOCK, 0 },            /* Scope */
    { 0x11, 0x14, SKIPPED, 0 },          /* Buffer, Package, VarPackage, Method */
    { 0x15, 0x15, NAMED, 2 },            /* External: type, arguments */
    { 0x2e, 0x2f, NAME, 0 },
    { 'A', 'Z', NAME, 0 },
    { 0x5c, 0x5c, NAME, 0 },
    { 0x5e, 0x5f, NAME, 0 },
    { 0x60, 0x6e, PLAIN, 0 },            /* Local0 to Arg6 */
    { 0x70, 0x9f, PLAIN, 0 },            /* Store to ObjectType, logic, conversions, Continue */
    { 0xa0, 0xa2, BLOCK, 0 },            /* If, Else, While */
    { 0xa3, 0xa5, PLAIN, 0 },            /* Noop, Return, Break */
    { 0xcc, 0xcc, PLAIN, 0 },            /* BreakPoint */
    { 0xff, 0xff, PLAIN, 0 },            /* Ones */
    { 0x101, 0x101, NAMED, 1 },          /* Mutex: flags */
    { 0x102, 0x102, PLAIN, 0 },          /* Event */
    { 0x112, 0x113, PLAIN, 0 },          /* CondRefOf, CreateField */
    { 0x11f, 0x122, PLAIN, 0 },          /* LoadTable, Load, Stall, Sleep */
    { 0x123, 0x123, NAMED, 2 },          /* Acquire: timeout */
    { 0x124, 0x12a, PLAIN, 0 },          /* Signal to Unload */
    { 0x130, 0x131, PLAIN, 0 },          /* Revision, Debug */
    { 0x132, 0x132, PLAIN, 5 },          /* Fatal: type, code */
    { 0x133, 0x133, PLAIN, 0 },          /* Timer */
    { 0x180, 0x180, NAMED, 1 },          /* OperationRegion: space */
    { 0x181, 0x187, SKIPPED, 0 },        /* Field, Device, Processor, PowerResource, ThermalZone, IndexField, BankField */
    { 0x188, 0x188, PLAIN, 0 },          /* DataTableRegion */
};

static const struct opcodes *find_opcode(uint32_t opcode)
{
    static const struct opcodes unknown = { 0, 0, UNKNOWN, 0 };

    for (unsigned i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++)
        if (opcode >= opcodes[i].first && opcode <= opcodes[i].last)
            return &opcodes[i];
    return &unknown;
}

/* ---- pieces: each moves *offset behind what it read, and is false (or empty) if that does not lie within the window ---- */

/* The bytes that a length counts, the length's own left out. "Package Length Encoding" (20.2.4): bits 7:6 of the first byte are how many
 * bytes follow; without any, bits 5:0 are the length, else bits 3:0 are its lowest four bits. */
static bool read_block(const struct acpi_window *aml, uint32_t *offset, struct acpi_window *out_block)
{
    uint8_t lead = acpi_read8(aml, *offset);
    uint32_t more = lead >> 6;
    uint32_t length = more == 0 ? lead & 0x3f : (lead & 0x0f) | (uint32_t)acpi_read(aml, *offset + 1, more) << 4;

    if (*offset >= aml->bytes || length < 1 + more || length > aml->bytes - *offset)
        return false;
    *out_block = acpi_part(aml, *offset + 1 + more, length - 1 - more);
    *offset += length;
    return true;
}

struct name {
    bool absolute;
    uint32_t parents;                    /* how many ^ */
    uint32_t segments;
    uint32_t first;                      /* offset of the first segment */
};

static bool is_segment(const struct acpi_window *aml, uint32_t offset)
{
    for (uint32_t i = 0; i < 4; i++) {
        uint8_t c = acpi_read8(aml, offset + i);

        if (!(c >= 'A' && c <= 'Z') && c != '_' && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return true;
}

/* "Name Objects Encoding" (20.2.2). */
static bool read_name(const struct acpi_window *aml, uint32_t *offset, struct name *out_name)
{
    struct name name = { .absolute = acpi_read8(aml, *offset) == ROOT_CHAR, .segments = 1 };
    uint32_t at = *offset + name.absolute;

    for (; acpi_read8(aml, at) == PARENT_CHAR; at++)
        name.parents++;
    if (at >= aml->bytes)
        return false;
    switch (acpi_read8(aml, at)) {
    case 0:
        name.segments = 0;
        at++;
        break;
    case DUAL_PREFIX:
        name.segments = 2;
        at++;
        break;
    case MULTI_PREFIX:
        name.segments = acpi_read8(aml, at + 1);
        at += 2;
        break;
    }
    name.first = at;
    for (uint32_t i = 0; i < name.segments; i++, at += 4)
        if (!is_segment(aml, at))
            return false;
    *offset = at;
    *out_name = name;
    return true;
}

static bool read_number(const struct acpi_window *aml, uint32_t *offset, uint64_t *out_number)
{
    uint8_t opcode = acpi_read8(aml, *offset);
    uint32_t bytes;

    switch (opcode) {
    case OP_ZERO:
    case OP_ONE:
    case OP_ONES:
        bytes = 0;
        break;
    case OP_BYTE:
    case OP_WORD:
    case OP_DWORD:
    case OP_QWORD:
        bytes = find_opcode(opcode)->bytes;
        break;
    default:
        return false;
    }
    if (*offset >= aml->bytes || bytes >= aml->bytes - *offset)
        return false;
    *out_number = bytes != 0 ? acpi_read(aml, *offset + 1, bytes) : opcode == OP_ONES ? UINT64_MAX : opcode;
    *offset += 1 + bytes;
    return true;
}

/* ---- the object ---- */

/* The package of \_S5: two numbers, then reserved ones. A package of a single number holds both, a byte each: ACPICA and the systems
 * built on it read it so, and old firmware relies on that. */
static int read_package(const struct acpi_window *aml, uint32_t offset, struct acpi_s5 *out_s5)
{
    struct acpi_window package;
    uint64_t a, b;
    uint32_t at = 1;

    if (acpi_read8(aml, offset) != OP_PACKAGE) {
        log_warn("\\_S5 is no package: no power-off through ACPI");
        return ERR_UNSUPPORTED;
    }
    offset++;
    if (!read_block(aml, &offset, &package) || !read_number(&package, &at, &a))
        return ERR_BAD_DATA;
    if (acpi_read8(&package, 0) == 1) {
        b = a >> 8;
        a &= 0xff;
    } else if (!read_number(&package, &at, &b)) {
        return ERR_BAD_DATA;
    }
    if (a > SLEEP_TYPE_MAX || b > SLEEP_TYPE_MAX)
        return ERR_BAD_DATA;
    *out_s5 = (struct acpi_s5){ (uint8_t)a, (uint8_t)b };
    return 0;
}

/* ---- the walk ---- */

struct walk {
    struct acpi_s5 *out_s5;
    uint32_t lost;                       /* blocks that were left at an opcode that does not exist */
};

/* How deep in the namespace a name leads, from a scope this deep: 0 is the root. A path above the root leads nowhere real. */
static uint32_t depth_of(const struct name *name, uint32_t depth)
{
    uint32_t base = name->absolute ? 0 : depth;

    return (name->parents <= base ? base - name->parents : base + NESTING_MAX) + name->segments;
}

static int walk_block(struct walk *walk, const struct acpi_window *aml, uint32_t depth, uint32_t nesting);

static int enter_block(struct walk *walk, struct acpi_window block, bool is_scope, uint32_t depth, uint32_t nesting)
{
    struct name name;
    uint32_t at = 0;

    if (nesting == NESTING_MAX || (is_scope && !read_name(&block, &at, &name))) {
        walk->lost++;
        return ERR_NOT_FOUND;
    }
    if (is_scope)
        depth = depth_of(&name, depth);
    block = acpi_part(&block, at, block.bytes - at);
    return walk_block(walk, &block, depth, nesting + 1);
}

/* Takes one token. 0: \_S5 was read; ERR_NOT_FOUND: go on; ERR_FAULT: no such token, the block is lost; others: \_S5 is bad. */
static int take_token(struct walk *walk, const struct acpi_window *aml, uint32_t *offset, uint32_t depth, uint32_t nesting)
{
    uint32_t opcode = acpi_read8(aml, *offset), at = *offset + 1;
    struct acpi_window block;
    struct name name;
    int result = ERR_NOT_FOUND;

    if (opcode == OP_EXTENSION)
        opcode = EXTENDED | acpi_read8(aml, at++);

    const struct opcodes *found = find_opcode(opcode);

    switch (found->form) {
    case NAME:
    case NAMED:
        at -= found->form == NAME;
        if (!read_name(aml, &at, &name))
            return ERR_FAULT;
        if (opcode == OP_NAME && name.segments == 1 && depth_of(&name, depth) == 1 &&
            acpi_read32(aml, name.first) == load_le32("_S5_"))
            return read_package(aml, at, walk->out_s5);
        break;
    case TEXT:
        while (acpi_read8(aml, at) != 0)
            at++;
        at++;
        break;
    case BLOCK:
    case SKIPPED:
        if (!read_block(aml, &at, &block))
            return ERR_FAULT;
        if (found->form == BLOCK)
            result = enter_block(walk, block, opcode == OP_SCOPE, depth, nesting);
        break;
    case UNKNOWN:
        return ERR_FAULT;
    }
    at += found->bytes;
    *offset = at;
    return result;
}

static int walk_block(struct walk *walk, const struct acpi_window *aml, uint32_t depth, uint32_t nesting)
{
    uint32_t offset = 0;

    while (offset < aml->bytes) {
        int result = take_token(walk, aml, &offset, depth, nesting);

        if (result == ERR_FAULT) {
            walk->lost++;
            return ERR_NOT_FOUND;
        }
        if (result != ERR_NOT_FOUND)
            return result;
    }
    return ERR_NOT_FOUND;
}

static int search_table(const char *signature, unsigned index, struct acpi_s5 *out_s5)
{
    struct acpi_window table;
    struct walk walk = { .out_s5 = out_s5 };

    if (acpi_find(signature, index, &table) != 0)
        return ERR_NOT_READY;                /* no more of them */
    table = acpi_part(&table, ACPI_HEADER_BYTES, table.bytes - ACPI_HEADER_BYTES);

    int result = walk_block(&walk, &table, 0, 0);

    if (result == ERR_BAD_DATA)
        log_warn("\\_S5 in %s %u is no package of two numbers from 0 to 7: no power-off through ACPI", signature, index);
    if (result != 0 && walk.lost != 0)
        log_warn("%s %u: %u blocks could not be followed to their end while looking for \\_S5", signature, index, walk.lost);
    return result;
}

int acpi_read_s5(struct acpi_s5 *out_s5)
{
    int result = search_table("DSDT", 0, out_s5);

    if (result == ERR_NOT_READY)
        result = ERR_NOT_FOUND;
    for (unsigned i = 0; result == ERR_NOT_FOUND && i < ACPI_TABLES_MAX; i++)
        result = search_table("SSDT", i, out_s5);
    return result == ERR_NOT_READY ? ERR_NOT_FOUND : result;
}
