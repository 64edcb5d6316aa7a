# Applications. APP names the folder, in this tree or outside it: all its .c and .S files are the application.

APP ?= apps/monitor

app_name    := $(notdir $(abspath $(APP)))
app_sources := $(sort $(wildcard $(APP)/*.c $(APP)/*.S))
app_out     := $(OUT)/app/$(app_name)-$(shell echo "$(abspath $(APP))" | cksum | cut -d' ' -f1)
app_objects := $(patsubst $(APP)/%,$(app_out)/%.o,$(app_sources)) $(app_out)/name.o

# An application may use floating point and vectors: the core switches them on, and interrupt handlers leave them alone.
APP_CFLAGS = $(TARGET_CFLAGS) -O2 -ffile-prefix-map=$(abspath $(APP))=$(app_name)
APP_CFLAGS += $(if $(filter tests/%,$(APP)),-I.)          # tests may look at anything

$(app_out)/%.c.o: $(APP)/%.c core/core.mk
	@mkdir -p $(@D)
	$(CC) $(APP_CFLAGS) -c -o $@ $<
$(app_out)/%.S.o: $(APP)/%.S core/core.mk
	@mkdir -p $(@D)
	$(CC) $(APP_CFLAGS) -c -o $@ $<
$(app_out)/name.o:
	@mkdir -p $(@D)
	echo 'const char application_name[] = "$(app_name)";' | $(CC) $(APP_CFLAGS) -xc -c -o $@ -

-include $(wildcard $(app_out)/*.d)
