#include "core/log_ring.h"

#include <stdatomic.h>
#include <stddef.h>

#include <ingot/cpu.h>
#include <ingot/string.h>

#ifndef LOG_RING_CHUNKS
#define LOG_RING_CHUNKS 1024             /* a power of 2 */
#endif
enum { CHUNK_BYTES = 32, HEAD_BYTES = offsetof(struct log_entry, text) };

/* Positions count chunks, for ever: position modulo LOG_RING_CHUNKS is the place. A line that begins near the end runs on into the room
 * behind it, not to the start, so that each lies in one piece. Chunks are reserved in [tail, head). */
static uint8_t ring[LOG_RING_CHUNKS * CHUNK_BYTES + sizeof(struct log_entry)] __attribute__((section(".noinit"), aligned(8)));
static _Atomic uint32_t head, tail;
/* Position + 1 of the line that begins there, once it is whole; what older lines have left is never that. */
static _Atomic uint32_t whole[LOG_RING_CHUNKS];
/* Not told yet; where head was when the first of them was lost. */
static _Atomic uint32_t lost, lost_at;
static _Atomic uint32_t drainer;         /* cpu_id() + 1, 0: nobody */
static _Atomic bool seized;

/* The drainer's: a copy of the line at tail, which stays there until it is sent. */
static struct log_entry current __attribute__((section(".noinit")));
static uint32_t current_at;

static bool is_seized(void) { return atomic_load_explicit(&seized, memory_order_relaxed); }

static struct log_entry *entry_at(uint32_t position)
{
    return (struct log_entry *)(ring + position % LOG_RING_CHUNKS * CHUNK_BYTES);
}

static uint32_t chunks_of(const struct log_entry *entry)
{
    return (HEAD_BYTES + entry->bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
}

/* Acquire: whoever sees that it is whole sees its text. In one order with the drainer's role, see log_ring_drain(). */
static bool is_whole(uint32_t position)
{
    return atomic_load_explicit(&whole[position % LOG_RING_CHUNKS], memory_order_seq_cst) == position + 1;
}

static void lose(void)
{
    if (atomic_fetch_add_explicit(&lost, 1, memory_order_seq_cst) == 0)
        atomic_store_explicit(&lost_at, atomic_load_explicit(&head, memory_order_relaxed), memory_order_relaxed);
}

bool log_ring_try_put(const struct log_entry *entry)
{
    uint32_t at = atomic_load_explicit(&head, memory_order_relaxed), chunks = chunks_of(entry);

    do {
        /* Acquire: the drainer has read what lay there. Signed: tail may be ahead of a head that is out of date. */
        if ((int32_t)(at + chunks - LOG_RING_CHUNKS - atomic_load_explicit(&tail, memory_order_acquire)) > 0)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&head, &at, at + chunks, memory_order_relaxed, memory_order_relaxed));
    memcpy(entry_at(at), entry, HEAD_BYTES + entry->bytes);
    atomic_store_explicit(&whole[at % LOG_RING_CHUNKS], at + 1, memory_order_seq_cst);
    return true;
}

void log_ring_put(const struct log_entry *entry)
{
    if (!log_ring_try_put(entry))
        lose();
}

/* Passes over a line that nobody will finish, to the next one that is whole. */
static uint32_t pass_over(uint32_t from)
{
    uint32_t at = from;

    while (!is_whole(at) && at != atomic_load_explicit(&head, memory_order_relaxed))
        at++;
    if (at == from || !atomic_compare_exchange_strong_explicit(&tail, &from, at, memory_order_release, memory_order_relaxed))
        return from;
    lose();
    return at;
}

static bool get(void)
{
    uint32_t at = atomic_load_explicit(&tail, memory_order_relaxed);

    if (is_seized())
        at = pass_over(at);
    if (!is_whole(at))
        return false;
    memcpy(&current, entry_at(at), HEAD_BYTES + entry_at(at)->bytes);
    current_at = at;
    return true;
}

