# The core: everything an application stands on, linked with drivers and application into one ELF that the loader carries.

core_sources := \
	core/start.c core/handoff.c core/seed.c core/option.c core/machine.c core/memory.c core/reclaim.c core/pages.c core/range.c \
	core/tree.c core/lock.c core/cpus.c core/pci.c core/console.c core/keyboard.c core/line.c core/prompt.c \
	core/facts.c core/backtrace.c core/smbios.c core/expression.c \
	core/heap.c core/heap_guard.c core/irq.c core/timer.c core/timer_queue.c core/clock.c \
	core/log.c core/log_ring.c core/drain.c core/log_level.c core/recorder.c core/last_run.c \
	core/panic.c core/panic_screen.c core/qr.c core/end.c core/driver.c core/serial.c core/serial_places.c core/display.c core/draw.c core/screen.c \
	core/pen.c core/font.c core/ansi.c core/utf8.c core/error.c core/string.c core/format.c core/power.c core/acpi.c \
	core/acpi_fadt.c core/acpi_madt.c core/acpi_devices.c core/acpi_info.c core/acpi_aml.c core/watchdog.c \
	core/symbols.c core/symbol_room.c core/symbol_table.c core/symbol_model.c
core_cpu_sources := \
	core/x86_64/entry.S core/x86_64/vectors.S core/x86_64/mem.S core/x86_64/clear.S core/x86_64/descriptors.c core/x86_64/trap.c \
	core/x86_64/exception.c core/x86_64/panic.S core/x86_64/cpu.c core/x86_64/address.c core/x86_64/backtrace.c \
	core/x86_64/instruction.c core/x86_64/end.c core/x86_64/paging.c core/x86_64/page_use.c core/x86_64/audit.c core/x86_64/mapping.c \
	core/x86_64/protection.c core/x86_64/smp.c core/x86_64/trampoline.S core/x86_64/topology.c core/x86_64/mtrr.c \
	core/x86_64/lapic.c core/x86_64/lapic_timer.c core/x86_64/interrupt.c core/x86_64/machine_check.c

# GDB=1: a debugger on the serial ports, which is a seventh of the image (core/debugger.h).
GDB ?= 0
core_debugger_sources := $(if $(filter 1,$(GDB)),core/gdb.c core/debugger.c core/$(ARCH)/debug.c,core/no_debugger.c)
core_sources += $(core_debugger_sources)

# SAN=undefined, SAN=address, or both with a comma: gcc's checks at run time in all that is linked with the core, and what they call. Such an
# image has a folder of its own. SAN=address is a debug build too: its heap has zones around blocks.
SAN ?=
asan_cflags := -fsanitize=kernel-address --param asan-instrumentation-with-call-threshold=0      # calls, no code of its own for each access
asan_cflags += -fasan-shadow-offset=0x4000000 --param asan-stack=1                               # SHADOW_START in core/shadow.h
asan_cflags += --param asan-globals=1 --param asan-instrument-allocas=0 -fsanitize-address-use-after-scope
san_sources := $(if $(SAN),core/finding.c) $(if $(findstring undefined,$(SAN)),core/ubsan.c) \
	$(if $(findstring address,$(SAN)),core/asan.c core/shadow.c)
san_cflags  := $(if $(findstring undefined,$(SAN)),-fsanitize=undefined) $(if $(findstring address,$(SAN)),$(asan_cflags))

# COVERAGE=1: core and drivers count lines and branches as they are written, so nothing is optimized.
COVERAGE        ?=
coverage_cflags := $(if $(filter 1,$(COVERAGE)),-fprofile-arcs -ftest-coverage -fprofile-update=atomic -fprofile-info-section=gcov_info)
san_sources     += $(if $(filter 1,$(COVERAGE)),core/coverage.c)
core_sources += $(san_sources)

DEBUG ?= 0
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror

# Flags for all that runs on the target, each with its reason.
TARGET_CFLAGS = -std=gnu11 -g $(WARNINGS) -MMD -MP
TARGET_CFLAGS += -ffreestanding                    # there is no C library below us
TARGET_CFLAGS += -fpie -fvisibility=hidden         # the loader may have to put us elsewhere; no GOT for our own symbols
TARGET_CFLAGS += -mno-red-zone                     # interrupts push onto the running stack
TARGET_CFLAGS += -fno-omit-frame-pointer           # a panic walks the callers without unwind tables
TARGET_CFLAGS += -fno-asynchronous-unwind-tables   # which are therefore not carried
TARGET_CFLAGS += -fcf-protection=none -U_FORTIFY_SOURCE                # what distributions switch on by default
TARGET_CFLAGS += -fstack-protector-strong          # a function with an array on its stack looks, before it returns, whether it was overrun
TARGET_CFLAGS += -mstack-protector-guard=tls -mstack-protector-guard-reg=gs -mstack-protector-guard-offset=16    # struct cpu.canary
TARGET_CFLAGS += -fno-strict-aliasing              # hardware tables are looked at as several types
TARGET_CFLAGS += -fno-common -ffunction-sections -fdata-sections               # what nobody calls is not linked
TARGET_CFLAGS += -ffile-prefix-map=$(CURDIR)=.     # the same bytes from any directory
TARGET_CFLAGS += -DINGOT_DEBUG=$(DEBUG)            # 1: allocators check what they can, at a price
TARGET_CFLAGS += $(san_cflags)
TARGET_CFLAGS += -Icore/include -Icore/$(ARCH)/include

