/* The console as a terminal, for descriptors 0 to 2: lines that are edited as they are typed, or single keys (termios). -errno on failure. */
#pragma once

#include <sys/uio.h>

/* What has been typed: a line, or in raw mode what there is, waiting as VMIN and VTIME say. 0: the end of the file (Ctrl-D on an empty
 * line). CPU 0, not in interrupts. */
long terminal_read(const struct iovec *vector, long count);

/* Text; all of it, and no other CPU's text in between; of up to 250 bytes of a line not the log's or an interrupt's either. Any CPU, not in interrupts. */
long terminal_write(const struct iovec *vector, long count);

/* ioctl(): TCGETS, TCSETS and its kind, TIOCGWINSZ. */
long terminal_control(long request, void *argument);
