/* chaos.efi: makes the firmware difficult in the ways that its words ask for, then starts the real loader from the same volume.
 *
 * It lies at \EFI\BOOT\BOOTX64.EFI, and its words are in \chaos.cfg; or it is started from a shell with its words behind its name. The
 * loader is \loader.efi. Its words are in the table below, which it prints when it does not know one. It says what it does, line by
 * line; the first word that cannot be done ends it, and the loader is not started.
 *
 * Source: UEFI 2.10, "Services - Boot Services" (7). Entered by the firmware, with its calling convention. */
#include "chaos.h"

enum { WORDS_BYTES_MAX = 1024, LOADER_BYTES_MAX = 4 << 20, MAP_BYTES_MAX = 64 << 10, PATH_MAX = 128 };

EFI_SYSTEM_TABLE *system_table;
EFI_BOOT_SERVICES *boot;
EFI_HANDLE device;
static EFI_LOADED_IMAGE_PROTOCOL *loader_image;
static uint32_t times = 1;               /* that the loader is started */
static EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL;
static EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;

/* ASCII, up to its end or to the end of a word. */
static void say(const char *text, bool to_space)
{
    CHAR16 unit[2] = { 0 };

    for (; *text && !(to_space && *text <= ' '); text++) {
        unit[0] = (CHAR16)*text;
        if (system_table->ConOut)
            system_table->ConOut->OutputString(system_table->ConOut, unit);
    }
}

static EFI_STATUS fail(const char *what, EFI_STATUS status)
{
    say("chaos: failed at ", false);
    say(what, false);
    say("\r\n", false);
    return status;
}

uint64_t number(const char **text)
{
    bool is_hex = (*text)[0] == '0' && (*text)[1] == 'x';
    uint64_t value = 0;

    for (*text += is_hex ? 2 : 0;; ++*text) {
        char c = **text;

        if (c >= '0' && c <= '9')
            value = value * (is_hex ? 16 : 10) + (uint64_t)(c - '0');
        else if (is_hex && c >= 'a' && c <= 'f')
            value = value * 16 + (uint64_t)(c - 'a' + 10);
        else
            return value;
    }
}

static uint64_t number_in(const char *text) { return number(&text); }

bool starts_with(const char *text, const char *prefix)
{
    while (*prefix)
        if (*text++ != *prefix++)
            return false;
    return true;
}

void seal_system_table(void)
{
    system_table->Hdr.CRC32 = 0;
    boot->CalculateCrc32(system_table, system_table->Hdr.HeaderSize, &system_table->Hdr.CRC32);
}

bool is_loaders(const void *address)
{
    uint64_t at = (uint64_t)address, base = loader_image ? (uint64_t)loader_image->ImageBase : 0;

    return base && at >= base && at < base + loader_image->ImageSize;
}

