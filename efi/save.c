/* What the last run left goes to \ingot\last.log on our own volume; the log that is there becomes last.1.log, and the one before is deleted.
 *
 * The volume is somebody's: nothing is written unless it has far more room than that, and what could not be written whole is deleted.
 * No failure here is a reason not to boot. Source: UEFI Specification 2.10, "File Protocol" (13.5). */
#include "efi/bytes.h"
#include "efi/console.h"
#include "efi/loader.h"

enum {
    ROOM_LEFT_BYTES = 1 << 20,              /* free on the volume when all is done */
    INFO_BYTES      = 512,                  /* EFI_FILE_INFO or EFI_FILE_SYSTEM_INFO, with the longest name or label that we expect */
    HEADLINE_BYTES  = 192,
};

union info {
    EFI_FILE_INFO file;
    EFI_FILE_SYSTEM_INFO volume;
    uint8_t room[INFO_BYTES];
};

static const CHAR16 folder[] = L"\\ingot", last_log[] = L"\\ingot\\last.log", older_log[] = L"\\ingot\\last.1.log";
static const CHAR16 older_name[] = L"last.1.log";

static EFI_STATUS open(struct loader *loader, const CHAR16 *path, uint64_t mode, uint64_t attributes, EFI_FILE_HANDLE *out_file)
{
    EFI_STATUS status;

    *out_file = NULL;
    status = loader->root->Open(loader->root, out_file, (CHAR16 *)(uintptr_t)path, mode, attributes);
    return EFI_ERROR(status) || *out_file ? status : EFI_DEVICE_ERROR;
}

/* A volume that does not tell how much room it has is not written to. */
static EFI_STATUS look_at_volume(struct loader *loader, uint64_t bytes)
{
    EFI_GUID guid = EFI_FILE_SYSTEM_INFO_ID;
    UINTN info_bytes = sizeof(union info);
    union info info = { .volume = { .ReadOnly = TRUE } };
    EFI_STATUS status = loader->root->GetInfo(loader->root, &guid, &info_bytes, &info);

    if (EFI_ERROR(status))
        return status;
    if (info.volume.ReadOnly)
        return EFI_WRITE_PROTECTED;
    return info.volume.FreeSpace < bytes + ROOM_LEFT_BYTES ? EFI_VOLUME_FULL : EFI_SUCCESS;
}

static EFI_STATUS delete(struct loader *loader, const CHAR16 *path)
{
    EFI_FILE_HANDLE file;
    EFI_STATUS status = open(loader, path, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE, 0, &file);

    if (EFI_ERROR(status))
        return status == EFI_NOT_FOUND ? EFI_SUCCESS : status;
    status = file->Delete(file);            /* closes it too; what it could not delete it tells by a warning */
    return status == EFI_SUCCESS ? status : EFI_ACCESS_DENIED;
}

static EFI_STATUS rename(EFI_FILE_HANDLE file)
{
    EFI_GUID guid = EFI_FILE_INFO_ID;
    UINTN bytes = sizeof(union info);
    union info info;
    EFI_STATUS status = file->GetInfo(file, &guid, &bytes, &info);

    if (EFI_ERROR(status))
        return status;
    info.file.Size = offsetof(EFI_FILE_INFO, FileName) + sizeof(older_name);
    memcpy(info.file.FileName, older_name, sizeof(older_name));
    return file->SetInfo(file, &guid, info.file.Size, &info);
}

/* The log that is there becomes the older one. */
static EFI_STATUS rotate(struct loader *loader)
{
    EFI_FILE_HANDLE file;
    EFI_STATUS status = open(loader, last_log, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE, 0, &file);

    if (EFI_ERROR(status))
        return status == EFI_NOT_FOUND ? EFI_SUCCESS : status;
    status = delete(loader, older_log);
    if (!EFI_ERROR(status))
        status = rename(file);
    if (EFI_ERROR(status))                  /* some file systems cannot rename: of two runs the newer one is told */
        return file->Delete(file) == EFI_SUCCESS ? EFI_SUCCESS : EFI_ACCESS_DENIED;
    return file->Close(file);
}

/* Not to be mixed with what is there, should the firmware have told of it wrongly. */
static EFI_STATUS must_be_new(EFI_FILE_HANDLE file)
{
    EFI_GUID guid = EFI_FILE_INFO_ID;
    UINTN bytes = sizeof(union info);
    union info info;
    EFI_STATUS status = file->GetInfo(file, &guid, &bytes, &info);

    return EFI_ERROR(status) || info.file.FileSize == 0 ? status : EFI_ACCESS_DENIED;
}

static EFI_STATUS write(struct loader *loader, const void *text, uint64_t bytes)
{
    EFI_FILE_HANDLE file;
    UINTN written = bytes;
    EFI_STATUS status = open(loader, folder, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, EFI_FILE_DIRECTORY, &file);

    if (EFI_ERROR(status))
        return status;
    file->Close(file);
    status = open(loader, last_log, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, 0, &file);
    if (EFI_ERROR(status))
        return status;
    status = must_be_new(file);
    if (EFI_ERROR(status)) {
        file->Close(file);
        return status;
    }
    status = file->Write(file, &written, (void *)(uintptr_t)text);
    if (!EFI_ERROR(status) && written != bytes)
        status = EFI_VOLUME_FULL;
    if (!EFI_ERROR(status))
        return file->Close(file);
    file->Delete(file);
    return status;
}

static EFI_STATUS save(struct loader *loader)
{
    const struct handoff_last_run *run = &loader->last_run;
    EFI_STATUS status;

    if (!loader->root)
        return EFI_NO_MEDIA;
    status = look_at_volume(loader, run->bytes);
    if (!EFI_ERROR(status))
        status = rotate(loader);
    return EFI_ERROR(status) ? status : write(loader, (const void *)(uintptr_t)run->text, run->bytes);
}

EFI_STATUS last_run_save(struct loader *loader)
{
    const char *text = (const char *)(uintptr_t)loader->last_run.text;
    char headline[HEADLINE_BYTES];
    unsigned length = 0;
    EFI_STATUS status;

    if (loader->last_run.bytes == 0)
        return EFI_SUCCESS;
    for (; text[length] != '\n' && length < HEADLINE_BYTES - 1; length++)
        headline[length] = text[length];
    headline[length] = '\0';
    status = save(loader);
    loader->last_run.saved = !EFI_ERROR(status);
    announce("%s", headline);
    announce(EFI_ERROR(status) ? "its log is kept in memory only, not in \\ingot\\last.log: %s" : "its log is in \\ingot\\last.log",
             status_name(status));
    return EFI_SUCCESS;
}
