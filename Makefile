# Ingot. `make help` lists what can be asked for; each folder's part is in its own .mk file.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

ARCH   := x86_64
OUT    := build/$(ARCH)
HOST   := build/host
PYTHON := /usr/bin/python3                     # Debian's own: the packages that we install are for it
CC     := gcc

include core/core.mk
include drivers/drivers.mk
include apps/apps.mk
include efi/efi.mk
include tests/host/host.mk
include tests/fuzz/fuzz.mk
