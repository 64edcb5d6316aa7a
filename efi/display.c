/* Every display that can be drawn on without the firmware. A card may show up twice (the console's handle repeats it), or only as
 * something to ask for drawing; both are left out.
 * Source: UEFI 2.10, "Graphics Output Protocol" (12.9). */
#include "efi/console.h"
#include "efi/loader.h"
#include "efi/text.h"

enum { HANDLES_MAX = 64, MODES_MAX = 1024, PIXELS_MAX = 16384, SAMPLE_STEP = 32, SAMPLES_MAX = 64 };

struct wish {                               /* mode=WxH of the command line; 0: none */
    uint32_t width, height;
};

static struct wish read_wish(const struct words *words)
{
    char text[24];
    const char *at = text;
    uint64_t width, height;

    if (!words_next(words, "mode=", NULL))
        return (struct wish){ 0, 0 };
    if (words_last(words, "mode=", text, sizeof(text)) && text_number(&at, &width) && *at++ == 'x' && text_number(&at, &height) &&
        !*at && width && width <= PIXELS_MAX && height && height <= PIXELS_MAX)
        return (struct wish){ (uint32_t)width, (uint32_t)height };
    say("display: W mode= wants WIDTHxHEIGHT; ignored");
    return (struct wish){ 0, 0 };
}

/* The number of the mode that was wished for, else of the one that is set. Each answer of QueryMode is memory that we have to
 * free. */
static uint32_t choose_mode(struct loader *loader, EFI_GRAPHICS_OUTPUT_PROTOCOL *gop, struct wish wish)
{
    for (uint32_t mode = 0; wish.width && mode < gop->Mode->MaxMode && mode < MODES_MAX; mode++) {
        EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info = NULL;
        UINTN bytes = 0;
        bool found;

        if (EFI_ERROR(gop->QueryMode(gop, mode, &bytes, &info)) || !info)
            continue;
        found = info->HorizontalResolution == wish.width && info->VerticalResolution == wish.height &&
                info->PixelFormat != PixelBltOnly;
        loader->boot->FreePool(info);
        if (found)
            return mode;
    }
    if (wish.width)
        say("display: W no mode of %ux%u, the one that is set stays", wish.width, wish.height);
    return gop->Mode->Mode < gop->Mode->MaxMode ? gop->Mode->Mode : 0;
}

static bool has_hole(uint32_t mask)
{
    uint32_t low = mask & -mask;

    return mask == 0 || (mask + low) & mask;
}

/* Pixel format to masks. False when no pixel can be written with them. */
static bool set_format(const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info, struct handoff_framebuffer *out)
{
    EFI_PIXEL_BITMASK mask = info->PixelInformation;
    uint32_t used;

    if (info->PixelFormat == PixelRedGreenBlueReserved8BitPerColor)
        mask = (EFI_PIXEL_BITMASK){ 0x0000ff, 0x00ff00, 0xff0000, 0xff000000 };
    else if (info->PixelFormat == PixelBlueGreenRedReserved8BitPerColor)
        mask = (EFI_PIXEL_BITMASK){ 0xff0000, 0x00ff00, 0x0000ff, 0xff000000 };
    else if (info->PixelFormat != PixelBitMask)
        return false;
    used = mask.RedMask | mask.GreenMask | mask.BlueMask | mask.ReservedMask;
    out->red_mask = mask.RedMask;
    out->green_mask = mask.GreenMask;
    out->blue_mask = mask.BlueMask;
    out->bits_per_pixel = used >> 24 ? 32 : used >> 16 ? 24 : 16;
    return !has_hole(mask.RedMask) && !has_hole(mask.GreenMask) && !has_hole(mask.BlueMask) &&
           !(mask.RedMask & mask.GreenMask) && !(mask.RedMask & mask.BlueMask) && !(mask.GreenMask & mask.BlueMask);
}

