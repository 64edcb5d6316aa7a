# Applications. APP names the folder, in this tree or outside it. Its app.mk, which it need not have, may say:
#
#   LIBC = 1                    with the C library (apps/libc): it is a program as for any other system
#   SOURCES = a.c src/b.c       what belongs to it; else all .c and .S files of the folder
#   CFLAGS = -DX=1 -Wno-shadow  flags behind Ingot's own
#   ARCH_FLAGS = -march=haswell what the compiler may use besides SSE2; a CPU without it is told so before main
#   DATA = data                 with the C library: files and folders that the program finds by the same names; else data/ if it is there
#   CPUS = 4                    how many CPUs `make run` gives the machine
#
# The same may be said on make's command line.

APP ?= apps/monitor

LIBC       := 0
SOURCES    := $(sort $(wildcard $(APP)/*.c $(APP)/*.S))
CFLAGS     :=
ARCH_FLAGS :=
DATA       := $(patsubst $(APP)/%,%,$(wildcard $(APP)/data))
CPUS       := 1
-include $(APP)/app.mk

app_name    := $(notdir $(abspath $(APP)))
app_out     := $(OUT)/app/$(app_name)-$(shell echo "$(abspath $(APP))" | cksum | cut -d' ' -f1)
# In the folder, unless the name begins at the root or the folder itself.
app_sources := $(foreach source,$(SOURCES),$(if $(filter / $(APP)/%,$(patsubst /%,/,$(source)) $(source)),$(source),$(APP)/$(source)))
app_object   = $(app_out)/$(subst ..,up,$(patsubst $(APP)/%,%,$(1))).o
app_objects := $(foreach source,$(app_sources),$(call app_object,$(source))) $(app_out)/name.o

ifneq ($(filter-out 0 1,$(LIBC)),)
$(error LIBC is 0 or 1, not $(LIBC))
endif

# An application may use floating point and vectors: the core switches them on, and interrupt handlers leave them alone.
APP_CFLAGS = $(TARGET_CFLAGS) -O2 -ffile-prefix-map=$(abspath $(APP))=$(app_name)
APP_CFLAGS += $(if $(filter tests/%,$(APP)),-I.)          # tests may look at anything
APP_CFLAGS += $(if $(filter 1,$(LIBC)),$(LIBC_APP_CFLAGS)) $(ARCH_FLAGS) $(CFLAGS)

# Flags are part of what an object is made of.
$(app_out)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(APP_CFLAGS)' | cmp -s - $@ || echo '$(APP_CFLAGS)' >$@

define app_rule
$(call app_object,$(1)): $(1) core/core.mk $(app_out)/flags $$(libc_headers)
	@mkdir -p $$(@D)
	$$(CC) $$(APP_CFLAGS) -c -o $$@ $$<
endef
$(foreach source,$(app_sources),$(eval $(call app_rule,$(source))))
$(app_out)/name.o:
	@mkdir -p $(@D)
	echo 'const char application_name[] = "$(app_name)";' | $(CC) $(TARGET_CFLAGS) -xc -c -o $@ -

include apps/libc/libc.mk

-include $(app_objects:.o=.d)
