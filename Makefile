# Ingot. `make help` lists what can be asked for; each folder's part is in its own .mk file.

quiet := $(findstring s,$(firstword -$(MAKEFLAGS)))
MAKEFLAGS += --no-builtin-rules
# As many jobs as CPUs, where nobody has said how many.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

ARCH   := x86_64
comma  := ,
OUT    := build/$(ARCH)$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(filter 1,$(COVERAGE)),-coverage)
HOST   := build/host
# Debian's own Python: the packages that we install are for it.
PYTHON := /usr/bin/python3

# One line a file that is made; V=1 shows the commands instead.
ifndef V
MAKEFLAGS += --silent
tell = $(if $(quiet),,$(if $@,$(info   $@)))
endif
CC = $(tell)gcc
LD = $(tell)ld

ifneq ($(words $(CURDIR) $(APP)),$(if $(APP),2,1))
$(error make cannot work in a folder with a space in its path: $(CURDIR) $(APP))
endif

# The machine that `make run` and `make debug` boot on. DISPLAY counts only on the command line: in the environment it is the session's.
MACHINE  ?= q35
SMP      ?= $(CPUS)
MEM      ?= 256M
FIRMWARE ?= 4m
ARGS     ?=
ifneq ($(origin DISPLAY),command line)
DISPLAY  := none
endif

# Each target needs only its own packages. What is missing is named, and installed, before anything is built.
packages_run       := build image run
packages_debug     := build image run debug
packages_debug-serial := $(packages_debug)
packages_record    := build image run replay
packages_replay    := build image run replay debug
packages_soak      := build image run test
packages_image     := build image $(if $(SIGN_KEY)$(SIGN_CERT),sign)
packages_usb       := $(packages_image)
packages_check     := build check
packages_analyse   := build analyse
packages_prove     := build prove
packages_stack     := build
packages_test      := build image sign run check debug docs test analyse replay
packages_test-full := $(packages_test) prove
packages_faults    := $(packages_test)
packages_bench     := build image run
packages_coverage  := build image run test coverage
packages_docs      := docs
packages := $(sort $(foreach goal,$(MAKECMDGOALS),$(packages_$(goal))))
ifneq ($(packages),)
ifneq ($(shell tools/packages.sh $(packages) >&2 && echo ready),ready)
$(error packages are missing, see above)
endif
endif

include drivers/drivers.mk
include apps/apps.mk
include core/core.mk
include efi/efi.mk
include tests/host/host.mk
include tests/fuzz/fuzz.mk
include tests/boot/efi/chaos.mk

# Another APP, or GDB, has other objects, which may be older than the core.elf that is there.
$(OUT)/core_first.elf $(OUT)/core.elf: $(OUT)/application
$(OUT)/application: FORCE
	@mkdir -p $(@D)
	@echo '$(core_debugger_sources) $(app_objects) $(libc_ldflags)' | cmp -s - $@ || echo '$(core_debugger_sources) $(app_objects) $(libc_ldflags)' >$@

# With SIGN_KEY and SIGN_CERT the image carries a signed loader. What was asked for last time is kept, for it may have been another key.
signer       := $(SIGN_KEY) $(SIGN_CERT)
image_loader := $(OUT)/$(if $(strip $(signer)),signed/)BOOTX64.EFI
$(OUT)/signed/BOOTX64.EFI: $(OUT)/BOOTX64.EFI $(wildcard $(signer)) tools/sign.sh $(OUT)/signer
	@mkdir -p $(@D)
	tools/sign.sh $< '$(SIGN_KEY)' '$(SIGN_CERT)' $@
$(OUT)/signer: FORCE
	@mkdir -p $(@D)
	@echo '$(signer)' | cmp -s - $@ || echo '$(signer)' >$@

$(OUT)/ingot.img: $(image_loader) $(OUT)/signer esp/ingot.cfg esp/startup.nsh tools/mkimage.py
	$(PYTHON) tools/mkimage.py $@ EFI/BOOT/BOOTX64.EFI=$< ingot/ingot.cfg=esp/ingot.cfg startup.nsh=esp/startup.nsh

# The application's words, and the display of the session that make was started in.
export INGOT_ARGS = $(ARGS)
QEMU_RUN = DISPLAY="$$(tr '\0' '\n' </proc/$$PPID/environ | sed -n 's/^DISPLAY=//p')" $(PYTHON) tools/run.py $(OUT)/BOOTX64.EFI \
	--machine $(MACHINE) --smp $(SMP) --mem $(MEM) --firmware $(FIRMWARE) --display $(DISPLAY) $(if $(COLD),--cold)

.PHONY: run new debug debug-serial debug-line record replay soak image usb check analyse stack prove test test-full bench docs clean help faults FORCE

run: $(OUT)/BOOTX64.EFI
	@$(QEMU_RUN) --image $(OUT)/run.img

debug: $(OUT)/BOOTX64.EFI
	@$(QEMU_RUN) --image $(OUT)/run.img --debug $(OUT)/core.elf -- $(GDBFLAGS)

