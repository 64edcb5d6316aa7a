/* chaos.efi: makes the firmware difficult in the ways that its words ask for, then starts the real loader from the same volume.
 *
 * It lies at \EFI\BOOT\BOOTX64.EFI; its words are in \chaos.cfg, the loader is \loader.efi:
 *   occupy=ADDRESS    the page there is taken, as if a driver had allocated it
 *
 * Source: UEFI 2.10, "Services - Boot Services" (7). Entered by the firmware, with its calling convention. */
#include <efi.h>

#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_BYTES_MAX = 1024, LOADER_BYTES_MAX = 1 << 20 };

static EFI_SYSTEM_TABLE *system_table;
static EFI_BOOT_SERVICES *boot;
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

static const struct option {
    const char *name;
    EFI_STATUS (*act)(const char *value);
} options[] = {
    { "occupy=", occupy },
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

/* Reads at most *bytes of a file into to, and says in *bytes how many. */
static EFI_STATUS read_file(EFI_HANDLE device, const CHAR16 *path, void *to, UINTN *bytes)
{
    EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume;
    EFI_FILE_PROTOCOL *root, *file;
    EFI_STATUS status = boot->HandleProtocol(device, &file_system_guid, (void **)&volume);

    if (status == EFI_SUCCESS)
        status = volume->OpenVolume(volume, &root);
    if (status == EFI_SUCCESS)
        status = root->Open(root, &file, (CHAR16 *)path, EFI_FILE_MODE_READ, 0);
    if (status == EFI_SUCCESS)
        status = file->Read(file, bytes, to);
    return status;
}

static EFI_STATUS act_on_file(EFI_HANDLE device)
{
    static char text[CONFIG_BYTES_MAX + 1];
    UINTN bytes = CONFIG_BYTES_MAX;
    EFI_STATUS status = read_file(device, u"\\chaos.cfg", text, &bytes);

    for (UINTN at = 0; status == EFI_SUCCESS && at < bytes; at++)
        if (text[at] > ' ' && (at == 0 || text[at - 1] <= ' '))
            status = act_on(text + at);
    return status;
}

/* Starts the loader from memory, and gives it the device that it would have been loaded from. */
static EFI_STATUS start_loader(EFI_HANDLE image, EFI_HANDLE device)
{
    UINTN bytes = LOADER_BYTES_MAX;
    void *file;
    EFI_HANDLE loader;
    EFI_LOADED_IMAGE_PROTOCOL *loaded;
    EFI_STATUS status = boot->AllocatePool(EfiBootServicesData, bytes, &file);

    if (status == EFI_SUCCESS)
        status = read_file(device, u"\\loader.efi", file, &bytes);
    if (status == EFI_SUCCESS)
        status = boot->LoadImage(FALSE, image, NULL, file, bytes, &loader);
    if (status == EFI_SUCCESS)
        status = boot->HandleProtocol(loader, &loaded_image_guid, (void **)&loaded);
    if (status != EFI_SUCCESS)
        return status;
    loaded->DeviceHandle = device;
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
    status = act_on_file(loaded->DeviceHandle);
    if (status != EFI_SUCCESS)
        return fail(u"a word of chaos.cfg", status);
    say(u"chaos: starting the loader\r\n");
    status = start_loader(image, loaded->DeviceHandle);
    return fail(u"the loader, which came back", status);
}
