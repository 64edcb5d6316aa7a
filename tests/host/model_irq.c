#include "tests/host/model_irq.h"

#include <stddef.h>

#include <ingot/error.h>

struct model_irqs model_irqs;

static int attach(uint32_t line, const struct irq_wish *wish, struct irq **out_irq)
{
    if (model_irqs.no_vectors || model_irqs.count == MODEL_IRQS_MAX)
        return ERR_FULL;
    *out_irq = &model_irqs.irq[model_irqs.count++];
    **out_irq = (struct irq){ .wish = *wish, .line = line, .attached = true };
    return 0;
}

int irq_attach(uint32_t line, const struct irq_wish *wish, struct irq **out_irq)
{
    return line < model_irqs.lines ? attach(line, wish, out_irq) : ERR_NOT_FOUND;
}

int irq_attach_message(const struct irq_wish *wish, struct irq **out_irq, struct irq_message *out_message)
{
    *out_message = (struct irq_message){ .address = model_irqs.message_address, .data = 0x40 + model_irqs.count };
    return attach(UINT32_MAX, wish, out_irq);
}

bool irq_is_pending(const struct irq *irq) { return model_irqs.is_pending(irq); }
void irq_detach(struct irq *irq) { irq->attached = false; }

bool irq_stats(unsigned index, struct irq_stats *out_stats)
{
    if (index >= model_irqs.count)
        return false;
    *out_stats = (struct irq_stats){ .line = model_irqs.irq[index].attached ? model_irqs.irq[index].line : UINT32_MAX };
    return true;
}

uint32_t irq_isa_line(uint8_t isa) { return isa == 0 ? 2 : isa; }
