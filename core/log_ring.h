/* The log's memory: a ring of lines that any CPU may add to, in any context, NMI and machine check included, without waiting for anybody;
 * and the role of draining it, which one CPU has at a time.
 *
 * A writer reserves room by moving head (compare and swap: whoever fails does so because another one got on), copies its line there and
 * marks it whole. The drainer goes up to the first line that is not whole yet. No line stays behind: whoever has made one whole asks
 * for the role, and whoever gives the role up looks once more. A line for which there is no room is counted, not waited for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ingot/log.h>

struct log_entry {
    uint64_t stamp;                      /* clock_stamp() */
    const char *subsystem;               /* valid for ever */
    uint16_t cpu;
    uint8_t level;                       /* enum log_level, or LOG_RAW */
    uint8_t bytes;                       /* of text; it has no NUL */
    bool recorded;                       /* when it was made: no sink would take it then */
    char text[LOG_LINE_BYTES];
};
_Static_assert(LOG_LINE_BYTES <= 256, "bytes tells how long a text is");

enum { LOG_RAW = 0, LOG_TEXT = 0xff };   /* a line without a prefix; text as it stands, no line of its own */

/* Adds a line, or counts it as lost. Any context, any CPU; switch interrupts off around it, so that only an NMI can come in between and
 * the lines of others wait for this one no longer than for that. */
void log_ring_put(const struct log_entry *entry);

/* The same for who can wait: false, and nothing is counted, when there is no room. */
bool log_ring_try_put(const struct log_entry *entry);

/* Gets lines one after the other, valid until it returns, and calls log_ring_sent(line) for each. Lines that were lost come as their number,
 * with line NULL, where they are missing. Where there are none for now, it is called with neither, once for several. */
typedef void log_ring_sender(const struct log_entry *line, uint32_t lost);

/* Hands what is whole to send until nothing is left, or may_send() says no: then whoever makes it say yes calls this again. Returns at
 * once where another CPU, or what this one was interrupted in, does so already. Any context, any CPU. */
void log_ring_drain(log_ring_sender *send, bool (*may_send)(void));

/* For the sender: line needs not be sent again when a panic seizes the role. Does nothing to lines that are not from the ring. */
void log_ring_sent(const struct log_entry *line);

/* For a panic: this CPU is the drainer from now on, wherever the one before was stopped, and begins with the line that was not sent yet. It
 * passes over lines whose writers were stopped in the middle, which count as lost. Lines that send makes are drained within it. */
void log_ring_seize(void);

/* So much waits that lines may be lost soon, and it is not this CPU that drains. Any context. */
bool log_ring_is_filling(void);

/* The end of what was put in so far, and whether all up to such an end is sent. Any context. */
uint32_t log_ring_end(void);
bool log_ring_has_sent(uint32_t end);

/* The last line before position *end that is still in memory, sent or not, and where it begins; NULL when there is none. For a panic. */
const struct log_entry *log_ring_before(uint32_t *end);
