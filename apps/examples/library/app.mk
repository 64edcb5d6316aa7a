# A library is its sources, added to the program's own. zlib.mk fetches them, and says what they are.
include apps/zlib/zlib.mk

LIBC    := 1
SOURCES := main.c $(zlib_sources)
CFLAGS  := $(zlib_flags)
