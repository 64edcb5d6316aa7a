# The loader: an EFI application that carries the core. efi/ARCH/ is what only this CPU needs.

efi_sources := \
	efi/main.c efi/check.c efi/recorder.c efi/last_run.c efi/save.c efi/volume.c \
	efi/command_line.c efi/ports.c efi/secure_boot.c efi/tables.c efi/seed.c efi/display.c efi/image.c efi/measure.c efi/plan.c efi/leave.c \
	efi/handoff.c efi/room.c efi/map.c efi/memory.c efi/elf.c efi/config.c efi/console.c efi/text.c efi/status.c efi/embedded.c efi/core_file.S
efi_cpu_sources := \
	efi/x86_64/cpu.c efi/x86_64/pci.c efi/x86_64/serial.c efi/x86_64/paging.c efi/x86_64/quiet.c efi/x86_64/enter.c efi/x86_64/jump.S efi/x86_64/halt.c \
	efi/x86_64/string.c

# What the headers of gnu-efi need; the host tests compile the loader with the same.
EFI_ABI_FLAGS := -DGNU_EFI_USE_MS_ABI              # EFIAPI becomes ms_abi: without it firmware calls compile clean and fault
EFI_ABI_FLAGS += -fshort-wchar                     # CHAR16 strings are L"..."
EFI_ABI_FLAGS += -isystem /usr/include/efi -isystem /usr/include/efi/$(ARCH)   # not ours: no warnings about them

# Flags for all of the loader, each with its reason.
EFI_CFLAGS = -std=gnu11 -g -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror -MMD -MP $(EFI_ABI_FLAGS) -I.
EFI_CFLAGS += $(SMALL)                             # speed comes from what is asked of the firmware, and how often
EFI_CFLAGS += -flto -flto-partition=one            # what is called once becomes a part of its caller, in whatever file it is
EFI_CFLAGS += -ffreestanding                       # there is no C library below us
EFI_CFLAGS += -mno-red-zone                        # the firmware takes interrupts on our stack
EFI_CFLAGS += -mgeneral-regs-only                  # the firmware's calling convention keeps XMM6-15; we never touch them
EFI_CFLAGS += -maccumulate-outgoing-args           # gcc refuses ms_abi calls beside pushes of arguments
EFI_CFLAGS += -fpie -fvisibility=hidden            # the image lies anywhere, above 4 GiB too; no GOT for our own symbols
EFI_CFLAGS += -fcf-protection=none                 # no endbr64: nobody switched on what would look for it
EFI_CFLAGS += -fno-stack-protector                 # there is no canary to compare with
EFI_CFLAGS += -ffunction-sections -fdata-sections  # what nobody calls is not linked
EFI_CFLAGS += -fno-asynchronous-unwind-tables      # nobody reads them
EFI_CFLAGS += -fno-strict-aliasing -fno-common -U_FORTIFY_SOURCE
EFI_CFLAGS += -fno-tree-loop-distribute-patterns   # memcpy written as a loop must not become a call of memcpy
EFI_CFLAGS += -fno-jump-tables                     # a table of addresses would be relocated at every start
EFI_CFLAGS += -ffile-prefix-map=$(CURDIR)=.        # the same bytes from any directory

EFI_LDFLAGS := -pie --no-dynamic-linker -T efi/link.ld --gc-sections --build-id=none -z max-page-size=4096 -z noexecstack \
               -z nocombreloc --no-undefined --fatal-warnings

efi_objects := $(patsubst %,$(OUT)/%.o,$(basename $(efi_sources) $(efi_cpu_sources)))

# All C becomes one object, so that another core is only linked to it. gcc makes calls of memcpy out of nothing, so that file stays apart.
efi_apart := $(OUT)/efi/$(ARCH)/string.o $(patsubst %.S,$(OUT)/%.o,$(filter %.S,$(efi_sources) $(efi_cpu_sources)))
$(OUT)/efi/$(ARCH)/string.o: EFI_CFLAGS += -fno-lto
$(OUT)/efi/code.o: $(filter-out $(efi_apart),$(efi_objects))
	$(CC) $(EFI_CFLAGS) -flinker-output=nolto-rel -r -nostdlib -o $@ $^

$(OUT)/efi/%.o: efi/%.c efi/efi.mk
	@mkdir -p $(@D)
	$(CC) $(EFI_CFLAGS) -c -o $@ $<
$(OUT)/efi/%.o: efi/%.S efi/efi.mk
	@mkdir -p $(@D)
	$(CC) $(EFI_CFLAGS) -c -o $@ $<
$(OUT)/efi/core_file.o: efi/core_file.S $(OUT)/core.bin efi/efi.mk
	@mkdir -p $(@D)
	$(CC) $(EFI_CFLAGS) -DCORE_FILE='"$(OUT)/core.bin"' -c -o $@ $<

$(OUT)/loader.elf: $(OUT)/efi/code.o $(efi_apart) efi/link.ld
	$(LD) $(EFI_LDFLAGS) -o $@ $(filter %.o,$^)
$(OUT)/BOOTX64.EFI: $(OUT)/loader.elf tools/elf2pe.py tools/pe_lint.py
	$(PYTHON) tools/elf2pe.py $< $@
	$(PYTHON) tools/pe_lint.py $@

-include $(efi_objects:.o=.d)
