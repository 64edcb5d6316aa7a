# zlib from Debian's source package, unchanged: an application that wants it includes this, and adds $(zlib_sources) and $(zlib_flags).

zlib_version := 1:1.2.13.dfsg-1
zlib_file    := zlib_1.2.13.dfsg.orig.tar.bz2
zlib_sha256  := 71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1
zlib         := $(CURDIR)/build/sources/zlib-1.2.13.dfsg
zlib_sources := $(patsubst %,$(zlib)/%.c,adler32 compress crc32 deflate gzclose gzlib gzread gzwrite infback inffast inflate inftrees \
	trees uncompr zutil)
zlib_flags   := -I$(zlib) -DHAVE_UNISTD_H -Wno-array-bounds     # infcover goes out of them, as a test

$(zlib_sources) $(APP)/main.c: | $(zlib)/zlib.h
$(zlib)/zlib.h:
	tools/source.sh zlib $(zlib_version) $(zlib_file) $(zlib_sha256) build/sources
	tar xjf build/sources/$(zlib_file) -C build/sources
	touch $@