static EFI_STATUS occupy(const char *value)
{
    EFI_PHYSICAL_ADDRESS address = number_in(value);

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

static EFI_STATUS reserve_below(const char *value) { return take_below(number_in(value), EfiReservedMemoryType); }
static EFI_STATUS lend_below(const char *value) { return take_below(number_in(value), EfiBootServicesData); }

static EFI_STATUS start_times(const char *value)
{
    times = (uint32_t)number_in(value);
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
    const char *what;
} options[] = {
    { "occupy=",         occupy,         "ADDRESS: the page there is taken, as if a driver had allocated it" },
    { "take-below=",     reserve_below,  "ADDRESS: all free pages below are taken, and stay so: memory for ever reserved" },
    { "lend-below=",     lend_below,     "ADDRESS: all free pages below are taken by boot services: the map calls them so" },
    { "acpi=",           acpi_install,   "PATH: that file is an ACPI table, in the place of the firmware's with its signature, or added" },
    { "no-acpi=",        acpi_remove,    "NAME: the ACPI tables of that signature are gone" },
    { "acpi-poke=",      acpi_poke,      "NAME:OFFSET:BYTE: one byte of a table (or of RSDP) is another, its sum as it was" },
    { "acpi-root=",      acpi_root,      "none rev0 no-xsdt: no RSDP; one of ACPI 1.0; one without an XSDT" },
    { "exit-fails=",     exit_fails,     "COUNT: ExitBootServices says so often first that the key is stale" },
    { "exit-status=",    exit_status,    "NUMBER: ExitBootServices fails with that, each time" },
    { "exit-allocates=", exit_allocates, "yes: ExitBootServices allocates something first, so that the map changes" },
    { "exit-hangs=",     exit_hangs,     "yes: ExitBootServices succeeds and does not return" },
    { "exit-leaves=",    exit_leaves,    "lapic pit hpet: that timer is left running, its interrupt on, when ExitBootServices has succeeded" },
    { "map-extra=",      map_extra,      "COUNT: the memory map has so many entries more, each a page of free memory" },
    { "map-entry=",      map_entry,      "BYTES: what an entry of the memory map takes" },
    { "map-grows=",      map_grows,      "COUNT: the memory map has so many entries more each time it is read" },
    { "map-bad=",        map_bad,        "yes: entries that are empty, wrap, overlap, repeat, have unknown types, all in reverse" },
    { "pages-fail=",     pages_fail,     "N or N-: AllocatePages number N (0 is the loader's first) fails, or all from it on" },
    { "protocols-fail=", protocols_fail, "N or N-: the same for HandleProtocol, LocateProtocol and LocateHandleBuffer" },
    { "watchdog=",       watchdog,       "SECONDS: the firmware's watchdog is armed" },
    { "variables=",      variables,      "fail garbage slow: what GetVariable does" },
    { "table=",          table,          "no-console no-tables signature sum revision: what is wrong with the system table" },
    { "display=",        display,        "none blt base-0 size-0 small high format bitmask: what the firmware says of displays" },
    { "poison=",         poison,         "BYTE or random: what all free memory holds" },
    { "control=",        control,        "wp smep smap umip, joined by +: bits of CR0 and CR4 that are set" },
    { "protect=",        protect,        "nx text page-0, joined by +: data cannot be executed, the loader's text not written, page 0 is not mapped" },
    { "reads=",          reads,          "N: read number N of a file fails; or short: a read gives 97 bytes at most" },
    { "timer=",          timer_left,     "lapic pit hpet: as exit-leaves, but from before the loader starts, with interrupts off" },
    { "wait=",           wait_for_key,   "yes: when the loader has been loaded, it is started when a key has come" },
    { "tell-tpm=",       tpm_tell_in_exit, "yes: before ExitBootServices the TPM's event log and eight PCRs are told" },
    { "times=",          start_times,    "COUNT: the loader is started so often, when it comes back" },
};

static void tell(const char *word, const struct option *option)
{
    say("chaos: ", false);
    say(word, true);
    say(" (", false);
    say(option ? option->what : "not known: these are", false);
    say(option ? ")\r\n" : ")\r\n", false);
}

static EFI_STATUS act_on(const char *word)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (starts_with(word, options[i].name)) {
            tell(word, &options[i]);
            while (*word++ != '=')
                ;
            return options[i].act(word);
        }
    tell(word, NULL);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        tell(options[i].name, &options[i]);
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

static EFI_STATUS act_on_text(const char *text, UINTN bytes)
{
    EFI_STATUS status = EFI_SUCCESS;

    for (UINTN at = 0; status == EFI_SUCCESS && at < bytes; at++)
        if (text[at] > ' ' && (at == 0 || text[at - 1] <= ' '))
            status = act_on(text + at);
    return status;
}

/* Behind its own name, if a shell started it with more than that; else what its file says. */
static EFI_STATUS act_on_words(const EFI_LOADED_IMAGE_PROTOCOL *self)
{
    static char text[WORDS_BYTES_MAX + 1];
    const CHAR16 *option = self->LoadOptions;
    UINTN bytes = 0, past = 0;
    EFI_STATUS status;

    for (; option && bytes < WORDS_BYTES_MAX && bytes < self->LoadOptionsSize / 2 && option[bytes]; bytes++) {
        if (option[bytes] < ' ' || option[bytes] > '~') {    /* some firmware gives what is no text */
            bytes = 0;
            break;
        }
        text[bytes] = (char)option[bytes];
    }
    while (past < bytes && text[past] > ' ')
        past++;
    for (UINTN at = past; at < bytes; at++)
        if (text[at] == '=')
            return act_on_text(text + past, bytes - past);
    bytes = WORDS_BYTES_MAX;
    status = read_file("\\chaos.cfg", text, &bytes);
    return status == EFI_SUCCESS ? act_on_text(text, bytes) : status;
}

/* Loads it from memory, and gives it the device that it would have been loaded from. */
static EFI_STATUS load_loader(EFI_HANDLE image, EFI_HANDLE *out_loader)
{
    UINTN bytes = LOADER_BYTES_MAX;
    void *file;
    EFI_STATUS status = boot->AllocatePool(EfiBootServicesData, bytes, &file);

    if (status == EFI_SUCCESS)
        status = read_file("\\loader.efi", file, &bytes);
    if (status == EFI_SUCCESS)
        status = boot->LoadImage(FALSE, image, NULL, file, bytes, out_loader);
    if (status == EFI_SUCCESS)
        status = boot->HandleProtocol(*out_loader, &loaded_image_guid, (void **)&loader_image);
    if (status == EFI_SUCCESS)
        loader_image->DeviceHandle = device;
    return status;
}

/* Hooks come last: the firmware loads images by its own table. */
static EFI_STATUS start_loader(EFI_HANDLE image)
{
    EFI_HANDLE loader;
    EFI_INPUT_KEY key;
    EFI_STATUS status = load_loader(image, &loader);

    if (waits)
        say("chaos: waiting\r\n", false);
    while (waits && system_table->ConIn->ReadKeyStroke(system_table->ConIn, &key) != EFI_SUCCESS)
        ;
    if (status == EFI_SUCCESS)
        status = arm_protection(loader_image);
    if (status == EFI_SUCCESS)
        status = arm_volume();
    if (status != EFI_SUCCESS)
        return status;
    arm_boot();
    arm_map();
    return boot->StartImage(loader, NULL, NULL);
}

EFI_STATUS EFIAPI efi_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *table_given);

EFI_STATUS EFIAPI efi_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *table_given)
{
    EFI_LOADED_IMAGE_PROTOCOL *self;
    EFI_STATUS status;

    system_table = table_given;
    boot = table_given->BootServices;
    status = boot->HandleProtocol(image, &loaded_image_guid, (void **)&self);
    if (status != EFI_SUCCESS)
        return fail("its own image", status);
    device = self->DeviceHandle;
    status = act_on_words(self);
    if (status != EFI_SUCCESS)
        return fail("a word", status);
    while (times--) {
        say("chaos: starting the loader\r\n", false);
        status = start_loader(image);
        say("chaos: the loader came back\r\n", false);
    }
    say("chaos: back to the firmware\r\n", false);
    return status;
}
