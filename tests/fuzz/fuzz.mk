# Fuzz targets (libFuzzer): tests/fuzz/fuzz_NAME.c, its sources in fuzz_NAME_sources, its corpus in tests/fuzz/corpus/NAME/.

fuzz_targets :=

fuzz_targets += format screen
fuzz_format_sources := core/format.c
fuzz_screen_sources := core/screen.c core/pen.c core/x86_64/clear.S core/font.c core/ansi.c core/utf8.c $(OUT)/core/font_table.S

fuzz_targets += handoff option
fuzz_handoff_sources := core/handoff.c core/format.c
fuzz_option_sources  := core/option.c tests/host/renamed_string.c tests/host/renamed_mem.S
fuzz_option_flags    := -Dstrlcpy=ingot_strlcpy

fuzz_targets += acpi
fuzz_acpi_sources := $(acpi_corpus_sources)

fuzz_targets += gdb
fuzz_gdb_sources := $(gdb_sources)

fuzz_targets += elf
fuzz_elf_sources := efi/elf.c efi/text.c

FUZZ_CC      = $(tell)clang
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
               -Wno-ignored-attributes -Itests/host/include -Icore/include -Icore/$(ARCH)/include -I.

# clang does not know gnu_printf, as which format() and its like are declared; gcc checks their patterns.
define fuzz_target
$(HOST)/fuzz_$(1): tests/fuzz/fuzz_$(1).c $$(fuzz_$(1)_sources) | $(HOST)/
	$$(FUZZ_CC) $(FUZZ_CFLAGS) $$(fuzz_$(1)_flags) -o $$@ $$(filter %.c %.S,$$^)
endef
$(foreach target,$(fuzz_targets),$(eval $(call fuzz_target,$(target))))

.PHONY: fuzz-targets
fuzz-targets: $(fuzz_targets:%=$(HOST)/fuzz_%)
