/* Leaving the firmware: ExitBootServices, and GetMemoryMap again, until they agree.
 *
 * The firmware may answer that the key is stale, some do so many times; every other call, a line on its console too, may change
 * the map again. So nothing is asked and nothing said between the reading of the map (plan.c) and success. After the first
 * ExitBootServices the firmware is half gone: only these two calls are allowed ("EFI_BOOT_SERVICES.ExitBootServices()", UEFI
 * 2.10, 7.4), there is no way back, and no more room for a map. */
#include "efi/leave.h"

#include "efi/console.h"
#include "efi/room.h"

enum { EXIT_TRIES_MAX = 64 };

enum leave_state {
    LEAVE_EXIT,                             /* with the key of the map that was read last */
    LEAVE_READ,                             /* the map anew, into the room that is there */
    LEAVE_DONE,
};

struct leave {
    struct loader *loader;
    uint32_t exits, reads_failed;
    EFI_STATUS exit_status, read_status;    /* of the last call of each */
};

static void fill_bar(const struct handoff_framebuffer *display, uint32_t from, uint32_t to, uint32_t color)
{
    uint32_t bytes = display->bits_per_pixel / 8;

    for (uint32_t y = from; y < to; y++) {
        volatile uint8_t *pixel = (volatile uint8_t *)(uintptr_t)display->base + (uint64_t)y * display->pitch_bytes;

        for (uint32_t x = 0; x < display->width; x++, pixel += bytes)
            for (uint32_t i = 0; i < bytes; i++)
                pixel[i] = (uint8_t)(color >> 8 * i);
    }
}

_Noreturn void leave_panicked(struct loader *loader)
{
    const struct handoff_framebuffer *display = &loader->display[0];

    if (loader->displays) {                 /* red, ended by a white line: the words are on the serial line */
        fill_bar(display, 0, display->height / 16, display->red_mask);
        fill_bar(display, display->height / 16, display->height / 16 + display->height / 128,
                 display->red_mask | display->green_mask | display->blue_mask);
    }
    cpu_pause_for_reader();
    if (loader->system->RuntimeServices && loader->system->RuntimeServices->ResetSystem)
        loader->system->RuntimeServices->ResetSystem(EfiResetCold, EFI_ABORTED, 0, NULL);
    cpu_halt();
}

static enum leave_state exit_firmware(struct leave *leave)
{
    struct loader *loader = leave->loader;

    if (leave->exits == EXIT_TRIES_MAX) {
        console_panic("EBS-EXHAUSTED", "ExitBootServices fails, tries=%u: %s (0x%lx)", leave->exits,
                      status_name(leave->exit_status), (uint64_t)leave->exit_status);
        leave_panicked(loader);
    }
    leave->exits++;
    leave->exit_status = loader->boot->ExitBootServices(loader->image, loader->room.key);
    return EFI_ERROR(leave->exit_status) ? LEAVE_READ : LEAVE_DONE;
}

static enum leave_state read_map(struct leave *leave)
{
    const struct room *room = &leave->loader->room;
    enum map_fault fault = room_read_map(leave->loader, &leave->read_status);

    if (fault == MAP_OK)
        return LEAVE_EXIT;
    if (fault == MAP_READ && ++leave->reads_failed < EXIT_TRIES_MAX)
        return LEAVE_READ;
    console_panic(map_fault_code(fault), "%s: need=%lu have=%lu descriptor=%lu bytes, tries=%u, %s (0x%lx)",
                  map_fault_text(fault), room->bytes, room->capacity, room->descriptor_bytes, leave->exits,
                  status_name(leave->read_status), (uint64_t)leave->read_status);
    leave_panicked(leave->loader);
}

EFI_STATUS firmware_leave(struct loader *loader)
{
    struct leave leave = { .loader = loader };
    enum leave_state state = LEAVE_EXIT;

    while (state != LEAVE_DONE)
        state = state == LEAVE_EXIT ? exit_firmware(&leave) : read_map(&leave);
    loader->exit_tries = leave.exits;
    return EFI_SUCCESS;
}
