/* All CPUs log at once, and interrupt each other to do so, by interrupts and by NMIs: main.c log [paced]. The test reads what came out. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ingot/cpu.h>
#include <ingot/irq.h>
#include <ingot/log.h>
#include <ingot/string.h>
#include <ingot/time.h>

#include "core/x86_64/cpu.h"
#include "core/x86_64/lapic.h"

#include "tests/boot/apps/log/nmi.h"

enum { BYTES = 1 << 20, LINE_BYTES = 80, INTERRUPT_EVERY = 8, ICR_NMI = 4 << 8, FLUSH_EVERY = 16, FILLER_BYTES = 40 };

struct writer {
    struct cpu_job job;
    uint32_t said, said_in_interrupts, said_in_nmis;
};
static PER_CPU(struct writer, writer);
static bool paced;

static IRQ_HANDLER void say(char kind, uint32_t number)
{
    char filler[FILLER_BYTES];

    memset(filler, 'a' + (int)(number % 26), sizeof(filler));
    log_info("%c%u number %u: %.*s", kind, cpu_id(), number, (int)(number % FILLER_BYTES), filler);
}

static IRQ_HANDLER void say_in_interrupt(void *unused)
{
    (void)unused;
    say('i', per_cpu(&writer)->said_in_interrupts++);
}

IRQ_HANDLER void nmi(void)
{
    say('n', per_cpu(&writer)->said_in_nmis++);
}

static void write_lines(void *unused)
{
    struct writer *mine = per_cpu(&writer);
    uint32_t lines = BYTES / LINE_BYTES / cpu_count(), next = (cpu_id() + 1) % cpu_count();

    (void)unused;
    for (uint32_t i = 0; i < lines; i++) {
        say('w', mine->said++);
        if (i % INTERRUPT_EVERY == 0)
            cpu_interrupt(next, &mine->job, say_in_interrupt, NULL);     /* not while the last one is still on its way */
        if (i % INTERRUPT_EVERY == 1)
            lapic_send(cpu_apic_id(next), ICR_NMI);
        if (paced && i % FLUSH_EVERY == 0)
            log_flush();
    }
    while (!cpu_job_ended(&mine->job))
        cpu_relax();
}

int main(int argc, char **argv)
{
    uint64_t start_ns;

    paced = argc > 1 && !strcmp(argv[1], "paced");
    log_flush();
    cpu_run_all(take_nmis, NULL);
    start_ns = time_ns();
    cpu_run_all(write_lines, NULL);
    cpu_run_all(give_nmis_back, NULL);           /* those that were sent last have come */
    log_flush();
    log_raw("LOG in %llu ms", (unsigned long long)((time_ns() - start_ns) / 1000000));
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        log_raw("SAID cpu %u: %u and %u and %u", cpu, per_cpu_of(&writer, cpu)->said, per_cpu_of(&writer, cpu)->said_in_interrupts,
                per_cpu_of(&writer, cpu)->said_in_nmis);
    return 0;
}
