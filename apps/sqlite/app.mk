# SQLite's shell from Debian's source package, unchanged; system.c has what it asks of a system with users. Its database is in memory,
# and words of the command line are the shell's.
# As Debian does, its one large file is put together from the sources by their own makefile, which needs tclsh.

sqlite_version := 3.40.1-2+deb12u2
sqlite_file    := sqlite3_3.40.1.orig.tar.xz
sqlite_sha256  := aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655
sqlite         := $(CURDIR)/build/sources/sqlite3-3.40.1
sqlite_sources := $(sqlite)/made/sqlite3.c $(sqlite)/made/shell.c

LIBC    := 1
SOURCES := system.c $(sqlite_sources)
# No threads, no libraries at run time, no other programs; temporary tables are in memory, and files are not mapped. -w: gcc warns of
# functions that are then not used.
CFLAGS  := -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_NOHAVE_SYSTEM -DSQLITE_OMIT_POPEN -DSQLITE_TEMP_STORE=3 \
	-DSQLITE_MAX_MMAP_SIZE=0 -DSQLITE_OMIT_WAL -DHAVE_READLINE=0 -w

$(sqlite_sources) &: $(sqlite)/main.mk
	tools/packages.sh sqlite
	@mkdir -p $(sqlite)/made
	cd $(sqlite)/made && $(MAKE) --no-print-directory -f ../main.mk TOP=$(sqlite) BCC=gcc TCC=gcc NAWK=awk sqlite3.c shell.c \
		>log 2>&1 || { cat log; exit 1; }
	touch $(sqlite_sources)
$(sqlite)/main.mk:
	tools/source.sh sqlite3 $(sqlite_version) $(sqlite_file) $(sqlite_sha256) build/sources
	tar xJf build/sources/$(sqlite_file) -C build/sources
	touch $@
