/* The handoff's reader on any bytes. The block's length and sum are made right, so that the input reaches what lies behind them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/handoff_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

static void visit(const struct handoff_view *view)
{
    uint64_t sum = handoff_checksum(view->block, view->block->bytes) + strlen(view->command_line) + strlen(view->loader_log);

    for (uint32_t i = 0; i < view->map->count; i++)
        sum += view->map->region[i].end;
    for (uint32_t i = 0; view->stamps && i < view->stamps->count; i++)
        sum += view->stamps->stamp[i].ticks;
    for (uint32_t i = 0; i < view->framebuffers; i++)
        if (view->framebuffer[i]->base == 0 || view->framebuffer[i]->red_mask == 0)
            abort();
    if (view->map->count == 0 || sum == 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    struct handoff_view view;
    struct handoff *block;
    char why[160] = "";
    int result;

    bytes &= ~(size_t)7;
    if (bytes < sizeof(*block))
        return 0;
    block = malloc(bytes);
    memcpy(block, input, bytes);
    block->magic = HANDOFF_MAGIC;
    block->version = HANDOFF_VERSION;
    block->bytes = bytes;
    block->checksum = handoff_checksum(block, bytes);
    result = handoff_check(block, &view, why, sizeof(why));
    if (result == 0)
        visit(&view);
    else if (!*why)
        abort();
    free(block);
    return 0;
}
