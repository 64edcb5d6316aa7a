# Applications. APP names the folder, in this tree or outside it. Its app.mk, which it need not have, may say:
#
#   LIBC = 1                    with the C library (apps/libc): it is a program as for any other system
#   SOURCES = a.c src/b.c       what belongs to it; else all .c and .S files of the folder
#   CFLAGS = -DX=1 -Wno-shadow  flags behind Ingot's own
#   ARCH_FLAGS = -march=haswell what the compiler may use besides SSE2; a CPU without it is told so before main
#   DATA = data                 with the C library: files and folders that the program finds by the same names; else data/ if it is there
#   STACK = 1M                  what main's stack holds, in bytes or with K or M; else 64K, with the C library 8M
#   CPUS = 4                    how many CPUs `make run` gives the machine
#
# The same may be said on make's command line, or in a Makefile of the application's own (application.mk).

APP ?= apps/monitor

LIBC       := 0
SOURCES    := $(sort $(wildcard $(APP)/*.c $(APP)/*.S))
CFLAGS     :=
ARCH_FLAGS :=
DATA       := $(patsubst $(APP)/%,%,$(wildcard $(APP)/data))
STACK       = $(if $(filter 1,$(LIBC)),8M,0)
CPUS       := 1
-include $(APP)/app.mk

ifeq ($(filter new clean help check,$(MAKECMDGOALS)),)
ifeq ($(wildcard $(APP)/.),)
$(error APP=$(APP): there is no such folder; `make new APP=$(APP)` makes one)
endif
app_strangers := $(notdir $(wildcard $(APP)/*.cpp $(APP)/*.cc $(APP)/*.cxx $(APP)/*.C $(APP)/*.rs))
ifneq ($(app_strangers),)
$(error $(APP) has sources that are not C: $(app_strangers). Applications are written in C and assembly (.c and .S))
endif
ifeq ($(SOURCES),)
$(error $(APP) has no sources: no .c or .S file lies in it, and its app.mk has no line SOURCES = ...)
endif
ifeq ($(filter 0 1,$(LIBC)),)
$(error LIBC is 0 or 1, not '$(LIBC)')
endif
endif

app_name    := $(notdir $(abspath $(APP)))
app_out     := $(OUT)/app/$(app_name)-$(shell echo "$(abspath $(APP))" | cksum | cut -d' ' -f1)
# In the folder, unless the name begins at the root or with the folder itself.
app_sources := $(foreach source,$(SOURCES),$(if $(filter /% $(APP)/%,$(source)),$(source),$(APP)/$(source)))
app_object   = $(app_out)/$(subst ..,up,$(patsubst $(APP)/%,%,$(1))).o
app_own     := $(foreach source,$(app_sources),$(call app_object,$(source)))

# An application may use floating point and vectors: the core switches them on, and interrupt handlers leave them alone.
gcc_include := $(shell gcc -print-file-name=include)
APP_CFLAGS   = $(TARGET_CFLAGS) -O2 -ffile-prefix-map=$(abspath $(APP))=$(app_name) -include apps/main.h
APP_CFLAGS  += -nostdinc $(if $(filter 1,$(LIBC)),-isystem $(libc)/include) -isystem $(gcc_include) -idirafter apps/include    # not this machine's own headers
APP_CFLAGS  += $(if $(filter tests/%,$(APP)),-I.)          # tests may look at anything
APP_CFLAGS  += $(if $(filter 1,$(LIBC)),$(LIBC_APP_CFLAGS)) $(ARCH_FLAGS) $(CFLAGS)

# What goes wrong in an application's sources is said a second time, in a sentence, where one is known.
explain = || { $(PYTHON) tools/explain.py $(LIBC) $(APP) $(1); exit 1; }

# Flags are part of what an object is made of.
$(app_out)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(APP_CFLAGS)' | cmp -s - $@ || echo '$(APP_CFLAGS)' >$@

app_compile = gcc $(APP_CFLAGS) -c -o $@ $<
# The library's headers are made first: rules name what they need when they are read.
libc_headers := $(if $(filter 1,$(LIBC)),$(OUT)/libc/include/bits/alltypes.h)
define app_rule
$(call app_object,$(1)): $(1) core/core.mk apps/main.h $(app_out)/flags $(libc_headers)
	@mkdir -p $$(@D)
	$$(tell)$$(app_compile) $$(call explain,$$(app_compile))
endef
$(foreach source,$(app_sources),$(eval $(call app_rule,$(source))))

$(app_out)/name.o: $(app_out)/flags
	@mkdir -p $(@D)
	printf '%s\n' '#include <stdint.h>' 'extern const char application_name[]; const char application_name[] = "$(app_name)";' \
		'extern const uint64_t application_stack_bytes; const uint64_t application_stack_bytes = $(subst K,*1024,$(subst M,*1048576,$(STACK)));' | \
		$(CC) $(TARGET_CFLAGS) -xc -c -o $@ -

# What the compiler was allowed to use is looked for before main (ARCH_FLAGS). Who looks must not use it: only its #if see the flags.
$(app_out)/features.o: core/$(ARCH)/features.c $(app_out)/flags
	$(CC) $(filter-out -MMD -MP,$(TARGET_CFLAGS)) $(ARCH_FLAGS) -I. -E -o $(@:.o=.i) $<
	gcc $(filter-out -MMD -MP,$(TARGET_CFLAGS)) -O2 -mgeneral-regs-only -c -o $@ $(@:.o=.i)

app_objects := $(app_own) $(app_out)/name.o $(if $(strip $(ARCH_FLAGS)),$(app_out)/features.o)
include apps/libc/libc.mk

-include $(app_own:.o=.d)
