/* Interrupts that this CPU sends to itself: round trips, classes, and what belongs to nobody. */
#include "selftest.h"
#include "self_interrupt.h"

#include <ingot/cpu.h>
#include <ingot/irq.h>
#include <ingot/time.h>

static volatile uint32_t came;
static volatile uint64_t came_ticks;

static bool absent(void)
{
    uint32_t eax = 1, ebx, ecx, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return !(edx & 1u << 9);                    /* SDM vol. 2A, "CPUID": APIC on chip */
}

static IRQ_HANDLER enum irq_answer note(void *argument)
{
    (void)argument;
    came_ticks = cpu_ticks();
    came++;
    return IRQ_MINE;
}

enum { TRIPS = 10000 };

static uint32_t ticks_to_ns(uint64_t ticks)
{
    struct time_source source;

    time_source(&source);
    return source.is_cpu_ticks ? (uint32_t)(ticks * 1000 / (source.hz / 1000000)) : (uint32_t)ticks;
}

static enum verdict round_trip(char *figures)
{
    static uint32_t entry_ns[TRIPS], trip_ns[TRIPS];
    struct irq_message message;
    struct irq *irq;
    char text[100];

    if (absent())
        return SAY(ABSENT, "this CPU has no local APIC");
    MUST(irq_attach_message(&(struct irq_wish){ .name = "self", .handler = note }, &irq, &message) == 0);
    came = 0;
    for (uint32_t i = 0; i < TRIPS; i++) {
        uint64_t start = cpu_ticks_ordered();

        interrupt_self(message.data);
        if (!wait_for(&came, i + 1, 2000000))
            return SAY(FAILED, "interrupt %u did not come", i);
        trip_ns[i] = ticks_to_ns(cpu_ticks_ordered() - start);
        entry_ns[i] = ticks_to_ns(came_ticks - start);
    }
    irq_detach(irq);
    distribution(entry_ns, TRIPS, text, sizeof(text));
    distribution(trip_ns, TRIPS, text, sizeof(text));
    return SAY(OK, "%u trips: to the handler %u ns (median), there and back %s", TRIPS, entry_ns[TRIPS / 2], text);
}

/* On a real PC a CPU's own store reaches its APIC's registers instead: only devices can send messages. */
static enum verdict message_write(char *figures)
{
    struct irq_message message;
    struct irq *irq;
    uint32_t eax = 1, ebx, ecx, edx;
    bool arrived;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    if (!(ecx & 1u << 31) || absent())
        return SAY(ABSENT, "no emulator that takes messages from a CPU");
    MUST(irq_attach_message(&(struct irq_wish){ .name = "message", .handler = note }, &irq, &message) == 0);
    came = 0;
    mmio_write32((volatile void *)message.address, message.data);
    arrived = wait_for(&came, 1, 2000000);
    irq_detach(irq);
    MUST(arrived && came == 1);
    return SAY(OK, "%#x to %#llx raised vector %u", message.data, (unsigned long long)message.address, message.data & 0xff);
}

/* ---- nesting ---- */

static struct irq_message low_message, high_message;
static volatile uint32_t low_came, came_inside, same_inside;

static IRQ_HANDLER enum irq_answer raise_both(void *argument)
{
    uint32_t before = came;

    (void)argument;
    if (low_came++)
        return IRQ_MINE;
    interrupt_self(low_message.data);           /* of the class that runs: must wait */
    interrupt_self(high_message.data);
    wait_for(&came, before + 1, 20000);
    came_inside = came - before;
    same_inside = low_came - 1;
    return IRQ_MINE;
}

static enum verdict nest(bool nests, char *figures)
{
    struct irq *low, *high;
    bool done;

    MUST(irq_attach_message(&(struct irq_wish){ .name = "low", .handler = raise_both, .nests = nests }, &low, &low_message) == 0);
    MUST(irq_attach_message(&(struct irq_wish){ .name = "high", .handler = note }, &high, &high_message) == 0);
    MUST(low_message.data >> 4 < high_message.data >> 4);
    came = low_came = 0;
    interrupt_self(low_message.data);
    done = wait_for(&low_came, 2, 2000000) && wait_for(&came, 1, 2000000);
    irq_detach(low);
    irq_detach(high);
    MUST(done && same_inside == 0);
    MUST(came_inside == (nests ? 1 : 0));
    return OK;
}

static enum verdict nesting(char *figures)
{
    if (absent())
        return SAY(ABSENT, "this CPU has no local APIC");
    if (nest(true, figures) == FAILED || nest(false, figures) == FAILED)
        return FAILED;
    return SAY(OK, "vector %u came into %u where that nests, and after it where not; %u never came into itself", high_message.data,
               low_message.data, low_message.data);
}

/* ---- what belongs to nobody ---- */

static enum verdict unclaimed(char *figures)
{
    uint64_t before = irq_unclaimed();
    struct irq_message message;
    struct irq *irq;
    bool arrived;

    if (absent())
        return SAY(ABSENT, "this CPU has no local APIC");
    interrupt_self(0xe9);
    delay_us(1000);
    MUST(irq_unclaimed() == before + 1);
    MUST(irq_attach_message(&(struct irq_wish){ .name = "after", .handler = note }, &irq, &message) == 0);
    came = 0;
    interrupt_self(message.data);               /* of a lower class: comes only if the one before was ended */
    arrived = wait_for(&came, 1, 2000000);
    irq_detach(irq);
    MUST(arrived);
    return SAY(OK, "vector 233 counted and ended");
}

static enum verdict spurious(char *figures)
{
    uint64_t before = irq_spurious();

    __asm__ volatile("int $0xff; int $0x27; int $0x2f" ::: "memory");
    MUST(irq_spurious() == before + 3);
    return SAY(OK, "the APIC's own and those of the two 8259s: 3 counted, %llu in all", (unsigned long long)irq_spurious());
}

enum { ATTACHED_MAX = 256 };

static enum verdict exhaustion(char *figures)
{
    static struct irq *attached[ATTACHED_MAX];
    struct irq_wish wish = { .name = "many", .handler = note };
    struct irq_message message;
    unsigned count = 0, arrived;
    int error;

    if (absent()) {
        MUST(irq_attach_message(&wish, &attached[0], &message) == -1);   /* ERR_NOT_FOUND */
        return SAY(ABSENT, "this CPU has no local APIC");
    }
    while (count < ATTACHED_MAX && (error = irq_attach_message(&wish, &attached[count], &message)) == 0) {
        came = 0;
        interrupt_self(message.data);
        arrived = wait_for(&came, 1, 2000000);
        if (!arrived)
            return SAY(FAILED, "vector %u did not come", message.data);
        count++;
    }
    for (unsigned i = 0; i < count; i++)
        irq_detach(attached[i]);
    MUST(error == -8 && count >= 100);           /* ERR_FULL */
    MUST(irq_attach_message(&wish, &attached[0], &message) == 0);
    irq_detach(attached[0]);
    wish.cpu = cpu_count();
    MUST(irq_attach_message(&wish, &attached[0], &message) == -4);      /* ERR_BAD_VALUE */
    return SAY(OK, "%u vectors attached at once, each came; then refused", count);
}

const struct check interrupt_checks[] = {
    { "irq-round-trip", round_trip }, { "irq-message", message_write }, { "irq-nesting", nesting }, { "irq-unclaimed", unclaimed },
    { "irq-spurious", spurious }, { "irq-vectors", exhaustion }, { 0 },
};
