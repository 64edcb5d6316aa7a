# The C library for applications that ask for it (LIBC = 1): fetched as Debian's source package of musl, built by musl.mk.

musl_version := 1.2.3-1
musl_file    := musl_1.2.3.orig.tar.gz
musl_sha256  := 7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4
musl         := build/sources/musl-1.2.3
libc         := $(OUT)/libc

# Programs of others: warnings are shown, and are no errors. What gcc knows about standard functions holds.
LIBC_APP_CFLAGS := -fhosted -fbuiltin -std=gnu17 -Wno-error -Wno-shadow -Wno-missing-prototypes -Wno-sign-compare -Wno-unused-parameter \
	-Werror=main -D__ingot__

# The library itself has Ingot's flags but for what musl answers for itself.
LIBC_CFLAGS = $(filter-out -g -std=% $(WARNINGS) -MMD -MP,$(TARGET_CFLAGS)) -g1 -idirafter $(gcc_include)

ifeq ($(LIBC),1)
libc_archive := $(libc)/libc.a
libc_ldflags := --wrap=main --wrap=malloc --wrap=calloc --wrap=aligned_alloc
app_objects  := $(filter-out $(app_own),$(app_objects)) $(app_out)/program.o $(app_out)/data.o
endif

# The names of a program are its own: none of the core's, which it has never heard of, is in its way.
$(app_out)/program.o: $(app_own)
	$(LD) -r --unique -o $@.all $^
	objcopy --keep-global-symbol=main $@.all $@

$(musl)/VERSION:
	tools/source.sh musl $(musl_version) $(musl_file) $(musl_sha256) build/sources
	tar xzf build/sources/$(musl_file) -C build/sources
	touch $@
$(libc)/include/bits/alltypes.h $(libc)/libc.a: $(libc)/made
$(libc)/made: $(musl)/VERSION $(wildcard apps/libc/*.[ch] apps/libc/arch/*.h apps/libc/*.mk core/include/ingot/*.h) core/core.mk
	$(tell)$(MAKE) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2) --no-print-directory -f apps/libc/musl.mk \
		OUT=$(OUT) ARCH=$(ARCH) musl=$(musl) LIBC_CFLAGS='$(LIBC_CFLAGS)' $(libc)/libc.a
	touch $@

# The files of DATA, by the names that they have in the folder.
$(app_out)/data.S: FORCE
	@mkdir -p $(@D)
	@tools/embed.sh $(APP) $(DATA) >$@.new
	@cmp -s $@.new $@ || cp $@.new $@
$(app_out)/data.o: $(app_out)/data.S $(if $(DATA),$(shell find -L $(addprefix $(APP)/,$(DATA)) -type f 2>/dev/null))
	$(CC) -c -o $@ $<
