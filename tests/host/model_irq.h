/* Interrupts for drivers on register models: who attached to which line or message. Nothing comes by itself: the test calls the handler. */
#pragma once

#include <ingot/irq.h>

enum { MODEL_IRQS_MAX = 32 };

struct irq {
    struct irq_wish wish;
    uint32_t line;                       /* UINT32_MAX: messages */
    bool attached;
};

struct model_irqs {
    unsigned count;
    struct irq irq[MODEL_IRQS_MAX];
    uint32_t lines;                      /* lines that there are: 0 to this one less */
    uint64_t message_address;
    bool no_vectors;                     /* nobody can attach */
    bool (*is_pending)(const struct irq *irq);
};
extern struct model_irqs model_irqs;
