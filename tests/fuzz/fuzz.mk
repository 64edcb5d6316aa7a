# Fuzz targets (libFuzzer): tests/fuzz/fuzz_NAME.c, its sources in fuzz_NAME_sources, its corpus in tests/fuzz/corpus/NAME/, words that help it
# in NAME.dict where there are such. Each can find something: broken/NAME.sed makes a mistake in fuzz_NAME_mistaken, one of the sources, and
# fuzz_NAME_broken must find it (make test-full).

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

fuzz_targets += config load_options map
fuzz_config_sources       := efi/config.c efi/text.c
fuzz_load_options_sources := efi/command_line.c efi/secure_boot.c efi/config.c efi/text.c core/option.c \
                             tests/host/renamed_string.c tests/host/renamed_mem.S
fuzz_map_sources          := efi/map.c
fuzz_config_flags         := $(EFI_ABI_FLAGS)
fuzz_load_options_flags   := $(EFI_ABI_FLAGS) -Dstrlcpy=ingot_strlcpy
fuzz_map_flags            := $(EFI_ABI_FLAGS)

fuzz_targets += font symbols recorder prompt
fuzz_font_sources     := core/font.c
fuzz_symbols_sources  := core/symbol_room.c core/symbol_table.c core/symbol_model.c core/$(ARCH)/instruction.c
fuzz_recorder_sources := core/recorder.c core/last_run.c efi/last_run.c efi/text.c
fuzz_prompt_sources   := $(addprefix core/,prompt.c line.c console.c facts.c expression.c ansi.c utf8.c format.c error.c) \
                         tests/host/renamed_string.c tests/host/renamed_mem.S
fuzz_prompt_flags     := -Dstrlcpy=ingot_strlcpy

FUZZ_CC      = $(tell)clang
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
               -Wno-ignored-attributes -Itests/host/include -Icore/include -Icore/$(ARCH)/include -I.

fuzz_format_mistaken   := core/format.c
fuzz_screen_mistaken   := core/screen.c
fuzz_handoff_mistaken  := core/handoff.c
fuzz_option_mistaken   := core/option.c
fuzz_acpi_mistaken     := core/acpi.c
fuzz_gdb_mistaken      := core/gdb.c
fuzz_elf_mistaken      := efi/elf.c
fuzz_config_mistaken   := efi/config.c
fuzz_map_mistaken      := efi/map.c
fuzz_font_mistaken     := core/font.c
fuzz_symbols_mistaken  := core/symbol_table.c
fuzz_recorder_mistaken := efi/last_run.c
fuzz_prompt_mistaken   := core/line.c
fuzz_load_options_mistaken := efi/config.c

# clang does not know gnu_printf, as which format() and its like are declared; gcc checks their patterns.
define fuzz_target
$(HOST)/fuzz_$(1): tests/fuzz/fuzz_$(1).c $$(fuzz_$(1)_sources) | $(HOST)/
	$$(FUZZ_CC) $(FUZZ_CFLAGS) $$(fuzz_$(1)_flags) -o $$@ $$(filter %.c %.S,$$^)
$(HOST)/fuzz_$(1)_broken: tests/fuzz/fuzz_$(1).c $$(filter-out $$(fuzz_$(1)_mistaken),$$(fuzz_$(1)_sources)) $(HOST)/mistaken/$(1).c | $(HOST)/
	$$(FUZZ_CC) $(FUZZ_CFLAGS) $$(fuzz_$(1)_flags) -o $$@ $$(filter %.c %.S,$$^)
$(HOST)/mistaken/$(1).c: tests/fuzz/broken/$(1).sed $$(fuzz_$(1)_mistaken)
	mkdir -p $$(@D)
	sed -f $$^ >$$@
	! cmp -s $$(fuzz_$(1)_mistaken) $$@     # the line it changes is still there
endef
$(foreach target,$(fuzz_targets),$(eval $(call fuzz_target,$(target))))

.PHONY: fuzz-targets fuzz-broken
fuzz-broken: $(fuzz_targets:%=$(HOST)/fuzz_%_broken)
fuzz-targets: $(fuzz_targets:%=$(HOST)/fuzz_%)