void log_ring_sent(const struct log_entry *entry)
{
    uint32_t at = current_at;               /* tail has moved on where a panic has seized the role, or the line was sent in one */

    if (entry == &current)
        atomic_compare_exchange_strong_explicit(&tail, &at, at + chunks_of(entry), memory_order_release, memory_order_relaxed);
}

/* Some are lost, and all that was before them has been sent. */
static bool loss_is_due(void)
{
    return atomic_load_explicit(&lost, memory_order_seq_cst) &&
           (int32_t)(atomic_load_explicit(&tail, memory_order_relaxed) - atomic_load_explicit(&lost_at, memory_order_relaxed)) >= 0;
}

/* A panic may be interrupted in its own draining, and nobody goes on with what was interrupted. */
static bool take_role(uint32_t me)
{
    uint32_t owner = 0;

    return atomic_compare_exchange_strong_explicit(&drainer, &owner, me, memory_order_seq_cst, memory_order_seq_cst) ||
           (owner == me && is_seized());
}

/* False also when a panic has seized the role, or keeps it. */
static bool give_role(uint32_t me)
{
    return !is_seized() &&
           atomic_compare_exchange_strong_explicit(&drainer, &me, 0, memory_order_seq_cst, memory_order_seq_cst);
}

/* Whoever seizes the role finds what was being sent still there, and sends it again; but a panic that faults in sending goes on behind it. */
static void send_line(log_ring_sender *send)
{
    if (is_seized())
        log_ring_sent(&current);
    send(&current, 0);
}

static void send_loss(log_ring_sender *send)
{
    uint32_t count = atomic_load_explicit(&lost, memory_order_relaxed);

    if (is_seized())
        atomic_fetch_sub_explicit(&lost, count, memory_order_relaxed);
    send(NULL, count);
    if (!is_seized())
        atomic_fetch_sub_explicit(&lost, count, memory_order_relaxed);
}

static void drain(uint32_t me, log_ring_sender *send, bool (*may_send)(void))
{
    while (atomic_load_explicit(&drainer, memory_order_relaxed) == me && may_send()) {
        if (loss_is_due())
            send_loss(send);
        else if (get())
            send_line(send);
        else
            break;
    }
    if (atomic_load_explicit(&drainer, memory_order_relaxed) == me)
        send(NULL, 0);
}

static bool has_work(void)
{
    return is_whole(atomic_load_explicit(&tail, memory_order_relaxed)) || loss_is_due();
}

/* Writer: marks its line whole, then looks at the role. Drainer: gives the role up, then looks for lines. All four are sequentially
 * consistent, so one of the two sees what the other has done. The same holds for who makes room in a sink, then looks at the role. */
void log_ring_drain(log_ring_sender *send, bool (*may_send)(void))
{
    uint32_t me = cpu_id() + 1;

    do {
        if (!take_role(me))
            return;
        drain(me, send, may_send);
    } while (give_role(me) && has_work() && may_send());
}

void log_ring_seize(void)
{
    atomic_store_explicit(&seized, true, memory_order_relaxed);
    atomic_store_explicit(&drainer, cpu_id() + 1, memory_order_seq_cst);
}

bool log_ring_is_filling(void)
{
    return log_ring_end() - atomic_load_explicit(&tail, memory_order_relaxed) > LOG_RING_CHUNKS / 2 &&
           atomic_load_explicit(&drainer, memory_order_relaxed) != cpu_id() + 1;
}

uint32_t log_ring_end(void)
{
    return atomic_load_explicit(&head, memory_order_relaxed);
}

bool log_ring_has_sent(uint32_t end)
{
    return (int32_t)(atomic_load_explicit(&tail, memory_order_relaxed) - end) >= 0;
}

/* What begins more than a ring less one line behind head may have been written over. */
const struct log_entry *log_ring_before(uint32_t *end)
{
    const uint32_t line_chunks = sizeof(struct log_entry) / CHUNK_BYTES + 1;
    uint32_t newest = log_ring_end();

    for (uint32_t at = *end - 1; newest - at + line_chunks <= LOG_RING_CHUNKS; at--)
        if (is_whole(at)) {
            *end = at;
            return entry_at(at);
        }
    return NULL;
}
