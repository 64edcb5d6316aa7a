/* Interrupt: the battery-backed clock of a PC interrupts 64 times a second, on ISA line 8.
 *
 *     make run APP=apps/examples/interrupt
 *
 * What you will see:
 *
 *     app: 32 interrupts in ... ms, on vector ... of cpu 0
 *
 * at 64 a second that is half a second.
 *
 * Source: Motorola, "MC146818 Real-Time Clock plus RAM", "Registers" (every PC has one that behaves like it). */
#include <stdatomic.h>
#include <stddef.h>

#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/irq.h>
#include <ingot/log.h>
#include <ingot/port_io.h>
#include <ingot/time.h>

enum {
    RTC_INDEX = 0x70, RTC_DATA = 0x71,   /* I/O ports: which register, and what is in it */
    RTC_A = 0x0a,                        /* [3:0] how often the periodic interrupt comes */
    RTC_B = 0x0b,                        /* which interrupts are on */
    RTC_C = 0x0c,                        /* why one came. Reading it clears it: without that no other will come */
    RTC_ISA_LINE = 8,
    A_RATE = 0x0f, A_64_HZ = 10,         /* 32,768 Hz >> (10 - 1) */
    PERIODIC = 1u << 6,                  /* in RTC_B and RTC_C */
};

enum { WANTED = 32, BOUND_MS = 30000 };

static _Atomic unsigned count;
static _Atomic bool enough;

static IRQ_HANDLER uint8_t rtc_read(uint8_t reg)
{
    port_write8(RTC_INDEX, reg);
    return port_read8(RTC_DATA);
}

static void rtc_write(uint8_t reg, uint8_t value)
{
    uint64_t flags = cpu_interrupts_off();               /* the handler uses the same pair of ports */

    port_write8(RTC_INDEX, reg);
    port_write8(RTC_DATA, value);
    cpu_interrupts_restore(flags);
}

static IRQ_HANDLER enum irq_answer rtc_interrupt(void *argument)
{
    (void)argument;
    if (!(rtc_read(RTC_C) & PERIODIC))
        return IRQ_NOT_MINE;
    if (++count == WANTED)
        enough = true;
    return IRQ_MINE;
}

int main(void)
{
    uint8_t a = rtc_read(RTC_A), b = rtc_read(RTC_B);
    struct irq_stats stats = { .name = NULL };
    struct irq *irq;
    int error = irq_attach(irq_isa_line(RTC_ISA_LINE), &(struct irq_wish){ .name = "rtc", .handler = rtc_interrupt }, &irq);

    if (error) {
        log_error("line %u: %s", RTC_ISA_LINE, error_name(error));
        return 1;
    }

    uint64_t start_ns = time_ns();

    rtc_write(RTC_A, (uint8_t)((a & ~A_RATE) | A_64_HZ));
    rtc_write(RTC_B, b | PERIODIC);
    cpu_sleep_until_set(start_ns + BOUND_MS * 1000000ull, &enough);
    rtc_write(RTC_B, b);
    rtc_write(RTC_A, a);

    for (unsigned i = 0; irq_stats(i, &stats) && stats.line != irq_isa_line(RTC_ISA_LINE); i++)
        ;
    log_info("%u interrupts in %llu ms, on vector %u of cpu %u", count, (unsigned long long)(time_ns() - start_ns) / 1000000, stats.vector,
             stats.cpu);
    irq_detach(irq);
    return enough ? 0 : 1;
}
