# The C library: musl's own sources, unchanged, and what they stand on here. libc.mk starts this once the sources lie in $(musl).
# In:  OUT, ARCH, musl, LIBC_CFLAGS.  Out: $(OUT)/libc/libc.a and $(OUT)/libc/include.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

lib  := $(OUT)/libc
tell = $(if $(V),,@)

# What makes sense without processes, users, networks and threads. A call that is not here is not found by the linker, which says so
# of the program's own line.
folders := complex ctype dirent fenv internal locale math multibyte prng regex search setjmp stat stdio stdlib string temp termios time
files   := \
	env/__environ env/clearenv env/getenv env/putenv env/secure_getenv env/setenv env/unsetenv errno/__errno_location errno/strerror \
	exit/_Exit exit/abort_lock exit/at_quick_exit exit/atexit exit/exit exit/quick_exit \
	fcntl/creat fcntl/fcntl fcntl/open fcntl/openat legacy/err legacy/ftw legacy/getpagesize legacy/valloc \
	malloc/memalign malloc/posix_memalign malloc/reallocarray misc/a64l misc/basename misc/dirname misc/ffs misc/ffsl misc/ffsll \
	misc/getopt misc/getopt_long misc/getsubopt misc/ioctl misc/nftw misc/realpath misc/uname \
	signal/block signal/kill signal/psignal signal/raise signal/restore signal/sigaction signal/sigaddset signal/sigandset signal/sigdelset \
	signal/sigemptyset signal/sigfillset signal/sigisemptyset signal/sigismember signal/siglongjmp signal/signal signal/sigorset \
	signal/sigpending signal/sigprocmask signal/sigsetjmp signal/sigsetjmp_tail thread/pthread_sigmask \
	thread/__lock thread/__syscall_cp thread/__wait \
	unistd/_exit unistd/access unistd/chdir unistd/close unistd/dup unistd/dup2 unistd/dup3 unistd/fsync unistd/fdatasync unistd/ftruncate unistd/getcwd \
	unistd/getpid unistd/getuid unistd/geteuid unistd/getgid unistd/getegid unistd/isatty unistd/lseek unistd/posix_close unistd/pread \
	unistd/pwrite unistd/read unistd/readv unistd/readlink unistd/rmdir unistd/sleep unistd/truncate unistd/ttyname_r unistd/ttyname \
	unistd/unlink unistd/usleep unistd/write unistd/writev
left_out := internal/defsysinfo internal/vdso internal/version stdio/popen stdio/pclose time/timer_% \
	time/clock_getcpuclockid time/clock_settime time/times time/getdate time/utime stat/mknod% stat/mkfifo% stat/fchmod% stat/lchmod \
	stat/statvfs stat/__xstat stat/futim% stat/utimensat time/ftime
# These write below the stack pointer, where interrupts do: fenv.c, and the portable ones instead.
left_out += fenv/fenv
portable := fenv/fenv math/exp2l math/expm1l

found    := $(patsubst $(musl)/src/%.c,%,$(wildcard $(addsuffix /*.c,$(addprefix $(musl)/src/,$(folders))))) $(files)
found    := $(filter-out $(left_out),$(found))
# A file of a folder's $(ARCH) takes the place of the portable one.
for_cpu  := $(patsubst $(musl)/src/%,%,$(foreach each,$(filter-out $(portable),$(found)),\
	$(wildcard $(foreach suffix,c s S,$(musl)/src/$(dir $(each))$(ARCH)/$(notdir $(each)).$(suffix)))))
replaced := $(subst /$(ARCH)/,/,$(basename $(for_cpu)))
sources  := $(addsuffix .c,$(filter-out $(replaced),$(found))) $(for_cpu)
# Functions that are there in assembly only.
sources  := $(sort $(sources) $(patsubst $(musl)/src/%,%,$(wildcard $(musl)/src/setjmp/$(ARCH)/*.s $(musl)/src/math/$(ARCH)/__invtrigl.s)))
glue     := $(sort $(wildcard apps/libc/*.c))

objects  := $(sources:%=$(lib)/musl/%.o) $(glue:apps/libc/%=$(lib)/%.o)
bits     := $(lib)/include/bits/alltypes.h $(lib)/include/bits/syscall.h $(lib)/arch/bits/syscall.h $(lib)/arch/bits/ingot_calls.h

# musl's own flags, and Ingot's.
FLAGS = $(LIBC_CFLAGS) -std=gnu11 -nostdinc -ffreestanding -fexcess-precision=standard -frounding-math -O2 -w -D_XOPEN_SOURCE=700 \
	-I$(lib)/arch -Iapps/libc/arch -I$(musl)/arch/$(ARCH) -I$(musl)/arch/generic -I$(musl)/src/include -I$(musl)/src/internal -I$(musl) \
	-I$(lib)/include
GLUE_FLAGS = $(LIBC_CFLAGS) -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror -O2 -nostdinc -ffreestanding -D_GNU_SOURCE \
	-isystem $(lib)/include

$(lib)/libc.a: $(objects)
	@rm -f $@
	$(tell)ar rcsD $@ $^

$(lib)/musl/%.c.o: $(musl)/src/%.c $(bits) apps/libc/musl.mk $(wildcard apps/libc/arch/*.h)
	@mkdir -p $(@D)
	$(tell)gcc $(FLAGS) -c -o $@ $<
$(lib)/musl/%.s.o: $(musl)/src/%.s apps/libc/musl.mk
	@mkdir -p $(@D)
	$(tell)gcc -c -o $@ $<
$(lib)/%.c.o: apps/libc/%.c $(bits) apps/libc/musl.mk
	@mkdir -p $(@D)
	$(tell)gcc $(if $(filter %/thread.c.o,$@),$(FLAGS),$(GLUE_FLAGS)) -MMD -MP -c -o $@ $<

$(lib)/include/bits/alltypes.h: $(musl)/arch/$(ARCH)/bits/alltypes.h.in $(musl)/include/alltypes.h.in $(musl)/tools/mkalltypes.sed
	@mkdir -p $(lib)/include
	@cp -R $(musl)/include/. $(musl)/arch/generic/bits $(musl)/arch/$(ARCH)/bits $(lib)/include/
	@rm -f $(lib)/include/*.in $(lib)/include/bits/*.in
	@sed -f $(musl)/tools/mkalltypes.sed $(filter %.in,$^) >$@
$(lib)/include/bits/syscall.h: $(musl)/arch/$(ARCH)/bits/syscall.h.in $(lib)/include/bits/alltypes.h
	@{ cat $<; sed -n s/__NR_/SYS_/p $<; } >$@
# A call's number is the address of the function of its name.
calls = $(musl)/arch/$(ARCH)/bits/syscall.h.in
$(lib)/arch/bits/syscall.h: $(calls)
	@mkdir -p $(@D)
	@sed -n 's/^#define __NR_\(\w*\).*/#define __NR_\1 ((long)call_\1)\n#define SYS_\1 ((long)call_\1)/p' $< >$@
$(lib)/arch/bits/ingot_calls.h: $(calls)
	@mkdir -p $(@D)
	@sed -n 's/^#define __NR_\(\w*\).*/__attribute__((visibility("hidden"))) long call_\1(long, long, long, long, long, long);/p' $< >$@

-include $(glue:apps/libc/%=$(lib)/%.d)
