/* gdb's remote protocol, from any bytes: the first of them says whether the machine runs while they come, each line's checksum is put right. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/host/model_gdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

static void after(enum gdb_wish wish)
{
    static const struct gdb_stop stop = { .cpu = 1, .signal = GDB_SIGTRAP, .reason = GDB_WATCH, .address = 0x1234 };
    bool signal;

    if (wish == GDB_GO)
        for (uint32_t cpu = 0; cpu < MODEL_CPUS; cpu++)
            if (gdb_action(cpu, &signal) > GDB_STEP)
                abort();
    if (wish != GDB_STAY)
        gdb_stopped(&stop);
    if (!model_sent_well())
        abort();
    model_forget();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    size_t from = 1;

    model_reset();
    for (size_t i = 1; bytes && i < bytes; i++) {
        if (*input & 1 && gdb_hear(input[i], model_give_back))
            after(input[i] == 3 ? GDB_GO : gdb_take_kept());
        if (*input & 2)
            after(gdb_take(input[i]));
        if (*input & 4 && input[i] == '\n') {
            after(model_packet((const char *)input + from, i - from));
            from = i + 1;
        }
    }
    return 0;
}
