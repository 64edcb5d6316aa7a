# Host tests: the project's own objects, compiled for this machine under ASan and UBSan, one cmocka program a subject.
# To add one: its name here, its sources in NAME_sources, tests/host/test_NAME.c beside this file.

host_tests := handoff

handoff_sources := core/handoff.c core/format.c

host_tests += option memory rtc seed smbios
smbios_sources := core/smbios.c
seed_sources   := core/seed.c
option_sources := core/option.c tests/host/renamed_string.c tests/host/renamed_mem.S
option_flags   := -Dstrlcpy=ingot_strlcpy                         # Debian 12's C library has none
memory_sources := core/memory.c
rtc_sources    := drivers/rtc.c

# Subjects on register models of the hardware (tests/host/model_*.h); drivers.ld gathers the drivers as the core's link.ld does.
host_tests += clock hpet lapic lapic_timer uart
clock_sources := core/clock.c core/format.c core/driver.c core/error.c core/lock.c drivers/hpet.c drivers/pm_timer.c drivers/pit.c \
                 tests/host/model_bus.c tests/host/model_counters.c tests/host/model_irq.c
clock_libs    := -Wl,-T,tests/host/drivers.ld
hpet_sources  := core/driver.c core/error.c drivers/hpet.c tests/host/model_bus.c tests/host/model_counters.c tests/host/model_irq.c
hpet_libs     := $(clock_libs)
lapic_timer_sources := core/x86_64/lapic_timer.c
lapic_timer_flags   := -iquote tests/host/lapic                   # its own cpu.h: no privileged instructions
lapic_sources := core/x86_64/lapic.c core/x86_64/interrupt.c
lapic_flags   := $(lapic_timer_flags) -DINGOT_DEBUG=0
uart_sources  := core/serial.c core/serial_places.c core/driver.c core/error.c core/format.c drivers/uart16550.c \
                 tests/host/model_bus.c tests/host/model_uart.c
uart_libs     := $(clock_libs)
host_tests += irq
irq_sources   := core/irq.c core/lock.c
host_tests += keyboard
keyboard_sources := core/keyboard.c drivers/i8042.c tests/host/model_bus.c tests/host/model_irq.c

host_tests += console pci power
power_sources := core/power.c
console_sources := $(addprefix core/,console.c ansi.c utf8.c format.c)
pci_sources := core/pci.c
pci_flags   := -Drealloc=pci_realloc                              # which may fail

host_tests += log color
log_sources   := core/log.c core/log_ring.c core/recorder.c core/format.c core/utf8.c
color_sources := core/display.c core/error.c core/screen.c core/pen.c core/x86_64/clear.S core/font.c core/ansi.c core/utf8.c $(OUT)/core/font_table.S

# The log's ring: all orders of the steps of a few CPUs; then threads, with signals for NMIs, and under TSan.
host_tests += log_ring log_threads log_threads_tsan
log_ring_flags           := -DLOG_RING_CHUNKS=4 -fno-sanitize=address    # which cannot follow from stack to stack
log_threads_sources      := $(log_sources)
log_threads_tsan_sources := $(log_sources)
log_threads_tsan_main    := log_threads

host_tests += string format utf8 font screen draw
string_sources := tests/host/renamed_string.c tests/host/renamed_mem.S
format_sources := core/format.c
utf8_sources   := core/utf8.c
font_sources   := core/font.c $(OUT)/core/font_table.S
screen_sources := core/screen.c core/pen.c core/x86_64/clear.S core/font.c core/ansi.c core/utf8.c tests/host/screen_model.c $(OUT)/core/font_table.S
draw_sources   := core/draw.c core/font.c core/utf8.c $(OUT)/core/font_table.S

# Allocators and timers. A name that ends in _debug or _tsan is the same test, built for debug builds or with threads under TSan.
host_tests += timer_queue pages pages_debug pages_tsan heap heap_debug heap_tsan

