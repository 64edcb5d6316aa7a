/* Boot services that fail: ExitBootServices, AllocatePages, protocols, variables; the watchdog; the system table itself. Calls that do not
 * come from the loader are passed on.
 *
 * Source: UEFI 2.10, "Services - Boot Services" (7), "EFI System Table" (4.3). */
#include "chaos.h"

enum { SLOW_US = 2000000 };

/* Which calls fail: from first on, one or all. */
struct failing {
    bool is_on, lasts;
    uint64_t first, seen;
};

static struct failing pages, protocols;
static uint64_t exits_to_fail;
static EFI_STATUS exit_error;
static bool allocates, hangs, hooks_exit, slow, garbage, hides_displays;
static const char *left_running;

static EFI_EXIT_BOOT_SERVICES real_exit;
static EFI_ALLOCATE_PAGES real_pages;
static EFI_HANDLE_PROTOCOL real_handle;
static EFI_LOCATE_PROTOCOL real_locate;
static EFI_LOCATE_HANDLE_BUFFER real_buffer;

static EFI_STATUS read_failing(struct failing *which, const char *text)
{
    which->first = number(&text);
    which->lasts = *text == '-';
    which->is_on = true;
    return EFI_SUCCESS;
}

EFI_STATUS pages_fail(const char *count) { return read_failing(&pages, count); }
EFI_STATUS protocols_fail(const char *count) { return read_failing(&protocols, count); }

static bool fails(struct failing *which, const void *caller)
{
    uint64_t this;

    if (!which->is_on || !is_loaders(caller))
        return false;
    this = which->seen++;
    return this == which->first || (which->lasts && this > which->first);
}

/* ---- ExitBootServices ---- */

EFI_STATUS exit_fails(const char *count)
{
    exits_to_fail = number(&count);
    exit_error = EFI_INVALID_PARAMETER;
    hooks_exit = true;
    return EFI_SUCCESS;
}

EFI_STATUS exit_status(const char *status)
{
    exits_to_fail = ~0ull;
    exit_error = number(&status);
    hooks_exit = true;
    return EFI_SUCCESS;
}

EFI_STATUS exit_allocates(const char *unused)
{
    (void)unused;
    return allocates = hooks_exit = true, EFI_SUCCESS;
}

EFI_STATUS exit_hangs(const char *unused)
{
    (void)unused;
    return hangs = hooks_exit = true, EFI_SUCCESS;
}

EFI_STATUS exit_leaves(const char *timer)
{
    left_running = timer;
    return hooks_exit = true, EFI_SUCCESS;
}

static EFI_STATUS EFIAPI exit_boot_services(EFI_HANDLE image, UINTN key)
{
    EFI_STATUS status;
    void *block;

    if (exits_to_fail) {
        exits_to_fail--;
        return exit_error;
    }
    if (allocates) {
        allocates = false;
        boot->AllocatePool(EfiBootServicesData, 3 * EFI_PAGE_SIZE, &block);
    }
    status = real_exit(image, key);
    if (status == EFI_SUCCESS && left_running)
        timer_left(left_running);
    while (status == EFI_SUCCESS && hangs)
        __asm__ volatile("pause");
    return status;
}

/* ---- memory and protocols ---- */

static EFI_STATUS EFIAPI allocate_pages(EFI_ALLOCATE_TYPE kind, EFI_MEMORY_TYPE type, UINTN count, EFI_PHYSICAL_ADDRESS *address)
{
    return fails(&pages, __builtin_return_address(0)) ? EFI_OUT_OF_RESOURCES : real_pages(kind, type, count, address);
}

void hide_displays(void) { hides_displays = true; }

/* Drivers have the protocol open, so it cannot be taken away: it is only not found any more. */
static bool is_hidden(const EFI_GUID *guid, const void *caller)
{
    static const EFI_GUID gop = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    const uint64_t *one = (const uint64_t *)(const void *)guid, *other = (const uint64_t *)(const void *)&gop;

    return hides_displays && is_loaders(caller) && one[0] == other[0] && one[1] == other[1];
}

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, void **out)
{
    const void *caller = __builtin_return_address(0);

    return fails(&protocols, caller) || is_hidden(guid, caller) ? EFI_UNSUPPORTED : real_handle(handle, guid, out);
}

static EFI_STATUS EFIAPI locate_protocol(EFI_GUID *guid, void *registration, void **out)
{
    return fails(&protocols, __builtin_return_address(0)) ? EFI_NOT_FOUND : real_locate(guid, registration, out);
}

static EFI_STATUS EFIAPI locate_handle_buffer(EFI_LOCATE_SEARCH_TYPE kind, EFI_GUID *guid, void *key, UINTN *count, EFI_HANDLE **out)
{
    const void *caller = __builtin_return_address(0);

    return fails(&protocols, caller) || (guid && is_hidden(guid, caller)) ? EFI_NOT_FOUND : real_buffer(kind, guid, key, count, out);
}

void arm_boot(void)
{
    if (hooks_exit && !real_exit) {
        real_exit = boot->ExitBootServices;
        boot->ExitBootServices = exit_boot_services;
    }
    if (pages.is_on && !real_pages) {
        real_pages = boot->AllocatePages;
        boot->AllocatePages = allocate_pages;
    }
    if ((protocols.is_on || hides_displays) && !real_handle) {
        real_handle = boot->HandleProtocol;
        real_locate = boot->LocateProtocol;
        real_buffer = boot->LocateHandleBuffer;
        boot->HandleProtocol = handle_protocol;
        boot->LocateProtocol = locate_protocol;
        boot->LocateHandleBuffer = locate_handle_buffer;
    }
}

/* ---- the rest ---- */

EFI_STATUS watchdog(const char *seconds) { return boot->SetWatchdogTimer(number(&seconds), 0x10000, 0, NULL); }

static EFI_STATUS EFIAPI get_variable(CHAR16 *name, EFI_GUID *guid, UINT32 *attributes, UINTN *bytes, void *data)
{
    (void)name, (void)guid, (void)attributes;
    if (slow)
        boot->Stall(SLOW_US);
    for (UINTN i = 0; (garbage || slow) && i < *bytes; i++)
        ((uint8_t *)data)[i] = garbage ? (uint8_t)(0xa5 + i) : 0;
    return garbage || slow ? EFI_SUCCESS : EFI_DEVICE_ERROR;
}

/* The firmware reads variables by functions of its own. */
EFI_STATUS variables(const char *kind)
{
    slow = starts_with(kind, "slow");
    garbage = starts_with(kind, "garbage");
    system_table->RuntimeServices->GetVariable = get_variable;
    return EFI_SUCCESS;
}

EFI_STATUS table(const char *kind)
{
    if (starts_with(kind, "no-console")) {
        system_table->ConOut = system_table->StdErr = NULL;
        system_table->ConIn = NULL;
        system_table->ConsoleOutHandle = NULL;
    }
    if (starts_with(kind, "no-tables"))
        system_table->NumberOfTableEntries = 0;
    if (starts_with(kind, "revision"))
        system_table->Hdr.Revision = 1 << 16;
    seal_system_table();
    if (starts_with(kind, "signature"))
        system_table->Hdr.Signature++;
    if (starts_with(kind, "sum"))
        system_table->Hdr.CRC32++;
    return EFI_SUCCESS;
}
