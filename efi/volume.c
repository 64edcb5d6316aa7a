#include "efi/volume.h"

#include "efi/console.h"
#include "efi/loader.h"

enum { INFO_BYTES = 80 + 2 * 256 };         /* EFI_FILE_INFO with the longest name that FAT has */

static char config_content[CONFIG_FILE_BYTES_MAX + 1];
static uint64_t config_bytes;

static EFI_STATUS open_volume(struct loader *loader)
{
    EFI_FILE_IO_INTERFACE *system;
    EFI_STATUS status;

    status = protocol_on(loader, loader->image, (EFI_GUID)EFI_LOADED_IMAGE_PROTOCOL_GUID, (void **)&loader->loaded);
    if (EFI_ERROR(status)) {
        say("image: the firmware does not say where the loader lies or came from (%s)", status_name(status));
        loader->loaded = NULL;
        return status;
    }
    status = protocol_on(loader, loader->loaded->DeviceHandle, (EFI_GUID)EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID, (void **)&system);
    if (!EFI_ERROR(status))
        status = system->OpenVolume(system, &loader->root);
    if (EFI_ERROR(status))
        loader->root = NULL;
    return EFI_ERROR(status) || loader->root ? status : EFI_NOT_FOUND;
}

/* The file's size. A directory opens like a file, and would read as a list of names. */
static EFI_STATUS file_size(EFI_FILE_HANDLE file, uint64_t *out_bytes)
{
    union { EFI_FILE_INFO info; uint8_t room[INFO_BYTES]; } buffer;
    EFI_GUID guid = EFI_FILE_INFO_ID;
    UINTN bytes = sizeof(buffer);
    EFI_STATUS status = file->GetInfo(file, &guid, &bytes, &buffer);

    if (EFI_ERROR(status))
        return status;
    if (buffer.info.Attribute & EFI_FILE_DIRECTORY)
        return EFI_UNSUPPORTED;
    *out_bytes = buffer.info.FileSize;
    return EFI_SUCCESS;
}

/* Opens a path of ASCII. */
static EFI_STATUS file_open(struct loader *loader, const char *path, EFI_FILE_HANDLE *out_file)
{
    CHAR16 wide[PATH_BYTES];
    EFI_STATUS status;
    unsigned i = 0;

    for (; path[i] && i < PATH_BYTES - 1; i++)
        wide[i] = (uint8_t)path[i];
    wide[i] = 0;
    *out_file = NULL;
    status = loader->root->Open(loader->root, out_file, wide, EFI_FILE_MODE_READ, 0);
    if (EFI_ERROR(status))
        *out_file = NULL;
    return EFI_ERROR(status) ? status : *out_file ? EFI_SUCCESS : EFI_DEVICE_ERROR;
}

/* Reads until bytes are there; a firmware may give less than was asked for, and none at the end of a file. *out_got tells how far
 * it came. */
static EFI_STATUS file_read(EFI_FILE_HANDLE file, void *to, uint64_t bytes, uint64_t *out_got)
{
    for (*out_got = 0; *out_got < bytes;) {
        UINTN part = bytes - *out_got;
        EFI_STATUS status = file->Read(file, &part, (uint8_t *)to + *out_got);

        if (EFI_ERROR(status))
            return status;
        if (part == 0 || part > bytes - *out_got)
            return EFI_END_OF_FILE;
        *out_got += part;
    }
    return EFI_SUCCESS;
}

/* Reads what there is, up to one byte more than a configuration may have. Its size is not asked for: that costs more than reading
 * it. */
static EFI_STATUS read_content(EFI_FILE_HANDLE file)
{
    for (;;) {
        UINTN part = sizeof(config_content) - config_bytes;
        EFI_STATUS status = file->Read(file, &part, config_content + config_bytes);

        if (EFI_ERROR(status))
            return status;
        if (part > sizeof(config_content) - config_bytes)
            return EFI_DEVICE_ERROR;
        config_bytes += part;
        if (part == 0)
            return EFI_SUCCESS;
        if (config_bytes > CONFIG_FILE_BYTES_MAX)
            return EFI_BAD_BUFFER_SIZE;
    }
}

static void read_config(struct loader *loader)
{
    static const char path[] = "\\ingot\\ingot.cfg";
    EFI_STATUS status = file_open(loader, path, &loader->config_file);

    if (status == EFI_NOT_FOUND) {
        say("volume: no %s", path);
        return;
    }
    if (!EFI_ERROR(status))
        status = read_content(loader->config_file);
    if (EFI_ERROR(status)) {
        say("volume: W %s ignored: %s at byte %lu", path, status_name(status), config_bytes);
        config_bytes = 0;
        return;
    }
    say("volume: %s, %lu bytes", path, config_bytes);
}

EFI_STATUS volume_read_config(struct loader *loader)
{
    EFI_STATUS status;

    config_bytes = 0;
    status = open_volume(loader);
    if (EFI_ERROR(status)) {
        loader->firmware_flags |= HANDOFF_FIRMWARE_NO_VOLUME;
        say("volume: none (%s)", status_name(status));
    } else {
        read_config(loader);
    }
    return EFI_SUCCESS;
}

const void *volume_config(uint64_t *out_bytes)
{
    *out_bytes = config_bytes;
    return config_content;
}

static EFI_STATUS read_open_file(struct loader *loader, const char *path, EFI_FILE_HANDLE file, uint64_t bytes, uint64_t *out_base)
{
    uint64_t got, base;
    EFI_STATUS status;

    if (bytes == 0 || bytes > VOLUME_FILE_BYTES_MAX)
        return refuse(EFI_BAD_BUFFER_SIZE, "READ", "%s has %lu bytes", path, bytes);
    status = memory_take(&loader->memory, HANDOFF_MEMORY_LOADER, bytes, 0, &base);
    if (EFI_ERROR(status))
        return refuse(status, "MEM", "no memory for %s, need=%lu bytes: %s", path, bytes, status_name(status));
    status = file_read(file, (void *)(uintptr_t)base, bytes, &got);
    if (EFI_ERROR(status)) {
        memory_give(&loader->memory, base);
        return refuse(status, "READ", "%s at byte %lu of %lu: %s", path, got, bytes, status_name(status));
    }
    *out_base = base;
    return EFI_SUCCESS;
}

EFI_STATUS volume_read_file(struct loader *loader, const char *path, uint64_t *out_base, uint64_t *out_bytes)
{
    EFI_FILE_HANDLE file;
    EFI_STATUS status;

    if (!loader->root)
        return refuse(EFI_NOT_FOUND, "READ", "%s: the loader came from no volume", path);
    status = file_open(loader, path, &file);
    if (!EFI_ERROR(status))
        status = file_size(file, out_bytes);
    if (EFI_ERROR(status))
        refuse(status, "READ", "%s cannot be opened: %s", path, status_name(status));
    else
        status = read_open_file(loader, path, file, *out_bytes, out_base);
    if (file)
        file->Close(file);
    return status;
}

void volume_close(struct loader *loader)
{
    if (loader->config_file)
        loader->config_file->Close(loader->config_file);
    if (loader->root)
        loader->root->Close(loader->root);
    loader->config_file = NULL;
    loader->root = NULL;
}
