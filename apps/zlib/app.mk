# zlib's own tests. See zlib.mk for the library itself.

LIBC    := 1
include apps/zlib/zlib.mk
SOURCES := main.c $(zlib_sources)
CFLAGS  := $(zlib_flags)