timer_queue_sources := core/timer_queue.c core/tree.c
pages_sources       := core/range.c core/tree.c core/lock.c
pages_flags         := -DINGOT_DEBUG=0
pages_debug_flags   := -DINGOT_DEBUG=1
pages_tsan_flags    := -DINGOT_DEBUG=0
heap_sources        := core/pages.c core/heap_guard.c $(pages_sources)
# Names beside the C library's; and what gcc warns of is done on purpose.
heap_names          := -Dmalloc=heap_malloc -Dcalloc=heap_calloc -Drealloc=heap_realloc -Dfree=heap_free \
                       -Daligned_alloc=heap_aligned_alloc -Wno-alloc-size-larger-than -Wno-array-bounds \
                       -Wno-stringop-overflow
heap_flags          := -DINGOT_DEBUG=0 $(heap_names)
heap_debug_flags    := -DINGOT_DEBUG=1 $(heap_names)
heap_tsan_flags     := -DINGOT_DEBUG=1 $(heap_names)
$(foreach name,pages heap,$(foreach variant,debug tsan,\
	$(eval $(name)_$(variant)_sources := $($(name)_sources))$(eval $(name)_$(variant)_main := $(name))))

# Locks: between threads, also under TSan. In every order of their steps: cpus_model, below.
host_tests += lock lock_tsan
lock_sources      := core/lock.c
lock_tsan_sources := $(lock_sources)
lock_tsan_main    := lock

# Locks and jobs: with threads, and in all interleavings of small cases (which switches stacks: no sanitizer). Each file in broken/ makes
# one mistake in the sources, and a case must find it.
cpus_mistakes      := late_asleep weak_asleep early_look lost_job late_next early_end late_slot barrier_order early_turn
host_tests         += cpus cpus_tsan cpus_model $(cpus_mistakes:%=cpus_%)
cpus_tsan_main     := cpus
cpus_model_flags   := -O2 -fno-sanitize=all -Itests/host/interleave
$(foreach mistake,$(cpus_mistakes),$(eval cpus_$(mistake)_main := cpus_model)\
	$(eval cpus_$(mistake)_flags := $(cpus_model_flags) -DBROKEN='"$(HOST)/broken/$(mistake).c"')\
	$(eval $(HOST)/test_cpus_$(mistake): $(HOST)/broken/$(mistake).c))
$(HOST)/broken/%.c: tests/host/broken/%.sed core/lock.c core/cpus.c
	mkdir -p $(@D)
	sed -f $< core/lock.c core/cpus.c >$@
	! cat core/lock.c core/cpus.c | cmp -s - $@     # the line it changes is still there

# ACPI: rules on tables of our own, and real machines' tables cut and changed. acpi-facts prints what the reader says of a folder.
host_tests += acpi acpi_corpus
acpi_corpus_sources := $(addprefix core/,acpi.c acpi_fadt.c acpi_madt.c acpi_devices.c acpi_info.c acpi_aml.c) tests/host/acpi_machine.c
acpi_sources        := $(acpi_corpus_sources) tests/host/acpi_draft.c \
                       $(foreach rules,roots fadt madt devices aml info,tests/host/acpi_rules_$(rules).c)
test-full: export INGOT_FULL := 1
test-full: export INGOT_FULL := 1

# The watchdog on models of its chips, found by the ACPI reader's own objects. Drivers in the order in which they are tried.
host_tests += watchdog
watchdog_sources := core/watchdog.c core/error.c core/lock.c drivers/wdat.c drivers/tco.c $(acpi_corpus_sources) tests/host/acpi_draft.c \
                    tests/host/model_bus.c tests/host/model_watchdog.c

# The loader's own objects, on a mock of the firmware and of a PC's registers. What is left out is what the mock stands for.
host_tests += loader loader_parts loader_edges loader_seeds
loader_files   := $(filter-out efi/embedded.c efi/core_file.S %/jump.S %/halt.c %/string.c,$(efi_sources) $(efi_cpu_sources)) \
                  tests/host/mock_efi.c tests/host/mock_efi_core.c tests/host/mock_cpu.c core/handoff.c core/format.c
