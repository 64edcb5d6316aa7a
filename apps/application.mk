# For a Makefile of an application's own, anywhere:
#
#   LIBC = 1                             what app.mk would say, if anything
#   include ../ingot/apps/application.mk
#
# Then `make run`, `make image`, `make usb DEV=/dev/sdX`, `make debug` and `make clean` are those of Ingot's Makefile with this folder as APP,
# and take the same variables (`make help` there).

ingot := $(patsubst %/apps/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
ingot_said := $(foreach name,LIBC SOURCES CFLAGS ARCH_FLAGS DATA STACK CPUS,$(if $(filter file,$(origin $(name))),$(name)='$($(name))'))

.DEFAULT_GOAL := image
.PHONY: run image usb debug debug-serial clean
run image usb debug debug-serial clean:
	@$(MAKE) --no-print-directory -C $(ingot) APP=$(CURDIR) $(ingot_said) $@
