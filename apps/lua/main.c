/* Lua's own interpreter, with a library of what Lua cannot do by itself: the machine.
 *
 *     make run APP=apps/lua
 *     > ingot.log("hello from cpu " .. ingot.cpu())
 *     > ingot.peek(0xfed00000, 4)                     --> 2147910401, or nil and "fault"
 *
 *     peek(address, bytes)      poke(address, bytes, value)       bytes is 1, 2, 4 or 8: one access of that width
 *     port_in(port, bytes)      port_out(port, bytes, value)      1, 2 or 4
 *     time()                    nanoseconds since power-on
 *     sleep(seconds)            sleeps; the number may have a fraction
 *     cpu()                     the number of this CPU, and how many there are
 *     log(text)                 a line in the log
 *     display()                 a table: width, height, pitch, bits, pixels (their address); nil without a screen
 *     fill(x, y, width, height, color)       text(x, y, text, color, scale)      color is 0xrrggbb
 *     take_display()            release_display()                 from the log's console, and back to it */
#include <lua.h>

#include <lauxlib.h>
#include <lualib.h>

#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/log.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>
#include <ingot/probe.h>
#include <ingot/time.h>

/* ---- memory and ports ---- */

static void *address_argument(lua_State *L) { return (void *)(uintptr_t)luaL_checkinteger(L, 1); }

/* A value, or nil and a word, as Lua's own libraries do. */
static int push_result(lua_State *L, int error, uint64_t value)
{
    if (!error) {
        lua_pushinteger(L, (lua_Integer)value);
        return 1;
    }
    luaL_pushfail(L);
    lua_pushstring(L, error_name(error));
    return 2;
}

static int peek(lua_State *L)
{
    void *address = address_argument(L);
    uint8_t one = 0;
    uint16_t two = 0;
    uint32_t four = 0;
    uint64_t eight = 0;
    int error;

    switch (luaL_optinteger(L, 2, 1)) {
    case 1: error = mmio_probe8(address, &one); break;
    case 2: error = mmio_probe16(address, &two); break;
    case 4: error = mmio_probe32(address, &four); break;
    case 8: error = mmio_probe64(address, &eight); break;
    default: return luaL_argerror(L, 2, "1, 2, 4 or 8 expected");
    }
    return push_result(L, error, one | two | four | eight);
}

static int poke(lua_State *L)
{
    void *address = address_argument(L);
    uint64_t value = (uint64_t)luaL_checkinteger(L, 3);

    switch (luaL_checkinteger(L, 2)) {
    case 1: return push_result(L, mmio_try_write8(address, (uint8_t)value), value);
    case 2: return push_result(L, mmio_try_write16(address, (uint16_t)value), value);
    case 4: return push_result(L, mmio_try_write32(address, (uint32_t)value), value);
    case 8: return push_result(L, mmio_try_write64(address, value), value);
    default: return luaL_argerror(L, 2, "1, 2, 4 or 8 expected");
    }
}

static uint16_t port_argument(lua_State *L)
{
    lua_Integer port = luaL_checkinteger(L, 1);

    luaL_argcheck(L, port >= 0 && port <= 0xffff, 1, "ports are 0 to 0xffff");
    return (uint16_t)port;
}

static int port_in(lua_State *L)
{
    uint16_t port = port_argument(L);

    switch (luaL_optinteger(L, 2, 1)) {
    case 1: return push_result(L, 0, port_read8(port));
    case 2: return push_result(L, 0, port_read16(port));
    case 4: return push_result(L, 0, port_read32(port));
    default: return luaL_argerror(L, 2, "1, 2 or 4 expected");
    }
}

static int port_out(lua_State *L)
{
    uint16_t port = port_argument(L);
    uint32_t value = (uint32_t)luaL_checkinteger(L, 3);

    switch (luaL_checkinteger(L, 2)) {
    case 1: port_write8(port, (uint8_t)value); return 0;
    case 2: port_write16(port, (uint16_t)value); return 0;
    case 4: port_write32(port, value); return 0;
    default: return luaL_argerror(L, 2, "1, 2 or 4 expected");
    }
}

/* ---- time, CPUs, the log ---- */

static int now(lua_State *L) { return push_result(L, 0, time_ns()); }

static int wait(lua_State *L)
{
    lua_Number seconds = luaL_checknumber(L, 1);

    luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 1, "0 to a thousand million seconds");
    cpu_sleep_until(time_ns() + (uint64_t)(seconds * 1e9));
    return 0;
}

static int cpu(lua_State *L)
{
    lua_pushinteger(L, cpu_id());
    lua_pushinteger(L, cpu_count());
    return 2;
}

static int line(lua_State *L)
{
    log_info("%s", luaL_checkstring(L, 1));
    return 0;
}

/* ---- the screen ---- */

static const struct display *screen_of(lua_State *L)
{
    const struct display *screen = display(0);

    if (!screen)
        luaL_error(L, "this machine has no screen");
    return screen;
}

static void set(lua_State *L, const char *name, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

static int describe(lua_State *L)
{
    const struct display *screen = display(0);

    if (!screen) {
        luaL_pushfail(L);
        return 1;
    }
    lua_newtable(L);
    set(L, "width", screen->width);
    set(L, "height", screen->height);
    set(L, "pitch", screen->pitch_bytes);
    set(L, "bits", screen->bits_per_pixel);
    set(L, "pixels", (uintptr_t)screen->pixels);
    return 1;
}

static uint32_t color_argument(lua_State *L, int number, const struct display *screen)
{
    uint32_t rgb = (uint32_t)luaL_optinteger(L, number, 0xffffff);

    return display_color(screen, rgb >> 16 & 0xff, rgb >> 8 & 0xff, rgb & 0xff);
}

static int fill(lua_State *L)
{
    const struct display *screen = screen_of(L);

    display_fill(screen, (uint32_t)luaL_checkinteger(L, 1), (uint32_t)luaL_checkinteger(L, 2), (uint32_t)luaL_checkinteger(L, 3),
                 (uint32_t)luaL_checkinteger(L, 4), color_argument(L, 5, screen));
    write_combining_flush();
    return 0;
}

static int text(lua_State *L)
{
    const struct display *screen = screen_of(L);
    struct display_text_look look = { color_argument(L, 4, screen), 0, (uint32_t)luaL_optinteger(L, 5, 1) };

    luaL_argcheck(L, look.scale >= 1 && look.scale <= 8, 5, "scales are 1 to 8");
    lua_pushinteger(L, display_text(screen, (uint32_t)luaL_checkinteger(L, 1), (uint32_t)luaL_checkinteger(L, 2), &look, luaL_checkstring(L, 3)));
    write_combining_flush();
    return 1;
}

static int take(lua_State *L) { (void)L; display_take(); return 0; }
static int release(lua_State *L) { (void)L; display_release(); return 0; }

/* ---- the interpreter ---- */

static int open_ingot(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "peek", peek }, { "poke", poke }, { "port_in", port_in }, { "port_out", port_out }, { "time", now }, { "sleep", wait },
        { "cpu", cpu }, { "log", line }, { "display", describe }, { "fill", fill }, { "text", text },
        { "take_display", take }, { "release_display", release }, { NULL, NULL },
    };

    luaL_newlib(L, functions);
    return 1;
}

static void open_libraries(lua_State *L)
{
    luaL_openlibs(L);
    luaL_requiref(L, "ingot", open_ingot, 1);
    lua_pop(L, 1);
}

#define luaL_openlibs open_libraries           /* for lua.c: its interpreter opens the libraries by this call */
#include "lua.c"