# The target's own stub, on its serial port (core/debugger.h). It is linked on request only, so this image has a folder of its own.
debug-serial:
	@$(MAKE) --no-print-directory GDB=1 OUT=build/gdb debug-line
debug-line: $(OUT)/BOOTX64.EFI
	@INGOT_ARGS='debug=wait $(ARGS)' $(QEMU_RUN) --image $(OUT)/run.img --line --debug $(OUT)/core.elf -- $(GDBFLAGS)

# A boot with all that comes in from outside, and the same boot again under gdb, which then goes backwards as well (tools/replay.py).
record: $(OUT)/BOOTX64.EFI
	@$(PYTHON) tools/replay.py record $< build/record --machine $(MACHINE) --smp $(SMP) --mem $(MEM) --firmware $(FIRMWARE) --display $(DISPLAY)

replay:
	@$(PYTHON) tools/replay.py replay build/record -- $(GDBFLAGS)

soak:
	@$(PYTHON) tools/soak.py --hours $(or $(HOURS),1) $(if $(SEED),--seed $(SEED))

disk := $(OUT)/$(if $(CHAOS),chaos,ingot).img
image: $(disk)

usb: $(disk)
	@tools/usb.sh $< '$(DEV)'

check:
	@$(PYTHON) tools/check.py

analyse:
	@$(PYTHON) tools/analyse.py $(TOOLS)

prove:
	@$(PYTHON) tools/prove.py

stack: $(OUT)/BOOTX64.EFI
	@$(PYTHON) tools/stack.py -v $(OUT)/core.elf $(OUT)/loader.elf

test-full: fuzz-broken
test test-full: host-tests fuzz-targets
	@$(PYTHON) tools/test.py $(if $(filter test-full,$@),--full) --host $(host_tests:%=$(HOST)/test_%) --fuzz $(fuzz_targets)

faults: host-tests
	@$(PYTHON) tools/faults.py run

# Counters instead of sanitizers: objects of their own.
.PHONY: coverage coverage-tests
coverage:
	@$(MAKE) --no-print-directory HOST=build/coverage/host COVERAGE=1 coverage-tests
coverage-tests: host-tests
	@find build/coverage -name '*.gcda' -delete
	@INGOT_HOST=$(HOST) $(PYTHON) -m pytest -q --no-header -p no:cacheprovider tests/host/test_prompt.py
	@$(PYTHON) tools/coverage.py --host $(HOST) --boots --programs $(host_tests:%=$(HOST)/test_%)

bench: $(OUT)/BOOTX64.EFI
	@$(PYTHON) tools/bench.py

docs:
	@$(PYTHON) tools/docs.py

new:
	@tools/new.sh '$(APP)'

clean:
	rm -rf build

help:
	@echo 'make run        build, and boot in QEMU with the serial port on this terminal (Ctrl-A X ends it)'
	@echo 'make debug      the same under gdb, stopped where the core starts in C'
	@echo 'make image      $(OUT)/ingot.img: a disk that boots; dd it to a stick, or:'
	@echo 'make usb DEV=/dev/sdX   writes it to a stick, after asking'
	@echo 'make record, replay, soak HOURS=   a boot that is written down, and run again; boots under load that a reset ends'
	@echo 'make debug-serial   the same through the stub of the target itself, on its serial port, before main'
	@echo 'make test       all tests that must always hold; test-full: the whole matrix of machines'
	@echo 'make bench      what a boot and frequent operations cost: instructions, bytes, seconds, each with its target'
	@echo 'make check, analyse, stack, faults   facts about the sources; analysers; the most stack; what a boot must survive, row by row'
	@echo 'make coverage   lines and branches that the host tests reach in loader, parsers and core; what they do not, with its reason'
	@echo 'make docs       what a program may call, as web pages and man pages: build/docs/'
	@echo 'make clean      removes build/'
	@echo
	@echo 'APP=$(APP)   the application: a folder, here or anywhere; apps/apps.mk; make new APP=path makes one'
	@echo 'ARGS=           words of its command line, and options: exit= panic= log= mode= serial= timer= cpus= keyboard='
	@echo 'MACHINE=$(MACHINE)  SMP=$(SMP)  MEM=$(MEM)   the machine: q35 or pc, CPUs, memory'
	@echo 'SIGN_KEY= SIGN_CERT=   image and usb: PEM files to sign the loader with, for Secure Boot'
	@echo 'GDB=1           with the debugger on the serial ports: panic=debug debug=on debug=wait'
	@echo 'SAN=address     with checks of each access; undefined: for undefined behaviour; san=panic among ARGS: until the first finding'
	@echo 'DISPLAY=none    none std virtio virtio-gpu qxl ramfb two'
	@echo 'FIRMWARE=$(FIRMWARE)     4m 2m secboot, or the path of an OVMF code file'
	@echo 'COLD=1          from power-on, not from the frozen firmware; V=1 shows the commands'
	@echo 'CHAOS=          words that make the firmware of the image difficult (tests/boot/efi/chaos.c), such as exit-fails=3: image, usb'
