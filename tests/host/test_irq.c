/* Interrupts' handlers (core/irq.c) on a machine of one CPU whose controller does as it is told: what is told of lines that nobody claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/irq.h"

#include <ingot/cpu.h>
#include <ingot/irq.h>
#include <ingot/pages.h>
#include <ingot/panic.h>
#include <ingot/time.h>

#include "tests/host/model_log.h"

enum { LINE = 4 };

static uint64_t now_ns;
static bool masked[16];

uint32_t cpu_count(void) { return 1; }
uint32_t cpu_id(void) { return 0; }
uintptr_t cpu_local_distance(void) { return 0; }
uintptr_t cpu_distance(uint32_t cpu) { return cpu; }
void cpu_interrupts_on(void) { }
uint64_t cpu_interrupts_off(void) { return 0; }
uint64_t time_ns(void) { return now_ns; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }
void cpu_relax(void) { }
_Noreturn void panic_code(const char *code, const char *pattern, ...) { (void)code, (void)pattern; abort(); }
void *pages_alloc(size_t count, size_t alignment, uint64_t limit) { (void)alignment, (void)limit; return calloc(count, 4096); }
void cpu_join(struct cpu_job *job) { (void)job; }

int cpu_interrupt(uint32_t cpu, struct cpu_job *job, void (*run)(void *argument), void *argument)
{
    (void)cpu, (void)job;
    run(argument);
    return 0;
}

unsigned arch_irq_first_vector(void) { return 0x30; }
unsigned arch_irq_end_vector(void) { return 0xf0; }
int arch_irq_route(uint32_t line, uint32_t cpu, unsigned vector) { (void)line, (void)cpu, (void)vector; return 0; }
void arch_irq_set_masked(uint32_t line, bool is_masked) { masked[line] = is_masked; }
bool arch_irq_is_pending(unsigned vector) { (void)vector; return false; }
void arch_irq_message(uint32_t cpu, unsigned vector, struct irq_message *out_message) { (void)cpu, (void)vector, (void)out_message; }

/* ---- lines ---- */

static enum irq_answer answer;
static enum irq_answer say(void *argument) { (void)argument; return answer; }

static struct irq *irq;
static struct irq_stats stats;

static void attach(uint32_t line)
{
    log_forget();
    assert_int_equal(irq_attach(line, &(struct irq_wish){ .name = "com", .handler = say }, &irq), 0);
    assert_true(irq_stats(0, &stats));
}

/* A millisecond apart: no storm. */
static void come(enum irq_answer with, unsigned times)
{
    answer = with;
    while (times--) {
        now_ns += 1000000;
        assert_true(irq_dispatch(0, stats.vector));
    }
}

static unsigned told(void) { return log_told("com: vector 48 came, and no handler says that it is his; told once"); }

static void a_line_of_nobody_is_told_once(void **state)
{
    (void)state;
    attach(LINE);
    come(IRQ_NOT_MINE, 1);
    assert_int_equal(told(), 1);
    come(IRQ_NOT_MINE, 100);
    assert_int_equal(told(), 1);
    irq_detach(irq);
}

/* As a UART's do: a byte comes while the one before is read, and is read with it. */
static void an_edge_for_what_was_served_is_no_news(void **state)
{
    (void)state;
    attach(LINE);
    come(IRQ_MINE, 1);
    for (unsigned i = 0; i < 1000; i++) {
        come(IRQ_NOT_MINE, 1 + i % 16);
        come(IRQ_MINE, 1);
    }
    come(IRQ_NOT_MINE, 16);
    assert_int_equal(told(), 0);
    come(IRQ_NOT_MINE, 1);
    assert_int_equal(told(), 1);
    irq_detach(irq);
}

static void a_storm_is_masked_whoever_claims_it(void **state)
{
    (void)state;
    for (answer = IRQ_NOT_MINE; answer <= IRQ_MINE; answer++) {
        attach(LINE);
        for (unsigned i = 0; i < 2 * IRQ_STORM_PER_MS * IRQ_STORM_MS && !masked[LINE]; i++) {
            now_ns += 1000;
            irq_dispatch(0, stats.vector);
        }
        assert_true(masked[LINE]);
        assert_int_equal(log_told("com: a storm, 4000 interrupts in"), 1);
        irq_detach(irq);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_nobody_is_told_once),
        cmocka_unit_test(an_edge_for_what_was_served_is_no_news),
        cmocka_unit_test(a_storm_is_masked_whoever_claims_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
