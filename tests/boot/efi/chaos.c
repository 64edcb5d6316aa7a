/* chaos.efi: makes the firmware difficult in the ways that its words ask for, then starts the real loader from the same volume.
 *
 * It lies at \EFI\BOOT\BOOTX64.EFI; its words are in \chaos.cfg, the loader is \loader.efi:
 *   occupy=ADDRESS       the page there is taken, as if a driver had allocated it
 *   take-below=ADDRESS   all free pages below are taken, and stay so: memory for ever reserved
 *   lend-below=ADDRESS   all free pages below are taken by boot services: the map calls them so
 *   acpi=PATH            that file is an ACPI table: it takes the place of the firmware's with its signature, or is added
 *   hang-in-exit=yes     ExitBootServices succeeds and does not return
 *   wait=yes             when the loader has been loaded, "chaos: waiting", until a key comes; then it is started
 *   tell-tpm=yes         before the first ExitBootServices, the TPM's event log and eight PCRs of SHA-256 are told, in hexadecimal
 *   no-acpi=NAME         ACPI's tables of that signature are gone
 * The first word that cannot be done ends it: the loader is not started.
 *
 * Source: UEFI 2.10, "Services - Boot Services" (7). Entered by the firmware, with its calling convention. */
#include "chaos.h"

enum { CONFIG_BYTES_MAX = 1024, LOADER_BYTES_MAX = 1 << 20, MAP_BYTES_MAX = 64 << 10, PATH_MAX = 128 };

EFI_SYSTEM_TABLE *system_table;
EFI_BOOT_SERVICES *boot;
static EFI_HANDLE device;                /* the volume that we came from */
static EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL;
static EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;

static void say(const CHAR16 *text)
{
    system_table->ConOut->OutputString(system_table->ConOut, (CHAR16 *)text);
}

static EFI_STATUS fail(const CHAR16 *what, EFI_STATUS status)
{
    say(u"chaos: failed at ");
    say(what);
    say(u"\r\n");
    return status;
}

static uint64_t hexadecimal(const char *text)
{
    uint64_t value = 0;

    for (text += text[0] == '0' && text[1] == 'x' ? 2 : 0;; text++) {
        if (*text >= '0' && *text <= '9')
            value = value << 4 | (uint64_t)(*text - '0');
        else if (*text >= 'a' && *text <= 'f')
            value = value << 4 | (uint64_t)(*text - 'a' + 10);
        else
            return value;
    }
}

static EFI_STATUS occupy(const char *value)
{
    EFI_PHYSICAL_ADDRESS address = hexadecimal(value);

    return boot->AllocatePages(AllocateAddress, EfiBootServicesData, 1, &address);
}

/* The part of a free range that ends at limit; 0 pages where there is none. Page 0 is nobody's. */
static uint64_t free_pages(const EFI_MEMORY_DESCRIPTOR *entry, uint64_t limit)
{
    uint64_t end = entry->PhysicalStart + entry->NumberOfPages * EFI_PAGE_SIZE;

    if (entry->Type != EfiConventionalMemory || entry->PhysicalStart >= limit)
        return 0;
    return ((end < limit ? end : limit) - entry->PhysicalStart) / EFI_PAGE_SIZE;
}

static EFI_STATUS take_below(uint64_t limit, EFI_MEMORY_TYPE type)
{
    static uint8_t map[MAP_BYTES_MAX] __attribute__((aligned(8)));
    UINTN bytes = sizeof(map), key, entry_bytes;
    UINT32 version;
    EFI_STATUS status = boot->GetMemoryMap(&bytes, (EFI_MEMORY_DESCRIPTOR *)map, &key, &entry_bytes, &version);

    for (UINTN at = 0; status == EFI_SUCCESS && at < bytes; at += entry_bytes) {
        const EFI_MEMORY_DESCRIPTOR *entry = (const EFI_MEMORY_DESCRIPTOR *)(map + at);
        EFI_PHYSICAL_ADDRESS address = entry->PhysicalStart;
        uint64_t pages = free_pages(entry, limit);

        if (pages)
            status = boot->AllocatePages(AllocateAddress, type, pages, &address);
    }
    return status;
}

static EFI_STATUS reserve_below(const char *value) { return take_below(hexadecimal(value), EfiReservedMemoryType); }
static EFI_STATUS lend_below(const char *value) { return take_below(hexadecimal(value), EfiBootServicesData); }

static EFI_STATUS (EFIAPI *real_exit)(EFI_HANDLE image, UINTN key);

