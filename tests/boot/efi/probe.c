/* probe.efi: writes the first bytes of the firmware's ExitBootServices to the first serial port, in hexadecimal, and ends QEMU.
 * tools/bench.py finds the function by them when it counts a boot's instructions. */
#include <efi.h>

enum { CODE_BYTES = 48, SERIAL_PORT = 0x3f8, LINE_STATUS = 5, THR_EMPTY = 0x20, EXIT_PORT = 0xf4, POLLS_MAX = 1000000 };

static inline void port_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t port_read8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void put(char character)
{
    for (int i = 0; i < POLLS_MAX && !(port_read8(SERIAL_PORT + LINE_STATUS) & THR_EMPTY); i++)
        ;
    port_write8(SERIAL_PORT, (uint8_t)character);
}

EFI_STATUS EFIAPI efi_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *code = (const uint8_t *)(uintptr_t)table->BootServices->ExitBootServices;

    (void)image;
    for (const char *text = "\nPROBE "; *text; text++)
        put(*text);
    for (int i = 0; i < CODE_BYTES; i++) {
        put(digits[code[i] >> 4]);
        put(digits[code[i] & 15]);
    }
    put('\n');
    port_write8(EXIT_PORT, 0);
    return EFI_ABORTED;
}
