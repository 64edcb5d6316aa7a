/* Channel 2 of the 8254 timer: the clock of last resort. On newer machines its gate is shut and it never ticks.
 * Source: Intel, "8254 Programmable Interval Timer", and Intel chipset data sheets, "NMI Status and Control" (port 0x61). */
#include <ingot/counter.h>
#include <ingot/driver.h>
#include <ingot/lock.h>
#include <ingot/port_io.h>

enum {
    PIT_CHANNEL2 = 0x42,
    PIT_CONTROL  = 0x43,
    PORT_GATE    = 0x61,
};

enum {                            /* PIT_CONTROL */
    CONTROL_CHANNEL2  = 2u << 6,
    CONTROL_LATCH     = 0u << 4,
    CONTROL_LOW_HIGH  = 3u << 4,
    CONTROL_RATE      = 2u << 1,  /* mode 2: counts down to 1, then starts over */
};

enum {                            /* PORT_GATE */
    GATE_ON = 1u << 0,
    SPEAKER_ON = 1u << 1,
    GATE_KEEP = 0x0c,             /* NMI enables: written back as they are, all else reads as status */
};

static int pit_run(struct counter *c)
{
    (void)c;
    port_write8(PORT_GATE, (uint8_t)((port_read8(PORT_GATE) & GATE_KEEP & ~SPEAKER_ON) | GATE_ON));
    port_write8(PIT_CONTROL, CONTROL_CHANNEL2 | CONTROL_LOW_HIGH | CONTROL_RATE);
    port_write8(PIT_CHANNEL2, 0);                 /* 0 means 65536 */
    port_write8(PIT_CHANNEL2, 0);
    return 0;
}

static struct lock pit_lock = LOCK("PIT");      /* latch, low byte and high byte belong together */

/* It counts down; turned round, it counts up like the others. */
static uint64_t pit_read(const struct counter *c)
{
    uint64_t flags = lock_take_irq(&pit_lock);
    uint32_t value;

    (void)c;
    port_write8(PIT_CONTROL, CONTROL_CHANNEL2 | CONTROL_LATCH);
    value = port_read8(PIT_CHANNEL2);
    value |= (uint32_t)port_read8(PIT_CHANNEL2) << 8;
    lock_give_irq(&pit_lock, flags);
    return 0xffffu - value;
}

static struct counter pit = { .name = "PIT", .hz = 1193182, .bits = 16, .last_resort = true, .start = pit_run, .read = pit_read };

static int pit_start(void) { return counter_register(&pit); }

DRIVER(pit, DRIVER_COUNTER, pit_start);
