/* What the TPM and its event log say, told on the first serial port when the loader has done all that it does before it leaves:
 *   CHAOS-LOG HEX     the log, as EFI_TCG2_PROTOCOL.GetEventLog gives it
 *   CHAOS-PCRS HEX    the answer to TPM2_PCR_Read for PCRs 0 1 2 4 5 7 8 9 of SHA-256, no more than it may tell
 * Sources: TCG EFI Protocol Specification; TPM 2.0 Library Specification, part 3, "TPM2_PCR_Read". */
#include "chaos.h"

enum { SERIAL_PORT = 0x3f8, LINE_STATUS = 5, THR_EMPTY = 0x20, POLLS_MAX = 1000000, FORMAT_TCG_2 = 2, ANSWER_BYTES = 512 };

struct tcg2 {
    void *GetCapability;
    EFI_STATUS (EFIAPI *GetEventLog)(struct tcg2 *this, uint32_t format, uint64_t *location, uint64_t *last_entry, BOOLEAN *truncated);
    void *HashLogExtendEvent;
    EFI_STATUS (EFIAPI *SubmitCommand)(struct tcg2 *this, uint32_t in_bytes, const uint8_t *in, uint32_t out_bytes, uint8_t *out);
};

static EFI_GUID tcg2_guid = { 0x607f766c, 0x7455, 0x42be, { 0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f } };
static EFI_STATUS (EFIAPI *real_exit)(EFI_HANDLE image, UINTN key);
static struct tcg2 *tcg2;

static void put(char character)
{
    uint8_t status = 0;

    for (int i = 0; i < POLLS_MAX && !(status & THR_EMPTY); i++)
        __asm__ volatile("inb %1, %0" : "=a"(status) : "Nd"((uint16_t)(SERIAL_PORT + LINE_STATUS)));
    __asm__ volatile("outb %0, %1" : : "a"(character), "Nd"((uint16_t)SERIAL_PORT));
}

static void tell(const char *name, const uint8_t *bytes, uint64_t count)
{
    static const char digits[] = "0123456789abcdef";

    while (*name)
        put(*name++);
    for (uint64_t i = 0; i < count; i++) {
        put(digits[bytes[i] >> 4]);
        put(digits[bytes[i] & 15]);
    }
    put('\n');
}

static uint32_t load32(const uint8_t *at) { return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24; }

/* A TCG_PCR_EVENT2: PCR, type, digests by algorithm, event. Its bytes. */
static uint64_t entry_bytes(const uint8_t *entry)
{
    uint32_t digests = load32(entry + 8);
    const uint8_t *at = entry + 12;

    while (digests--) {
        uint32_t algorithm = at[0] | (uint32_t)at[1] << 8;

        at += 2 + (algorithm == 4 ? 20 : algorithm == 0xb || algorithm == 0x12 ? 32 : algorithm == 0xc ? 48 : 64);
    }
    return (uint64_t)(at - entry) + 4 + load32(at);
}

static void tell_log(void)
{
    uint64_t location = 0, last = 0;
    BOOLEAN truncated = TRUE;
    EFI_STATUS status = tcg2->GetEventLog(tcg2, FORMAT_TCG_2, &location, &last, &truncated);

    if (status == EFI_SUCCESS && !truncated && last)
        tell("CHAOS-LOG ", (const uint8_t *)(uintptr_t)location, last - location + entry_bytes((const uint8_t *)(uintptr_t)last));
}

static void tell_pcrs(void)
{
    static const uint8_t read_pcrs[] = { 0x80, 0x01, 0, 0, 0, 20, 0, 0, 0x01, 0x7e, 0, 0, 0, 1, 0, 0x0b, 3, 0xb7, 0x03, 0 };
    static uint8_t answer[ANSWER_BYTES];

    if (tcg2->SubmitCommand(tcg2, sizeof(read_pcrs), read_pcrs, sizeof(answer), answer) == EFI_SUCCESS)
        tell("CHAOS-PCRS ", answer, sizeof(answer));
}

static EFI_STATUS EFIAPI exit_and_tell(EFI_HANDLE image, UINTN key)
{
    boot->ExitBootServices = real_exit;
    tell_log();
    tell_pcrs();
    return real_exit(image, key);
}

EFI_STATUS tpm_tell_in_exit(const char *unused)
{
    (void)unused;
    real_exit = boot->ExitBootServices;
    boot->ExitBootServices = exit_and_tell;
    return boot->LocateProtocol(&tcg2_guid, NULL, (void **)&tcg2);
}