/* Size and place. A framebuffer that is smaller than its mode is cut to the lines that it has. */
static bool set_geometry(const EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *mode, struct handoff_framebuffer *out)
{
    const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info = mode->Info;
    uint64_t pitch = (uint64_t)info->PixelsPerScanLine * (out->bits_per_pixel / 8);

    if (info->HorizontalResolution == 0 || info->HorizontalResolution > PIXELS_MAX || info->VerticalResolution == 0 ||
        info->VerticalResolution > PIXELS_MAX || info->PixelsPerScanLine < info->HorizontalResolution || pitch > PIXELS_MAX * 16)
        return false;
    out->base = mode->FrameBufferBase;
    out->width = info->HorizontalResolution;
    out->height = info->VerticalResolution;
    out->pitch_bytes = (uint32_t)pitch;
    if (mode->FrameBufferSize < pitch * out->height) {
        out->height = (uint32_t)(mode->FrameBufferSize / pitch);
        say("display: W FB clipped: 0x%lx has %lu bytes, %u of %u lines", out->base, (uint64_t)mode->FrameBufferSize, out->height,
            info->VerticalResolution);
    }
    out->bytes = pitch * out->height;
    return out->height && out->base && out->base < cpu_address_limit() - out->bytes;
}

static bool is_black_at(const struct handoff_framebuffer *display, uint32_t x, uint32_t y)
{
    const volatile uint8_t *pixel = (const volatile uint8_t *)(uintptr_t)display->base + (uint64_t)y * display->pitch_bytes;
    uint32_t bytes = display->bits_per_pixel / 8, value = 0;

    pixel += x * bytes;
    if (bytes == 4)
        value = *(const volatile uint32_t *)pixel;
    else
        for (uint32_t i = 0; i < bytes; i++)
            value |= (uint32_t)pixel[i] << 8 * i;
    return (value & (display->red_mask | display->green_mask | display->blue_mask)) == 0;
}

/* Looks at a pixel about every 32 in both directions: SetMode promises a black screen, and if it is black nobody has to clear it
 * again. Reading a framebuffer is slow, so there are at most 64 by 64 looks. */
static bool is_black(const struct handoff_framebuffer *display)
{
    uint32_t step_x = display->width / SAMPLES_MAX > SAMPLE_STEP ? display->width / SAMPLES_MAX : SAMPLE_STEP;
    uint32_t step_y = display->height / SAMPLES_MAX > SAMPLE_STEP ? display->height / SAMPLES_MAX : SAMPLE_STEP;

    for (uint32_t y = 0; y < display->height; y += step_y)
        for (uint32_t x = 0; x < display->width; x += step_x)
            if (!is_black_at(display, x, y))
                return false;
    return true;
}

static bool is_known(const struct loader *loader, uint64_t base)
{
    for (unsigned i = 0; i < loader->displays; i++)
        if (loader->display[i].base == base)
            return true;
    return false;
}

/* Sets the mode, unless the firmware has set just that one: some paint the whole screen for it, pixel by pixel (OVMF: 17 million
 * instructions). What the mode is, is read only after it has been set: before, and from QueryMode, some firmware tells a pitch
 * that is not so. */
static void set_mode(EFI_GRAPHICS_OUTPUT_PROTOCOL *gop, uint32_t mode)
{
    EFI_STATUS status;

    if (mode == gop->Mode->Mode && gop->Mode->Info && gop->Mode->FrameBufferBase)
        return;
    status = gop->SetMode(gop, mode);
    if (EFI_ERROR(status))
        say("display: W SetMode: %s; taken as it is", status_name(status));
}

