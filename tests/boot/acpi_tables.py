"""ACPI tables for tests to put in place of the firmware's: bytes that chaos.efi installs (its word acpi=).

Source: ACPI Specification 6.5, "System Description Table Header" (5.2.6), "Multiple APIC Description Table (MADT)" (5.2.12)."""
import struct

ENABLED, ONLINE_CAPABLE = 1, 2
HEADER = "<4sIBB6s8sI4sI"
LOCAL_APIC_ADDRESS, IO_APIC_ADDRESS = 0xFEE00000, 0xFEC00000
PCAT_COMPAT = 1
LEVEL_HIGH = 0x000D            # "MPS INTI Flags": active high, level


def table(signature, body, revision=1):
    """A whole table, its sum made."""
    whole = bytearray(struct.pack(HEADER, signature.encode(), 36 + len(body), revision, 0, b"INGOT ", b"TESTS   ", 1, b"TEST", 1) + body)
    whole[9] = -sum(whole) & 0xFF
    return bytes(whole)


def cpu(number, uid=None, flags=ENABLED):
    """Processor Local APIC: an id of 8 bits."""
    return struct.pack("<BBBBI", 0, 8, (number if uid is None else uid) & 0xFF, number, flags)


def wide_cpu(number, uid=None, flags=ENABLED):
    """Processor Local x2APIC: an id of 32 bits."""
    return struct.pack("<BBHIII", 9, 16, 0, number, flags, number if uid is None else uid)


def interrupt_sources():
    """What QEMU's q35 and pc have: one I/O APIC, the PIT at its input 2, and PCI's links as level interrupts."""
    records = struct.pack("<BBBBII", 1, 12, 0, 0, IO_APIC_ADDRESS, 0) + struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0)
    return records + b"".join(struct.pack("<BBBBIH", 2, 10, 0, line, line, LEVEL_HIGH) for line in (5, 9, 10, 11))


def madt(*cpus):
    """A MADT with these processors, in this order."""
    body = struct.pack("<II", LOCAL_APIC_ADDRESS, PCAT_COMPAT) + b"".join(cpus) + interrupt_sources()
    return table("APIC", body + struct.pack("<BBBHB", 4, 6, 0xFF, 0, 1), 3)


def hpet(address):
    """An HPET table that names this address."""
    return table("HPET", struct.pack("<IBBBBQBHB", 0x8086A201, 0, 64, 0, 0, address, 0, 100, 0))
