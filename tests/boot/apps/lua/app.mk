# apps/lua with a script of checks.
include apps/lua/app.mk
SOURCES := $(CURDIR)/apps/lua/main.c $(lua_sources)
DATA    := checks.lua
