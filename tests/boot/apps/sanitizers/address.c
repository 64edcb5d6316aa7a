/* Accesses that miss what they were meant for. */
#include "planted.h"

#include <stddef.h>
#include <stdint.h>

#include <ingot/heap.h>
#include <ingot/pages.h>
#include <ingot/string.h>

enum { SMALL = 24, ODD = 13, LARGE = 100000 };

static volatile uint8_t result;
static uint8_t before[8] __attribute__((used)), letters[26], after[8] __attribute__((used));

/* What the compiler must not see through. */
static __attribute__((noinline)) uint8_t *hide(void *memory)
{
    __asm__ volatile("" : "+r"(memory));
    return memory;
}

static __attribute__((noinline)) uint8_t *take(size_t bytes) { return hide(malloc(bytes)); }
static __attribute__((noinline)) void give(uint8_t *memory) { free(memory); }

static void heap_behind(void)
{
    uint8_t *block = take(SMALL);

    block[SMALL] = 1;
    block[SMALL] = 0xfb;                     /* as the heap's own zone has it, which is looked at when the block is freed */
    give(block);
}

static void heap_before(void)
{
    uint8_t *block = take(SMALL);

    result = block[minus_one];
    give(block);
}

static void heap_odd(void)
{
    uint8_t *block = take(ODD);

    result = block[ODD];
    give(block);
}

static void heap_large(void)
{
    uint8_t *block = take(LARGE);

    result = block[LARGE];
    give(block);
}

static void heap_copy(void)
{
    uint8_t *block = take(SMALL);

    memcpy(letters, block, (size_t)(SMALL + one));
    give(block);
}

static void freed_load(void)
{
    uint8_t *block = take(SMALL);

    give(block);
    result = block[3];
}

/* Others of the same size come and go meanwhile. */
static void freed_long_ago(void)
{
    uint8_t *block = take(SMALL);

    give(block);
    for (int i = 0; i < forty; i++)
        give(take(SMALL));
    result = block[5];
}

static void freed_and_resized(void)
{
    uint8_t *block = take(SMALL), *moved = hide(realloc(block, LARGE));

    result = block[0];
    give(moved);
}

static void page_load(void)
{
    uint8_t *page = hide(pages_alloc(1, 0, PAGES_ANYWHERE));

    pages_free(page, 1);
    result = page[100];
}

static void page_behind(void)
{
    uint8_t *page = hide(pages_alloc(1, 0, PAGES_ANYWHERE)), *next = hide(pages_alloc(1, 0, PAGES_ANYWHERE));
    uint8_t *low = page < next ? page : next, *high = page < next ? next : page;

    pages_free(high, 1);
    result = low[(size_t)(high - low) + 7];
    pages_free(low, 1);
}

static void global_behind(void) { result = hide(letters)[sizeof(letters)]; }

static void stack_behind(void)
{
    uint8_t array[ODD] = { 0 };

    result = hide(array)[ODD];
}

static void stack_before(void)
{
    uint8_t array[ODD] = { 0 };

    result = hide(array)[minus_one];
}

static void scope_left(void)
{
    uint8_t *kept = NULL;

    for (int i = 0; i < one; i++) {
        uint8_t array[ODD] = { 0 };

        kept = hide(array);
    }
    result = kept[2];
}

const struct planted address_bugs[] = {
    { "heap-behind", heap_behind },
    { "heap-before", heap_before },
    { "heap-odd", heap_odd },
    { "heap-large", heap_large },
    { "heap-copy", heap_copy },
    { "freed-load", freed_load },
    { "freed-long-ago", freed_long_ago },
    { "freed-and-resized", freed_and_resized },
    { "page-load", page_load },
    { "page-behind", page_behind },
    { "global-behind", global_behind },
    { "stack-behind", stack_behind },
    { "stack-before", stack_before },
    { "scope-left", scope_left },
    { NULL, NULL },
};

static void double_free(void)
{
    uint8_t *block = take(SMALL);

    give(block);
    give(block);
}

static void foreign_free(void) { give(hide(letters + 16)); }

/* What the heap itself ends. */
const struct planted heap_bugs[] = {
    { "double-free", double_free },
    { "foreign-free", foreign_free },
    { NULL, NULL },
};