# Interrupts do not save vector registers, so core and drivers must not use them: gcc then refuses a float. (mem.S asks first.)
CORE_CFLAGS = $(TARGET_CFLAGS) -mgeneral-regs-only -I.

# Small first: the whole image has 96 KiB. What runs often is built for speed. The passes that are left out make code longer even where
# size is asked for: two copy it to save jumps, three keep values for longer than there are registers.
SMALL := $(shell gcc -Oz -E -xc /dev/null >/dev/null 2>&1 && echo -Oz || echo -Os)    # -Oz is gcc 12's and later
SMALL += -fno-thread-jumps -fno-tree-dominator-opts -fno-move-loop-invariants -fno-tree-loop-im -fno-caller-saves
core_hot := x86_64/page_use pages tree x86_64/paging heap timer_queue timer irq pen x86_64/interrupt x86_64/trap format recorder
CORE_CFLAGS += -falign-functions=1 -falign-jumps=1 -falign-loops=1             # no padding between and in functions: it is 1 % of the image
CORE_CFLAGS += $(if $(filter 1,$(COVERAGE)),-O0,$(if $(filter $(core_hot:%=$(OUT)/core/%.o),$@),-O2,$(SMALL)))
CORE_CFLAGS += $(coverage_cflags) $(if $(coverage_cflags),-DINGOT_COVERAGE=1)

core_objects := $(patsubst %,$(OUT)/%.o,$(basename $(core_sources) $(core_cpu_sources))) $(OUT)/core/font_table.o
$(patsubst %.c,$(OUT)/%.o,$(san_sources)): san_cflags :=          # what a check calls must not be checked
$(OUT)/core/coverage.o: coverage_cflags :=

# The allocators' own notes lie where nobody else may look.
ifneq ($(findstring address,$(SAN)),)
san_keepers := core/heap.c core/heap_guard.c core/pages.c core/range.c core/tree.c
san_keepers += $(filter core/symbol%,$(core_sources))             # names for a report: seven seconds when each of their accesses is looked at
$(patsubst %.c,$(OUT)/%.o,$(san_keepers) core/shadow.c): san_cflags := -Dmemcpy=__real_memcpy -Dmemset=__real_memset
DEBUG         := 1
TARGET_CFLAGS += -DINGOT_SHADOW=1
CORE_LDFLAGS  += --wrap=memcpy --wrap=memmove --wrap=memset
endif
driver_objects = $(patsubst %.c,$(OUT)/%.o,$(drivers_sources))

$(OUT)/core/%.o: core/%.c core/core.mk
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -c -o $@ $<
$(OUT)/core/%.o: core/%.S core/core.mk
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -c -o $@ $<
$(OUT)/drivers/%.o: drivers/%.c core/core.mk
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -c -o $@ $<

# The console's font, from Debian's psf-unifont: of the 8x16 fonts it alone has all block elements, and needs no other package.
FONT ?= /usr/share/consolefonts/Unifont-APL8x16.psf.gz
$(OUT)/core/font_table.S: tools/font.py $(FONT)
	@mkdir -p $(@D)
	$(PYTHON) tools/font.py $(FONT) $@
$(OUT)/core/font_table.o: $(OUT)/core/font_table.S
	$(CC) -c -o $@ $<

# No interpreter; a symbol that is missing is an error, not a run-time surprise. File offsets need no page alignment, as the loader
# copies: 16 keeps the padding out of the image.
CORE_LDFLAGS += -O2 -pie --no-dynamic-linker -T core/$(ARCH)/link.ld --gc-sections --build-id=sha1 -z noexecstack \
                -z max-page-size=16 -z pack-relative-relocs --spare-dynamic-tags=0 -z nocombreloc --no-undefined --fatal-warnings

# Linked twice: the table of functions and lines is made from the first, and the second has it behind its constants, where no text moves.
core_linked := $(core_objects) $(driver_objects) $(app_objects) $(libc_archive)
core_link = ld $(CORE_LDFLAGS) $(libc_ldflags) -o $@ $(filter %.o %.a,$^)
$(OUT)/core_first.elf: $(core_linked) core/$(ARCH)/link.ld
	$(tell)$(core_link) $(call explain,$(core_link))
$(OUT)/symbols.S: $(OUT)/core_first.elf tools/symbols.py $(HOST)/symbols
	$(PYTHON) tools/symbols.py $< $(HOST)/symbols $@
$(OUT)/symbols.o: $(OUT)/symbols.S
	$(CC) -c -o $@ $<
$(OUT)/core.elf: $(core_linked) $(OUT)/symbols.o core/$(ARCH)/link.ld
	$(tell)$(core_link)
	$(PYTHON) tools/symbols.py --same $(OUT)/core_first.elf $@
symbols_sources := tools/symbols.c core/symbol_room.c core/symbol_table.c core/symbol_model.c core/$(ARCH)/instruction.c
$(HOST)/symbols: $(symbols_sources) core/symbol_room.h core/symbol_table.h core/symbol_model.h core/core.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 $(WARNINGS) -I. -Icore/include -Icore/$(ARCH)/include -o $@ $(filter %.c,$^)
$(OUT)/core.bin: $(OUT)/core.elf tools/core_file.py
	$(PYTHON) tools/core_file.py $< $@

-include $(core_objects:.o=.d) $(driver_objects:.o=.d)
