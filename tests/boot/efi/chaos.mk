# chaos.efi, and an image in which it starts the loader: CHAOS= are its words.
chaos_sources := $(addprefix tests/boot/efi/chaos,.c _acpi.c _boot.c _display.c _map.c _memory.c _timer.c _tpm.c _volume.c)

CHAOS_CFLAGS := -std=gnu11 -Os -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror $(EFI_ABI_FLAGS) -ffreestanding -mno-red-zone -mgeneral-regs-only
CHAOS_CFLAGS += -fPIE -fvisibility=hidden -fno-stack-protector -nostdlib -static-pie -Wl,--no-dynamic-linker -Wl,--build-id=none

$(OUT)/chaos.efi: $(chaos_sources) tests/boot/efi/chaos.h tests/boot/efi/link.ld tests/boot/efi/chaos.mk tools/elf2pe.py
	@mkdir -p $(@D)
	$(CC) $(CHAOS_CFLAGS) -Wl,-T,tests/boot/efi/link.ld -o $(@:.efi=.elf) $(chaos_sources)
	$(PYTHON) tools/elf2pe.py $(@:.efi=.elf) $@

$(OUT)/chaos.img: $(OUT)/chaos.efi $(OUT)/BOOTX64.EFI esp/ingot.cfg tools/mkimage.py FORCE
	echo '$(CHAOS)' >$(OUT)/chaos.cfg
	$(PYTHON) tools/mkimage.py $@ EFI/BOOT/BOOTX64.EFI=$(OUT)/chaos.efi loader.efi=$(OUT)/BOOTX64.EFI chaos.cfg=$(OUT)/chaos.cfg \
		ingot/ingot.cfg=esp/ingot.cfg