loader_sources := $(loader_files:%.c=$(HOST)/objects/%.o)
loader_flags   := $(EFI_ABI_FLAGS)
loader_parts_sources := $(loader_sources)
loader_parts_flags   := $(EFI_ABI_FLAGS)
loader_edges_sources := $(loader_sources)
loader_edges_flags   := $(EFI_ABI_FLAGS)
loader_seeds_sources := $(loader_sources)
loader_seeds_flags   := $(EFI_ABI_FLAGS)

# Loaders with one classic mistake each, made from the real sources (the .sed says from which): the seeds must find it.
loader_mistakes := no_retry no_bound same_key talks_while_leaving fixed_slack overrun_unseen descriptor_40 misaligned wraps lower_wins leak_on_error \
                   page_zero no_guard trusts_sizes refuses_with_success null_interface
loader_broken   := $(loader_mistakes:%=loader_%)
host_tests      += $(loader_broken)
define loader_mistake
$(1)_file := $(shell sed -n '1s/^# \([^:]*\):.*/\1/p' tests/host/broken/loader/$(1).sed)
$(HOST)/broken/loader/$(1).c: tests/host/broken/loader/$(1).sed $$($(1)_file)
	@mkdir -p $$(@D)
	sed -f $$< $$($(1)_file) >$$@
	! cmp -s $$($(1)_file) $$@                      # the line it changes is still there
	echo 'extern const char broken[]; const char broken[] = "$(1)";' >>$$@
$(HOST)/test_loader_$(1): $(HOST)/broken/loader/$(1).c $(HOST)/objects/tests/host/test_loader_seeds.o $$(filter-out %/$$($(1)_file:.c=.o),$(loader_sources))
	$$(CC) $$(HOST_LOADER_CFLAGS) -o $$@ $$^ -lcmocka
endef
$(foreach mistake,$(loader_mistakes),$(eval $(call loader_mistake,$(mistake))))

# The flight recorder, written by the core's own object and read by the loader's.
host_tests += last_run
last_run_sources := $(addprefix $(HOST)/objects/,core/recorder.o core/last_run.o efi/last_run.o efi/text.o)

# gdb's remote protocol, on a machine of four CPUs.
host_tests += gdb
gdb_sources := core/gdb.c core/format.c tests/host/model_gdb.c

HOST_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror \
               -fno-sanitize-recover=all -fno-omit-frame-pointer \
               -Itests/host/include -Icore/include -Icore/$(ARCH)/include -I.
HOST_TSAN_CFLAGS := $(HOST_CFLAGS) -fsanitize=thread
HOST_CFLAGS      += -fsanitize=address,undefined
HOST_SPEED       := -O2

# COVERAGE=1, as `make coverage` has it: counters instead of sanitizers. Branches are counted as they are written: nothing is optimized. What is
# about mistakes and about other machines' memory is left out; what nobody calls must not be linked, as it may not be there.
ifeq ($(COVERAGE),1)
HOST_CFLAGS      := $(filter-out -O% -fno-sanitize% -fsanitize%,$(HOST_CFLAGS)) -O0 --coverage -fprofile-update=atomic \
                    -ffunction-sections -Wl,--gc-sections -Wl,-u,__gcov_dump
HOST_SPEED       :=
host_tests       := $(filter-out %_tsan cpus_% $(loader_broken),$(host_tests))
endif
# tests/host/include comes first: its mmio.h and port_io.h lead to register models instead of to hardware.

