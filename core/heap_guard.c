/* The heap's debug builds: zones around used blocks and fillings of free ones. Release builds do not link this. */
#include <ingot/panic.h>
#include <ingot/string.h>

#include "core/heap_block.h"
#include "core/shadow.h"

void guard_set(struct block *block, size_t bytes, const void *caller)
{
    guard(block)->bytes = bytes;
    guard(block)->site = site_of(caller);
    memset(payload(block) - HEAP_UNIT, FILL_ZONE, HEAP_UNIT);
    memset(payload(block) + bytes, FILL_ZONE, (size_t)(block_end(block) - payload(block)) - bytes);
    if (INGOT_SHADOW) {
        shadow_close(block, (size_t)(block_end(block) - (uint8_t *)block), SHADOW_HEAP);
        shadow_open(payload(block), bytes);
    }
}

const uint8_t *guard_fault(struct block *block)
{
    const uint8_t *start = payload(block), *end = block_end(block);

    for (const uint8_t *byte = start - 1; byte >= start - HEAP_UNIT; byte--)
        if (*byte != FILL_ZONE)
            return byte;
    if (guard(block)->bytes > (size_t)(end - start) - BACK_BYTES)
        return (const uint8_t *)guard(block);
    for (const uint8_t *byte = start + guard(block)->bytes; byte < end; byte++)
        if (*byte != FILL_ZONE)
            return byte;
    return NULL;
}

void guard_check(struct block *block)
{
    const uint8_t *byte = guard_fault(block);

    if (byte)
        panic_code("HEAP", "block %p of %llu bytes, allocated by %p: byte %lld was overwritten with %#x", (void *)payload(block),
                   (unsigned long long)guard(block)->bytes, caller_of(guard(block)->site), (long long)(byte - payload(block)), *byte);
}

const uint8_t *fill_fault(struct block *block)
{
    const uint8_t *end = block_end(block);

    for (const uint8_t *byte = payload(block); byte < end; byte++) {
        if ((uintptr_t)byte % HEAP_UNIT == 0 && is((const struct block *)byte, KIND_FREE))
            byte += sizeof(struct block) - 1;    /* a buried header */
        else if (*byte != FILL_FREE)
            return byte;
    }
    return NULL;
}

void fill_check(struct block *block)
{
    const uint8_t *byte = fill_fault(block);

    if (byte)
        panic_code("HEAP", "%p was written to while it was free: it holds %#x, in the block %p, freed by %p", (const void *)byte, *byte,
                   (void *)payload(block), caller_of(block->site));
}

void guard_bury(struct block *block)
{
    block->units = 0;
    block->units_before = (uint32_t)guard(block)->site;
    memset(block + 1, FILL_FREE, PAYLOAD_OFFSET - sizeof *block);
}

const void *guard_allocated_by(struct block *block)
{
    return caller_of(block->units ? guard(block)->site : (int32_t)block->units_before);
}
