/* The log's inside, for the core's own files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines are kept in memory until this is called, then go to every serial port and the screen: the loader's own lines first (to
 * the screen, and to the ports that have not seen them), then those kept. Boot CPU, once. */
void log_open(const char *loader_log);

/* Sets levels as log= says: words with commas between, each a level for all subsystems or SUBSYSTEM:LEVEL, or json, or now. What makes no sense is
 * told and passed over. NULL is nothing. Boot CPU. */
void log_set_levels(const char *text);

/* From now on a line on a serial port is one JSON object: ns (since power-on), cpu, level ("raw" where a line has no prefix), subsystem, text.
 * The screen is for people and stays as it is. Boot CPU, before log_open(). */
void log_use_json(void);

/* From now on this CPU sends all lines, its own and what the others have left, and no sink is spared: somebody is dying. What was on its way
 * to a serial port is sent once more, whole. Any context, after the other CPUs were stopped. */
void log_panic_mode(void);

/* Where the log ends, and so many lines before such a place once more, for who reads only the panic. In a panic. */
uint32_t log_end_now(void);
void log_tell_last(uint32_t end, unsigned lines);

/* From now on callers leave the sinks to others (core/drain.h): a line is out soon after its call has returned. Boot CPU, after drain_start(). */
void log_send_later(void);

/* Not so, whatever is said later: log=now. Boot CPU. */
void log_use_now(void);

/* Sends out what is kept, unless another CPU, or what this one was interrupted in, is at it. Any context. */
void log_drain(void);

/* The same while may_go_on() says so. True when something is left. */
bool log_drain_while(bool (*may_go_on)(void));

/* Has others do so, where they do; any context. */
void log_drain_soon(void);

/* The machine is about to be switched off, reset or halted: log_flush(), and from now on a line is out when its call returns. */
void log_end(void);

/* Text to all sinks as it stands, in its place among the lines: for the console. Control characters are the caller's business. Up to 255 bytes
 * stay together. Where interrupts are on it waits for room, within a second. Any context. */
void log_text(const char *text, size_t bytes);

/* The cursor stands behind a prompt, or no longer does. A log line takes the prompt away first, which log_took_prompt() tells: then it is
 * to be drawn anew. One CPU. */
void log_at_prompt(void);
void log_left_prompt(void);
bool log_took_prompt(void);