# What all sources include is asked for by itself: one compilation of several writes it down for the last only.
host_cflags = $(if $(filter %_tsan,$(1)),$(HOST_TSAN_CFLAGS),$(HOST_CFLAGS)) $($(1)_flags)
define host_test
$(HOST)/test_$(1): tests/host/test_$(or $($(1)_main),$(1)).c $$($(1)_sources) | $(HOST)/
	$$(CC) $$(call host_cflags,$(1)) -o $$@ $$< $$($(1)_sources) -lcmocka $$($(1)_libs)
	gcc $$(call host_cflags,$(1)) -MM -MP -MT $$@ $$< $$(filter-out %.o,$$($(1)_sources)) >$(HOST)/test_$(1).d
-include $(HOST)/test_$(1).d
endef
$(foreach test,$(filter-out $(loader_broken),$(host_tests)),$(eval $(call host_test,$(test))))

$(HOST)/:
	mkdir -p $@

# Objects that several tests share.
HOST_LOADER_CFLAGS := $(HOST_CFLAGS) $(HOST_SPEED) -fno-strict-aliasing $(EFI_ABI_FLAGS)     # the loader's own choice (efi/efi.mk)
$(HOST)/objects/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(HOST_LOADER_CFLAGS) -MMD -MP -c -o $@ $<
-include $(loader_sources:.o=.d)

$(HOST)/acpi-facts: tests/host/acpi_facts.c $(acpi_corpus_sources) | $(HOST)/
	$(CC) $(HOST_CFLAGS) -o $@ $(filter %.c,$^)
	gcc $(HOST_CFLAGS) -MM -MP -MT $@ $(filter %.c,$^) >$(HOST)/acpi-facts.d
-include $(HOST)/acpi-facts.d
host-tests: $(HOST)/acpi-facts

# The prompt as a program that reads keys, for test_prompt.py.
prompt_keys_sources := tests/host/prompt_keys.c $(addprefix core/,prompt.c line.c console.c facts.c expression.c ansi.c utf8.c format.c error.c) \
                       tests/host/renamed_string.c tests/host/renamed_mem.S
$(HOST)/prompt-keys: $(prompt_keys_sources) | $(HOST)/
	$(CC) $(HOST_CFLAGS) -Dstrlcpy=ingot_strlcpy -o $@ $(prompt_keys_sources)
	gcc $(HOST_CFLAGS) -MM -MP -MT $@ $(prompt_keys_sources) >$(HOST)/prompt-keys.d
-include $(HOST)/prompt-keys.d
host-tests: $(HOST)/prompt-keys

# Not a test: instructions that pages, heap and timers take.
$(HOST)/bench_alloc: tests/host/bench_alloc.c core/heap.c core/timer_queue.c $(heap_sources) | $(HOST)/
	$(CC) -std=gnu11 -O2 -fno-builtin -fno-omit-frame-pointer -fno-stack-protector -fcf-protection=none -Wall -Wextra -Werror -DINGOT_DEBUG=0 \
		-Dmalloc=heap_malloc -Dcalloc=heap_calloc -Drealloc=heap_realloc -Dfree=heap_free -Daligned_alloc=heap_aligned_alloc \
		-Itests/host/include -Icore/include -I. -o $@ $(filter %.c,$^)

# Not a test: what scrolling writes to a framebuffer.
$(HOST)/bench_screen: tests/host/bench_screen.c core/screen.c core/pen.c core/font.c core/ansi.c core/utf8.c $(OUT)/core/font_table.S | $(HOST)/
	$(CC) -O2 -std=gnu11 -Wall -Wextra -I. -Icore/include -Icore/$(ARCH)/include -o $@ $(filter %.c %.S,$^)

# Not a test: memcpy and memset beside the C library's, a table of sizes.
$(HOST)/bench_mem: tests/host/bench_mem.c tests/host/renamed_mem.S | $(HOST)/
	$(CC) -std=gnu11 -O2 -fno-builtin -Wall -Wextra -Werror -I. -o $@ $(filter tests/%,$^)
$(HOST)/bench_mem: core/x86_64/mem.S

.PHONY: host-tests
host-tests: $(host_tests:%=$(HOST)/test_%)
