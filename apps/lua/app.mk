# Lua 5.4 from Debian's source package, unchanged; main.c adds the library `ingot`. Words of the command line are the interpreter's.

lua_version := 5.4.4-3+deb12u1
lua_file    := lua5.4_5.4.4.orig.tar.gz
lua_sha256  := 164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61
lua         := $(CURDIR)/build/sources/lua-5.4.4
lua_names   := lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo ldump lfunc lgc linit liolib llex lmathlib lmem loadlib \
	lobject lopcodes loslib lparser lstate lstring lstrlib ltable ltablib ltm lundump lutf8lib lvm lzio
lua_sources := $(lua_names:%=$(lua)/src/%.c)

LIBC    := 1
SOURCES := main.c $(lua_sources)
CFLAGS  := -I$(lua)/src -DLUA_COMPAT_5_3

# main.c includes lua.c, the interpreter's own main program.
$(lua_sources) $(CURDIR)/apps/lua/main.c apps/lua/main.c: | $(lua)/src/lua.c
$(lua)/src/lua.c:
	tools/source.sh lua5.4 $(lua_version) $(lua_file) $(lua_sha256) build/sources
	tar xzf build/sources/$(lua_file) -C build/sources
	touch $@