static EFI_STATUS EFIAPI exit_and_hang(EFI_HANDLE image, UINTN key)
{
    EFI_STATUS status = real_exit(image, key);

    while (status == EFI_SUCCESS)
        __asm__ volatile("pause");
    return status;
}

static EFI_STATUS hang_in_exit(const char *unused)
{
    (void)unused;
    real_exit = boot->ExitBootServices;
    boot->ExitBootServices = exit_and_hang;
    return EFI_SUCCESS;
}

static bool waits;

static EFI_STATUS wait_for_key(const char *unused)
{
    (void)unused;
    waits = true;
    return EFI_SUCCESS;
}

static const struct option {
    const char *name;
    EFI_STATUS (*act)(const char *value);
} options[] = {
    { "occupy=", occupy },
    { "take-below=", reserve_below },
    { "lend-below=", lend_below },
    { "hang-in-exit=", hang_in_exit },
    { "wait=", wait_for_key },
    { "tell-tpm=", tpm_tell_in_exit },
    { "acpi=", acpi_install },
    { "no-acpi=", acpi_remove },
};

/* What stands behind prefix in text, or NULL. */
static const char *behind(const char *text, const char *prefix)
{
    while (*prefix)
        if (*text++ != *prefix++)
            return NULL;
    return text;
}

static EFI_STATUS act_on(const char *word)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const char *value = behind(word, options[i].name);

        if (value)
            return options[i].act(value);
    }
    return EFI_INVALID_PARAMETER;
}

/* Up to its first space, or as much as fits. */
static void widen(const char *path, CHAR16 *out)
{
    UINTN i = 0;

    for (; i < PATH_MAX - 1 && path[i] > ' '; i++)
        out[i] = (CHAR16)path[i];
    out[i] = 0;
}

EFI_STATUS read_file(const char *path, void *to, UINTN *bytes)
{
    CHAR16 wide[PATH_MAX];
    EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume;
    EFI_FILE_PROTOCOL *root, *file;
    EFI_STATUS status = boot->HandleProtocol(device, &file_system_guid, (void **)&volume);

    widen(path, wide);
    if (status == EFI_SUCCESS)
        status = volume->OpenVolume(volume, &root);
    if (status == EFI_SUCCESS)
        status = root->Open(root, &file, wide, EFI_FILE_MODE_READ, 0);
    if (status == EFI_SUCCESS)
        status = file->Read(file, bytes, to);
    return status;
}

static EFI_STATUS act_on_file(void)
{
    static char text[CONFIG_BYTES_MAX + 1];
    UINTN bytes = CONFIG_BYTES_MAX;
    EFI_STATUS status = read_file("\\chaos.cfg", text, &bytes);

    for (UINTN at = 0; status == EFI_SUCCESS && at < bytes; at++)
        if (text[at] > ' ' && (at == 0 || text[at - 1] <= ' '))
            status = act_on(text + at);
    return status;
}

/* Starts the loader from memory, and gives it the device that it would have been loaded from. */
static EFI_STATUS start_loader(EFI_HANDLE image)
{
    UINTN bytes = LOADER_BYTES_MAX;
    void *file;
    EFI_HANDLE loader;
    EFI_LOADED_IMAGE_PROTOCOL *loaded;
    EFI_INPUT_KEY key;
    EFI_STATUS status = boot->AllocatePool(EfiBootServicesData, bytes, &file);

    if (status == EFI_SUCCESS)
        status = read_file("\\loader.efi", file, &bytes);
    if (status == EFI_SUCCESS)
        status = boot->LoadImage(FALSE, image, NULL, file, bytes, &loader);
    if (status == EFI_SUCCESS)
        status = boot->HandleProtocol(loader, &loaded_image_guid, (void **)&loaded);
    if (status != EFI_SUCCESS)
        return status;
    loaded->DeviceHandle = device;
    if (waits)
        say(u"chaos: waiting\r\n");
    while (waits && system_table->ConIn->ReadKeyStroke(system_table->ConIn, &key) != EFI_SUCCESS)
        ;
    return boot->StartImage(loader, NULL, NULL);
}

EFI_STATUS EFIAPI efi_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    EFI_LOADED_IMAGE_PROTOCOL *loaded;
    EFI_STATUS status;

    system_table = table;
    boot = table->BootServices;
    status = boot->HandleProtocol(image, &loaded_image_guid, (void **)&loaded);
    if (status != EFI_SUCCESS)
        return fail(u"its own image", status);
    device = loaded->DeviceHandle;
    status = act_on_file();
    if (status != EFI_SUCCESS)
        return fail(u"a word of chaos.cfg", status);
    say(u"chaos: starting the loader\r\n");
    status = start_loader(image);
    return fail(u"the loader, which came back", status);
}
