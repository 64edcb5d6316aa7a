/* Measured boot: what decides on this run, and is not in the signed file alone, goes into the TPM and its event log, so that others can
 * tell what ran. The firmware has measured the loader itself, core included, into PCR 4 when it loaded it. PCRs 8 to 15 are the loaded
 * system's; we divide them as other boot loaders do.
 *   PCR 8  the command line as it goes to the core, with its NUL
 *   PCR 9  \ingot\ingot.cfg as it was read, if there is one; the core's ELF file: from core= it is another one
 * Sources: TCG EFI Protocol Specification, "EFI_TCG2_PROTOCOL.HashLogExtendEvent"; TCG PC Client Platform Firmware Profile, "PCR Usage"
 * and "Event Types". */
#include "efi/bytes.h"
#include "efi/console.h"
#include "efi/loader.h"
#include "efi/volume.h"

enum { PCR_WORDS = 8, PCR_FILES = 9 };

/* The event's text, with its NUL, is its name, or the command line itself as far as it fits. */
static EFI_STATUS extend(struct tcg2 *tcg2, uint32_t pcr, const char *text, const void *data, uint64_t bytes)
{
    static struct tcg2_event event;
    uint32_t length = 0;

    do
        event.text[length] = text[length];
    while (text[length++] && length < TCG2_TEXT_BYTES);
    event.bytes = (uint32_t)offsetof(struct tcg2_event, text) + length;
    event.header_bytes = TCG2_EVENT_HEADER_BYTES;
    event.header_version = TCG2_EVENT_HEADER_VERSION;
    event.pcr = pcr;
    event.type = TCG2_EV_IPL;
    return tcg2->HashLogExtendEvent(tcg2, 0, (uintptr_t)data, bytes, &event);
}

/* To the first error: each call may take the firmware as long as it waits for a TPM that is gone. */
static EFI_STATUS extend_all(struct loader *loader, struct tcg2 *tcg2)
{
    const struct words *words = loader->words;
    uint64_t bytes;
    const void *config = volume_config(&bytes);
    EFI_STATUS status = bytes ? extend(tcg2, PCR_FILES, "ingot.cfg", config, bytes) : EFI_SUCCESS;

    if (status == EFI_SUCCESS)
        status = extend(tcg2, PCR_WORDS, words->text, words->text, words->length + 1);
    return status ?: extend(tcg2, PCR_FILES, "ingot core", loader->core_file, loader->core_file_bytes);
}

EFI_STATUS measure(struct loader *loader)
{
    EFI_GUID guid = EFI_TCG2_PROTOCOL_GUID;
    struct tcg2 *tcg2 = NULL;
    EFI_STATUS status = loader->boot->LocateProtocol(&guid, NULL, (void **)&tcg2);

    if (EFI_ERROR(status) || !tcg2) {
        say("tpm: none");
        return EFI_SUCCESS;
    }
    status = extend_all(loader, tcg2);
    if (status == EFI_SUCCESS) {
        say("tpm: words in PCR 8, files in PCR 9");
    } else {
        say("tpm: W lost, not measured: %s", status_name(status));
        loader->firmware_flags |= HANDOFF_FIRMWARE_TPM_LOST;
    }
    return EFI_SUCCESS;
}