static void add_display(struct loader *loader, EFI_GRAPHICS_OUTPUT_PROTOCOL *gop, struct wish wish)
{
    struct handoff_framebuffer *display = &loader->display[loader->displays];

    if (!gop || !gop->Mode || loader->displays == DISPLAYS_MAX)
        return;
    if (gop->Mode->FrameBufferBase && is_known(loader, gop->Mode->FrameBufferBase))
        return;                             /* one card under two handles */
    if (gop->Mode->Info && gop->Mode->Info->PixelFormat == PixelBltOnly && !gop->Mode->FrameBufferBase) {
        say("display: one that only the firmware can draw on (BltOnly), not used");
        return;
    }
    set_mode(gop, choose_mode(loader, gop, wish));
    *display = (struct handoff_framebuffer){ 0 };
    if (!gop->Mode->Info || !set_format(gop->Mode->Info, display) || !set_geometry(gop->Mode, display)) {
        say("display: one without usable pixels (format %u, base 0x%lx), not used",
            gop->Mode->Info ? gop->Mode->Info->PixelFormat : PixelFormatMax, (uint64_t)gop->Mode->FrameBufferBase);
        return;
    }
    if (is_known(loader, display->base))
        return;
    display->flags = is_black(display) ? HANDOFF_DISPLAY_BLACK : 0;
    loader->displays++;
}

static EFI_GRAPHICS_OUTPUT_PROTOCOL *gop_on(struct loader *loader, EFI_HANDLE handle)
{
    void *gop;

    return EFI_ERROR(protocol_on(loader, handle, (EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID, &gop)) ? NULL : gop;
}

/* Adds all displays. The firmware's console has a GOP of its own that passes everything on, often to a card that has a handle
 * too: that card's is asked first, because setting a mode through the console repaints the screen over and over. */
static void add_displays(struct loader *loader, const EFI_HANDLE *handle, UINTN handles, uint64_t *out_console_base)
{
    EFI_HANDLE console = loader->system->ConsoleOutHandle;
    EFI_GRAPHICS_OUTPUT_PROTOCOL *console_gop = gop_on(loader, console);
    struct wish wish = read_wish(loader->words);

    for (UINTN i = 0; i < handles && i < HANDLES_MAX; i++)
        if (handle[i] != console)
            add_display(loader, gop_on(loader, handle[i]), wish);
    add_display(loader, console_gop, wish);
    *out_console_base = console_gop && console_gop->Mode ? console_gop->Mode->FrameBufferBase : 0;
}

/* The primary display, where people look, comes first: the console's, if one is, else the first that was found. */
static void choose_primary(struct loader *loader, uint64_t console_base)
{
    unsigned primary = 0;

    for (unsigned i = 0; i < loader->displays; i++)
        if (loader->display[i].base == console_base)
            primary = i;
    if (primary) {
        struct handoff_framebuffer display = loader->display[primary];

        loader->display[primary] = loader->display[0];
        loader->display[0] = display;
    }
    loader->display[0].flags |= HANDOFF_DISPLAY_PRIMARY;
}

static void tell(const struct handoff_framebuffer *display)
{
    say("display: %ux%u, pitch %u, %u bits at 0x%lx%s%s", display->width, display->height, display->pitch_bytes,
        display->bits_per_pixel, display->base, display->flags & HANDOFF_DISPLAY_PRIMARY ? ", primary" : "",
        display->flags & HANDOFF_DISPLAY_BLACK ? ", black" : "");
}

EFI_STATUS displays_find(struct loader *loader)
{
    EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    EFI_HANDLE *handle = NULL;
    UINTN handles = 0;
    uint64_t console_base = 0;
    EFI_STATUS status = loader->boot->LocateHandleBuffer(ByProtocol, &guid, NULL, &handles, &handle);

    if (!EFI_ERROR(status) && handle) {
        add_displays(loader, handle, handles, &console_base);
        loader->boot->FreePool(handle);
    }
    if (loader->displays == 0) {
        say("display: none (%s)", EFI_ERROR(status) ? status_name(status) : "none has pixels");
        return EFI_SUCCESS;
    }
    choose_primary(loader, console_base);
    for (unsigned i = 0; i < loader->displays; i++)
        tell(&loader->display[i]);
    return EFI_SUCCESS;
}
