/* How lines reach vectors on a PC: the 8259s are moved out of the way, IOAPICs lead lines to local APICs. */
#include "core/cpus.h"
#include "core/drain.h"
#include "core/irq.h"
#include "core/machine.h"
#include "core/timer.h"
#include "core/x86_64/lapic.h"
#include "core/x86_64/trap.h"

#include <ingot/acpi.h>
#include <ingot/error.h>
#define LOG_SUBSYSTEM irq
#include <ingot/lock.h>
#include <ingot/log.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>

enum {                                   /* 8259A; Intel, "8259A Programmable Interrupt Controller" */
    PIC1_COMMAND = 0x20, PIC1_DATA = 0x21, PIC2_COMMAND = 0xa0, PIC2_DATA = 0xa1,
    ICW1_INIT = 0x11, ICW4_8086 = 0x01,
};

enum {                                   /* IOAPIC; Intel, "82093AA I/O Advanced Programmable Interrupt Controller" */
    IOAPIC_SELECT = 0x00, IOAPIC_WINDOW = 0x10,
    IOAPIC_VERSION = 0x01,               /* [23:16] number of the last redirection entry */
    IOAPIC_REDIRECT = 0x10,              /* two words an entry, the low one first */
    REDIRECT_ACTIVE_LOW = 1u << 13, REDIRECT_LEVEL = 1u << 15, REDIRECT_MASKED = 1u << 16,
};

enum { APIC_ID_MAX = 254 };                   /* that an IOAPIC's entry, or a message, can name */
enum { ISA_LINES = 16, LINES_MAX = 240 };

static struct acpi_interrupts found;
static unsigned lines_of[ACPI_IOAPICS_MAX];
static bool has_vectors;                              /* there is a local APIC */
static struct lock ioapic_lock = LOCK("ioapic");      /* select and window are a pair */

/* ---- 8259 ---- */

/* Even fully masked they raise lines 7 and 15 when an interrupt vanishes; at the firmware's vectors that would look like an exception. */
static void pic_retire(void)
{
    port_write8(PIC1_COMMAND, ICW1_INIT);
    port_write8(PIC2_COMMAND, ICW1_INIT);
    port_write8(PIC1_DATA, VECTOR_PIC_FIRST);
    port_write8(PIC2_DATA, VECTOR_PIC_FIRST + 8);
    port_write8(PIC1_DATA, 1u << 2);                  /* the second one is at line 2 */
    port_write8(PIC2_DATA, 2);
    port_write8(PIC1_DATA, ICW4_8086);
    port_write8(PIC2_DATA, ICW4_8086);
    port_write8(PIC1_DATA, 0xff);
    port_write8(PIC2_DATA, 0xff);
}

/* ---- IOAPIC ---- */

static uint32_t ioapic_read(const struct acpi_ioapic *ioapic, uint32_t reg)
{
    volatile uint8_t *base = (volatile uint8_t *)(uintptr_t)ioapic->address;

    mmio_write32(base + IOAPIC_SELECT, reg);
    return mmio_read32(base + IOAPIC_WINDOW);
}

static void ioapic_write(const struct acpi_ioapic *ioapic, uint32_t reg, uint32_t value)
{
    volatile uint8_t *base = (volatile uint8_t *)(uintptr_t)ioapic->address;

    mmio_write32(base + IOAPIC_SELECT, reg);
    mmio_write32(base + IOAPIC_WINDOW, value);
}

static const struct acpi_ioapic *ioapic_of(uint32_t line, unsigned *out_entry)
{
    for (uint32_t i = 0; i < found.ioapics; i++) {
        const struct acpi_ioapic *ioapic = &found.ioapic[i];

        if (line >= ioapic->gsi_base && line - ioapic->gsi_base < lines_of[i]) {
            *out_entry = line - ioapic->gsi_base;
            return ioapic;
        }
    }
    return NULL;
}

static void ioapic_start(uint32_t index)
{
    const struct acpi_ioapic *ioapic = &found.ioapic[index];
    uint32_t version = ioapic_read(ioapic, IOAPIC_VERSION);
    unsigned lines = (version >> 16 & 0xff) + 1;

    if (version == 0xffffffff || lines > LINES_MAX) {
        log_warn("IOAPIC %u at %#llx does not answer: its lines are not there", ioapic->id, (unsigned long long)ioapic->address);
        return;
    }
    lines_of[index] = lines;
    for (unsigned entry = 0; entry < lines; entry++)
        ioapic_write(ioapic, IOAPIC_REDIRECT + entry * 2, REDIRECT_MASKED);
}

/* ISA lines are edge-triggered and active high unless overridden; PCI's are level-triggered and active low. */
static uint32_t trigger_of(uint32_t line)
{
    for (uint32_t i = 0; i < found.overrides; i++)
        if (found.override[i].gsi == line)
            return (found.override[i].line.active_low ? REDIRECT_ACTIVE_LOW : 0) | (found.override[i].line.level ? REDIRECT_LEVEL : 0);
    return line < ISA_LINES ? 0 : REDIRECT_ACTIVE_LOW | REDIRECT_LEVEL;
}

