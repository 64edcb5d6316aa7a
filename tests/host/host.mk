# Host tests: the project's own objects, compiled for this machine under ASan and UBSan, one cmocka program a subject.
# To add one: its name here, its sources in NAME_sources, tests/host/test_NAME.c beside this file.

host_tests := handoff

handoff_sources := core/handoff.c core/string.c

host_tests += string format
string_sources := tests/host/renamed_string.c tests/host/renamed_mem.S
format_sources := core/format.c

HOST_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror -MMD -MP \
               -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
               -Itests/host/include -Icore/include -Icore/$(ARCH)/include -I.
# tests/host/include comes first: its mmio.h and port_io.h lead to register models instead of to hardware.

define host_test
$(HOST)/test_$(1): tests/host/test_$(1).c $$($(1)_sources) | $(HOST)/
	$(CC) $(HOST_CFLAGS) $$($(1)_flags) -MF $(HOST)/test_$(1).d -o $$@ $$(filter %.c %.S,$$^) -lcmocka $$($(1)_libs)
-include $(HOST)/test_$(1).d
endef
$(foreach test,$(host_tests),$(eval $(call host_test,$(test))))

$(HOST)/:
	mkdir -p $@

# Not a test: memcpy and memset beside the C library's, a table of sizes.
$(HOST)/bench_mem: tests/host/bench_mem.c tests/host/renamed_mem.S | $(HOST)/
	$(CC) -std=gnu11 -O2 -fno-builtin -Wall -Wextra -Werror -I. -o $@ $(filter tests/%,$^)
$(HOST)/bench_mem: core/x86_64/mem.S

.PHONY: host-tests
host-tests: $(host_tests:%=$(HOST)/test_%)
