/* What a program does wrong above the CPU: stacks that run over, panics, and the core's own objections. */
#include "faults.h"
#include "../page_entry.h"

#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/heap.h>
#include <ingot/irq.h>
#include <ingot/lock.h>
#include <ingot/pages.h>
#include <ingot/panic.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/timer.h>

static PRESS main_stack(void)
{
    sink(0);
    __asm__ volatile("" ::: "memory");
}

/* Up to the end of its frame: over the canary, and not over what its caller saved. */
static PRESS array_overrun(void)
{
    volatile uint8_t room[16], *end = __builtin_frame_address(0);

    for (volatile uint8_t *at = room; at < end; at++)
        *at = 0x55;
}

static IRQ_HANDLER __attribute__((noinline)) void sink_in_timer(struct timer *timer)
{
    sink((uint64_t)timer->argument);
    __asm__ volatile("" ::: "memory");
}

static void in_timer(void (*handler)(struct timer *))
{
    static struct timer timer;

    timer.handler = handler;
    timer_arm(&timer, time_ns() + 20000000, 0);         /* late enough that the loop below is what it interrupts */
    for (;;)
        cpu_wait();
}

static PRESS handler_stack(void) { in_timer(sink_in_timer); }

static IRQ_HANDLER __attribute__((noinline)) void read_null_in_timer(struct timer *timer)
{
    __asm__ volatile("movl 0x18, %%eax" :: "r"(timer) : "eax", "memory");
}

/* The handler comes while memset, which has no frame, is at it. */
static PRESS handler_in_memset(void)
{
    static uint8_t room[1 << 16];
    static struct timer timer;

    timer.handler = read_null_in_timer;
    timer_arm(&timer, time_ns() + 20000000, 0);
    for (;;)
        memset(room, 1, sizeof(room));
}

/* Nothing is left of who called last: its frame is gone when read_last begins. */
static __attribute__((noinline, noclone)) void read_last(void)
{
    __asm__ volatile("movl 0x14, %%eax" ::: "eax", "memory");
}

static PRESS tail_called(void) { read_last(); }

static PRESS handler_null(void) { in_timer(read_null_in_timer); }

/* As a compiler may do it to a handler that is not declared IRQ_HANDLER. */
static __attribute__((noinline)) void vectors_in_timer(struct timer *timer)
{
    __asm__ volatile("xorps %%xmm0, %%xmm0" ::: "xmm0", "memory");
    timer->argument = timer;
}

static PRESS handler_vectors(void) { in_timer(vectors_in_timer); }

static PRESS fail_assert(void)
{
    assert(cpu_count() == 0);
    __asm__ volatile("" ::: "memory");
}

static PRESS call_panic(void)
{
    panic("the %s is on fire after %d s", "machine", 42);
    __asm__ volatile("" ::: "memory");
}

/* The screen is not mapped any longer: the panic that tells of the first one runs into it. */
static PRESS panic_in_panic(void)
{
    unsigned level;

    *page_entry((uint64_t)display(0)->pixels, &level) &= ~ENTRY_PRESENT;
    flush_pages();
    panic("the first of two");
    __asm__ volatile("" ::: "memory");
}

static PRESS lock_twice(void)
{
    static struct lock lock = LOCK("the test's");

    lock_take_irq(&lock);
    lock_take_irq(&lock);
    __asm__ volatile("" ::: "memory");
}

static PRESS free_twice(void)
{
    void *block = malloc(100);

    free(block);
    __asm__ volatile("" : "+r"(block));
    free(block);
    __asm__ volatile("" ::: "memory");
}

static PRESS free_pages_twice(void)
{
    void *first = pages_alloc(4, 0, PAGES_ANYWHERE);

    pages_free(first, 4);
    pages_free(first, 4);
    __asm__ volatile("" ::: "memory");
}

const struct button program_buttons[] = {
    { "main-stack", main_stack }, { "array-overrun", array_overrun }, { "handler-stack", handler_stack }, { "handler-null", handler_null },
    { "handler-in-memset", handler_in_memset }, { "tail-called", tail_called },
    { "handler-vectors", handler_vectors },
    { "fail-assert", fail_assert }, { "call-panic", call_panic }, { "panic-in-panic", panic_in_panic }, { "lock-twice", lock_twice },
    { "free-twice", free_twice }, { "free-pages-twice", free_pages_twice }, { 0 },
};