uint32_t irq_isa_line(uint8_t isa)
{
    for (uint32_t i = 0; i < found.overrides; i++)
        if (found.override[i].isa_line == isa)
            return found.override[i].gsi;
    return isa;
}

/* ---- what core/irq.c asks for ---- */

unsigned arch_irq_first_vector(void) { return VECTOR_DEVICE_FIRST; }
unsigned arch_irq_end_vector(void) { return has_vectors ? VECTOR_DEVICE_END : VECTOR_DEVICE_FIRST; }

int arch_irq_route(uint32_t line, uint32_t cpu, unsigned vector)
{
    unsigned entry;
    const struct acpi_ioapic *ioapic = ioapic_of(line, &entry);
    uint64_t flags;

    if (!ioapic)
        return ERR_NOT_FOUND;
    if (cpu_apic_id(cpu) > APIC_ID_MAX)
        return ERR_UNSUPPORTED;
    flags = lock_take_irq(&ioapic_lock);
    ioapic_write(ioapic, IOAPIC_REDIRECT + entry * 2, REDIRECT_MASKED);
    ioapic_write(ioapic, IOAPIC_REDIRECT + entry * 2 + 1, cpu_apic_id(cpu) << 24);
    ioapic_write(ioapic, IOAPIC_REDIRECT + entry * 2, REDIRECT_MASKED | trigger_of(line) | vector);
    lock_give_irq(&ioapic_lock, flags);
    return 0;
}

void arch_irq_set_masked(uint32_t line, bool masked)
{
    unsigned entry;
    const struct acpi_ioapic *ioapic = ioapic_of(line, &entry);
    uint64_t flags;
    uint32_t low;

    if (!ioapic)
        return;
    flags = lock_take_irq(&ioapic_lock);
    low = ioapic_read(ioapic, IOAPIC_REDIRECT + entry * 2);
    ioapic_write(ioapic, IOAPIC_REDIRECT + entry * 2, masked ? low | REDIRECT_MASKED : low & ~(uint32_t)REDIRECT_MASKED);
    lock_give_irq(&ioapic_lock, flags);
}

bool arch_irq_is_pending(unsigned vector) { return lapic_is_requested(vector); }

/* SDM vol. 3A, "Message Signalled Interrupts": fixed delivery, physical destination, edge. */
void arch_irq_message(uint32_t cpu, unsigned vector, struct irq_message *out_message)
{
    out_message->address = 0xfee00000 | (uint64_t)cpu_apic_id(cpu) << 12;
    out_message->data = vector;
}

void arch_irq_start(void)
{
    bool has_madt = acpi_get_interrupts(&found) == 0;

    if (!has_madt || found.legacy_pics)
        pic_retire();
    if (!lapic_start()) {
        log_warn("this CPU has no local APIC: there are no interrupts");
        machine_degraded("interrupts");
        return;
    }
    has_vectors = true;
    for (uint32_t i = 0; i < found.ioapics; i++)
        ioapic_start(i);
    cpu_interrupts_on();
}

static bool is_from_pic(unsigned vector)
{
    return vector >= VECTOR_PIC_FIRST && vector < VECTOR_PIC_FIRST + 16;
}

void arch_drain_call(uint32_t cpu) { lapic_send_between(cpu_apic_id(cpu), VECTOR_DRAIN); }

/* What takes long, so all other interrupts may come in between. */
static void drain(void)
{
    lapic_eoi();
    cpu_interrupts_on();
    drain_interrupt();
    cpu_interrupts_off();
}

/* A vector that no device has. False when it wants no end of interrupt. */
static bool own_interrupt(unsigned vector)
{
    if (vector == VECTOR_SPURIOUS || is_from_pic(vector)) {
        irq_count_spurious();
        return false;
    }
    if (vector == VECTOR_DRAIN) {
        drain();
        return false;
    }
    if (vector == VECTOR_TIMER)
        timer_interrupt();
    else if (vector == VECTOR_CALL)
        cpus_kicked();
    else if (vector == VECTOR_LAPIC_ERROR)
        lapic_tell_error();
    else
        return irq_dispatch(cpu_id(), vector) || lapic_in_service(vector);
    return true;
}

static void serve(unsigned vector)
{
    bool is_device = vector >= VECTOR_DEVICE_FIRST && vector < VECTOR_DEVICE_END;

    /* One that nobody attached to may be an INT instruction, of which the APIC knows nothing. */
    if (is_device ? irq_dispatch(cpu_id(), vector) || lapic_in_service(vector) : own_interrupt(vector))
        lapic_eoi();
}

/* Vector registers are the interrupted program's, and nobody saves them. A debug build sees to it: with CR0.TS the first instruction
 * that uses one faults (SDM vol. 3A, "Device Not Available Exception"). */
void interrupt(unsigned vector)
{
    uint64_t cr0;

    if (!INGOT_DEBUG)
        return serve(vector);
    cr0 = cr0_read();
    cr0_write(cr0 | CR0_TS);
    serve(vector);
    cr0_write(cr0);                      /* off still, when this one came into another handler */
}
