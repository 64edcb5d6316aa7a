#include "core/symbol_model.h"

enum { LEARNING = 26, FIRST_WEIGHT = 20000, COUNT = 15, NEUTRAL = SYMBOL_ONE / 2 << 4, KEPT_FOR = 16, OFTEN = 2, SURE = 2047 };
enum { KIND_TEXT = SYMBOL_KINDS - 2 };         /* names and paths: weights by how many contexts are known */

/* SYMBOL_ONE / (1 + exp(-value / 256)) */
static int squash(int value)
{
    static const uint16_t at[33] = {
        1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2047,
        2549, 2994, 3348, 3607, 3785, 3901, 3975, 4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094,
    };
    int step, part = value & 127;

    if (value > SURE)
        return SYMBOL_ONE - 1;
    if (value < -SURE)
        return 1;
    step = (value >> 7) + 16;
    return (at[step] * (128 - part) + at[step + 1] * part + 64) >> 7;
}

void symbol_model_start(struct symbol_model *model)
{
    int next = 0, *weight = &model->weight[0][0][0];

    for (unsigned i = 0; i < SYMBOL_SLOTS; i++) {
        model->state[i] = NEUTRAL;
        model->check[i] = 0;
    }
    for (int value = -SURE; value <= SURE; value++)
        for (int chance = squash(value); next <= chance; next++)
            model->stretched[next] = (int16_t)value;
    while (next < SYMBOL_ONE)
        model->stretched[next++] = SURE;
    for (unsigned i = 0; i < sizeof(model->weight) / sizeof(*weight); i++)
        weight[i] = FIRST_WEIGHT;
    model->misses = 0;
}

/* The slot of a context. One that another context uses often is left to it, most times, and this one has no opinion. */
static uint16_t *find_slot(struct symbol_model *model, unsigned context, uint32_t hash)
{
    uint32_t index = (uint32_t)((uint64_t)hash * SYMBOL_SLOTS >> 32);
    uint8_t check = (uint8_t)hash;

    if (model->check[index] == check)
        return &model->state[index];
    if ((model->state[index] & COUNT) > OFTEN && model->misses++ % KEPT_FOR) {
        model->state[index]--;
        model->spare[context] = NEUTRAL;
        return &model->spare[context];
    }
    model->check[index] = check;
    model->state[index] = NEUTRAL;
    return &model->state[index];
}

unsigned symbol_model_guess(struct symbol_model *model, const struct symbol_place *place, uint32_t node)
{
    unsigned known = 0, set;
    int64_t sum = 0;

    for (unsigned i = 0; i < place->contexts; i++) {
        uint32_t hash = symbol_hash(symbol_hash(place->context[i], place->kind * SYMBOL_CONTEXTS + i), node);

        model->slot[i] = find_slot(model, i, hash);
        model->opinion[i] = model->stretched[*model->slot[i] >> 4];
        known += (*model->slot[i] & COUNT) > 0;
    }
    set = place->kind >= KIND_TEXT ? known : node < 7 ? node : 7;
    model->weights = model->weight[place->kind][set];
    model->contexts = place->contexts;
    for (unsigned i = 0; i < place->contexts; i++)
        sum += (int64_t)model->weights[i] * model->opinion[i];
    sum >>= 16;
    model->chance = (unsigned)squash(sum > SURE ? SURE + 1 : sum < -SURE ? -SURE - 1 : (int)sum);
    return model->chance;
}

void symbol_model_learn(struct symbol_model *model, unsigned bit)
{
    int error = ((int)(bit << 12) - (int)model->chance) * LEARNING;

    for (unsigned i = 0; i < model->contexts; i++) {
        int chance = *model->slot[i] >> 4, count = *model->slot[i] & COUNT;

        model->weights[i] += (model->opinion[i] * error + 0x8000) >> 16;
        chance += ((bit ? SYMBOL_ONE - 1 : 0) - chance) * 2 / (2 * count + 3);      /* 1 / (count + 1.5) */
        chance = chance < 1 ? 1 : chance > SYMBOL_ONE - 2 ? SYMBOL_ONE - 2 : chance;
        *model->slot[i] = (uint16_t)(chance << 4 | (count < COUNT ? count + 1 : COUNT));
    }
}
