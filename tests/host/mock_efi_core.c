/* A small core: a text, a constant and a data segment, a dynamic section, relocations. */
#include <string.h>

#include "mock_efi.h"

struct header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t sizes[6];
};
struct program { uint32_t type, flags; uint64_t offset, address, physical, file_bytes, memory_bytes, alignment; };
struct dynamic { uint64_t tag, value; };
struct relocation { uint64_t place, info, addend; };

enum { TEXT = 0x2000000, RODATA = TEXT + 0x1000, DATA = TEXT + 0x2000, RELOCATIONS = 6 };

static struct core_file {
    struct header header;
    struct program program[4];
    uint8_t pad[0x1000 - sizeof(struct header) - 4 * sizeof(struct program)];
    uint8_t text[64];
    struct dynamic dynamic[5];
    struct relocation relocation[RELOCATIONS];
    uint64_t constants[8];
    uint64_t data[8];
} core;

const void *mock_core(uint64_t *out_bytes)
{
    const uint64_t rodata_bytes = sizeof(core.dynamic) + sizeof(core.relocation) + sizeof(core.constants);

    memset(&core, 0, sizeof(core));
    core.header = (struct header){ .ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, .type = 3, .machine = 62, .version = 1,
                                   .entry = TEXT + 16, .phoff = sizeof(struct header),
                                   .sizes = { sizeof(struct header), sizeof(struct program), 4, 0, 0, 0 } };
    core.program[0] = (struct program){ 1, 5, offsetof(struct core_file, text), TEXT, TEXT, sizeof(core.text), sizeof(core.text), 16 };
    core.program[1] = (struct program){ 1, 4, offsetof(struct core_file, dynamic), RODATA, RODATA, rodata_bytes, rodata_bytes, 16 };
    core.program[2] = (struct program){ 1, 6, offsetof(struct core_file, data), DATA, DATA, sizeof(core.data), 0x5000, 16 };
    core.program[3] = core.program[1];
    core.program[3].type = 2;
    core.program[3].file_bytes = core.program[3].memory_bytes = sizeof(core.dynamic);
    memset(core.text, 0xcc, sizeof(core.text));
    core.dynamic[0] = (struct dynamic){ 7, RODATA + sizeof(core.dynamic) };
    core.dynamic[1] = (struct dynamic){ 8, sizeof(core.relocation) };
    core.dynamic[2] = (struct dynamic){ 9, sizeof(struct relocation) };
    core.dynamic[3] = (struct dynamic){ 0x6ffffffb, 0x08000000 };
    for (unsigned i = 0; i < RELOCATIONS; i++) {
        uint64_t constant = RODATA + sizeof(core.dynamic) + sizeof(core.relocation) + 8 * i;

        core.relocation[i] = (struct relocation){ i % 2 ? DATA + 8 * i : constant, 8, TEXT + 4 * i };
    }
    *out_bytes = sizeof(core);
    return &core;
}
