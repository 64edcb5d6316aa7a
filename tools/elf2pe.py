#!/usr/bin/python3
"""elf2pe.py LOADER.elf OUT.EFI [--base ADDRESS]: turns a static-PIE ELF, linked at 0, into a PE32+ EFI application.

One recipe for every CPU: gcc and ld make an ordinary position-independent ELF, this step writes the headers that firmware wants.
ELF sections become PE sections by name (KEPT); what only a dynamic linker reads is left out, and anything unknown is an error.
Relative relocations become base relocations, applied by the firmware: the program must not relocate itself again.
The file depends on its input alone: no time, no path.

Source: Microsoft, "PE Format"; UEFI 2.10, "UEFI Images" (2.1.1); tools/pe_lint.py checks the result."""
import argparse
import struct
import sys

from elftools.elf.elffile import ELFFile

PAGE_BYTES = 4096              # section alignment: rights are per page
FILE_ALIGNMENT = 512
DIRECTORIES = 16
DIRECTORY_BASERELOC = 5
SUBSYSTEM_EFI_APPLICATION = 10
DOS_STUB_BYTES = 64
IMAGE_REL_BASED_DIR64 = 10
DF_1_PIE = 0x08000000

# DllCharacteristics: the image may lie above 4 GiB, anywhere, and needs no page that is both writable and executable.
HIGH_ENTROPY_VA, DYNAMIC_BASE, NX_COMPAT = 0x0020, 0x0040, 0x0100

# Section characteristics.
CODE, DATA, ZEROS, DISCARDABLE = 0x00000020, 0x00000040, 0x00000080, 0x02000000
EXECUTE, READ, WRITE = 0x20000000, 0x40000000, 0x80000000

KEPT = {                       # ELF section: PE section
    ".text": ".text",
    ".rodata": ".rodata",      # may hold pointers: the firmware relocates before it protects
    ".data": ".data",
    ".bss": ".data",
    ".sbat": ".sbat",
}
RIGHTS = {
    ".text": CODE | EXECUTE | READ,
    ".rodata": DATA | READ,
    ".data": DATA | READ | WRITE,
    ".sbat": DATA | READ,
    ".reloc": DATA | READ | DISCARDABLE,
}
DROPPED = (".rela", ".dynamic", ".dynsym", ".dynstr", ".hash", ".gnu.hash", ".interp", ".note", ".eh_frame")

MACHINES = {                   # ELF machine: PE machine, the relocation that adds the load address (*_RELATIVE)
    "EM_X86_64": (0x8664, 8),
    "EM_AARCH64": (0xAA64, 1027),
    "EM_RISCV": (0x5064, 3),
}


class Refused(Exception):
    """The ELF cannot become a PE that firmware accepts."""


class Section:
    """One PE section: bytes of the file, then zeros up to virtual_bytes."""

    def __init__(self, name, address):
        self.name, self.address, self.data, self.virtual_bytes = name, address, bytearray(), 0

    @property
    def end(self):
        return self.address + self.virtual_bytes

    def append(self, elf_section):
        """Takes over an ELF section that lies behind what is here; .bss has no bytes of its own."""
        at = elf_section["sh_addr"] - self.address
        if elf_section["sh_type"] != "SHT_NOBITS":
            if self.virtual_bytes > len(self.data):
                raise Refused(f"{elf_section.name} has file bytes behind the zeros of {self.name}")
            self.data += bytes(at - len(self.data)) + elf_section.data()
        self.virtual_bytes = at + elf_section["sh_size"]


def align(value, to):
    return (value + to - 1) // to * to


def check_rights(elf_section, name):
    """.rodata may be writable in the ELF, where a dynamic linker would relocate it; nothing may be both W and X."""
    flags = elf_section["sh_flags"]
    writable, executable = flags & 1, flags >> 2 & 1
    if executable != (name == ".text") or (writable and name in (".text", ".sbat")):
        raise Refused(f"{elf_section.name} would be {'writable ' * writable}{'executable ' * executable}in {name}")


def is_position_independent(elf):
    """DF_1_PIE says so. e_type does not: ld calls a -pie file whose first segment is not at 0 an ET_EXEC."""
    dynamic = elf.get_section_by_name(".dynamic")
    return dynamic is not None and any(tag["d_val"] & DF_1_PIE for tag in dynamic.iter_tags("DT_FLAGS_1"))


def sections_of(elf):
    """The PE sections, by address."""
    found = {}
    allocated = [s for s in elf.iter_sections() if s["sh_flags"] & 2 and s["sh_size"]]
    for elf_section in sorted(allocated, key=lambda s: s["sh_addr"]):
        name = KEPT.get(elf_section.name)
        if name:
            check_rights(elf_section, name)
            found.setdefault(name, Section(name, elf_section["sh_addr"])).append(elf_section)
        elif not elf_section.name.startswith(DROPPED):
            raise Refused(f"section {elf_section.name} is not one of {' '.join(KEPT)}")
    sections = sorted(found.values(), key=lambda s: s.address)
    for before, section in zip(sections, sections[1:]):
        if section.address != align(before.end, PAGE_BYTES):
            raise Refused(f"{section.name} is at {section.address:#x}, not on the page behind {before.name} ({before.end:#x})")
    if ".text" not in found:
        raise Refused("there is no .text")
    return sections


def relocate(elf, sections, base):
    """Applies the relative relocations for an image at base; returns their addresses in order."""
    relative = MACHINES[elf["e_machine"]][1]
    addresses = []
    for table in elf.iter_sections():
        if table["sh_type"] == "SHT_REL" or table["sh_type"] == "SHT_RELR":
            raise Refused(f"{table.name}: only SHT_RELA relocations are understood")
        if table["sh_type"] != "SHT_RELA" or not table["sh_flags"] & 2:
            continue
        for entry in table.iter_relocations():
            address = entry["r_offset"]
            if entry["r_info_type"] != relative:
                raise Refused(f"relocation type {entry['r_info_type']} at {address:#x} is not relative: "
                              "a symbol is undefined, or code is not position-independent")
            home = next((s for s in sections if s.address <= address and address + 8 <= s.address + len(s.data)), None)
            if home is None or home.name == ".text":
                raise Refused(f"relocation at {address:#x} in {home.name if home else 'no section'}: data only")
            struct.pack_into("<Q", home.data, address - home.address, entry["r_addend"] + base)
            addresses.append(address)
    return sorted(addresses)


def base_relocations(addresses):
    """The .reloc contents: one block a page, each ended by a padding entry if its count is odd."""
    pages = {}
    for address in addresses:
        pages.setdefault(address // PAGE_BYTES * PAGE_BYTES, []).append(address % PAGE_BYTES | IMAGE_REL_BASED_DIR64 << 12)
    out = bytearray()
    for page, entries in sorted(pages.items()):
        entries += [0] * (len(entries) % 2)
        out += struct.pack(f"<II{len(entries)}H", page, 8 + 2 * len(entries), *entries)
    return out


def characteristics(section):
    """What has no bytes in the file is uninitialised data: shim takes the file offset 0 of initialised data for a place in the headers."""
    return RIGHTS[section.name] if section.data else RIGHTS[section.name] & ~DATA | ZEROS


def headers(machine, entry, base, sections, header_bytes):
    """DOS header, PE signature, COFF and optional header, directories, section table."""
    sizes = {right: sum(align(len(s.data), FILE_ALIGNMENT) for s in sections if RIGHTS[s.name] & right) for right in (CODE, DATA)}
    reloc = next((s for s in sections if s.name == ".reloc"), None)
    directories = [(0, 0)] * DIRECTORIES
    if reloc:
        directories[DIRECTORY_BASERELOC] = (reloc.address, reloc.virtual_bytes)
    text = next(s for s in sections if s.name == ".text")
    dos = struct.pack("<2s58xI", b"MZ", DOS_STUB_BYTES)
    # EXECUTABLE_IMAGE, LINE_NUMS_STRIPPED, LOCAL_SYMS_STRIPPED, LARGE_ADDRESS_AWARE; never RELOCS_STRIPPED.
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", machine, len(sections), 0, 0, 0, 112 + 8 * DIRECTORIES, 0x002E)
    optional = struct.pack("<HBBIIIII", 0x20B, 0, 0, sizes[CODE], sizes[DATA], 0, entry, text.address)
    optional += struct.pack("<QIIHHHHHHIIIIHH", base, PAGE_BYTES, FILE_ALIGNMENT, 0, 0, 0, 0, 0, 0, 0,
                            align(sections[-1].end, PAGE_BYTES), header_bytes, 0, SUBSYSTEM_EFI_APPLICATION,
                            HIGH_ENTROPY_VA | DYNAMIC_BASE | NX_COMPAT)
    optional += struct.pack("<QQQQII", 0, 0, 0, 0, 0, DIRECTORIES)
    optional += b"".join(struct.pack("<II", *directory) for directory in directories)
    table, file_offset = b"", header_bytes
    for s in sections:
        raw_bytes = align(len(s.data), FILE_ALIGNMENT)
        table += struct.pack("<8sIIIIIIHHI", s.name.encode(), s.virtual_bytes, s.address, raw_bytes,
                             file_offset if raw_bytes else 0, 0, 0, 0, 0, characteristics(s))
        file_offset += raw_bytes
    return dos + coff + optional + table


def checksum(image):
    """The 16-bit one's complement sum of the file, its own field as 0, plus the length."""
    words = struct.unpack(f"<{len(image) // 2}H", image)
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(image)


def convert(elf, base):
    """The whole PE file."""
    if elf["e_machine"] not in MACHINES or elf.elfclass != 64 or not elf.little_endian:
        raise Refused(f"machine {elf['e_machine']}, {elf.elfclass} bits: only {' '.join(MACHINES)}, 64 bits, little-endian")
    if not is_position_independent(elf):
        raise Refused("not position-independent: link it with ld -pie")
    sections = sections_of(elf)
    addresses = relocate(elf, sections, base)
    if addresses:
        reloc = Section(".reloc", align(sections[-1].end, PAGE_BYTES))
        reloc.data = base_relocations(addresses)
        reloc.virtual_bytes = len(reloc.data)
        sections.append(reloc)
    entry = elf["e_entry"]
    if not any(s.name == ".text" and s.address <= entry < s.address + len(s.data) for s in sections):
        raise Refused(f"the entry {entry:#x} is not in .text")
    header_bytes = align(DOS_STUB_BYTES + 24 + 112 + 8 * DIRECTORIES + 40 * len(sections), FILE_ALIGNMENT)
    if header_bytes > sections[0].address:
        raise Refused(f"{sections[0].name} at {sections[0].address:#x} leaves no room for the headers: start at {PAGE_BYTES:#x}")
    image = bytearray(headers(MACHINES[elf["e_machine"]][0], entry, base, sections, header_bytes).ljust(header_bytes, b"\0"))
    for s in sections:
        image += s.data.ljust(align(len(s.data), FILE_ALIGNMENT), b"\0")
    struct.pack_into("<I", image, DOS_STUB_BYTES + 24 + 64, checksum(image))
    return image


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("elf")
    parser.add_argument("out")
    parser.add_argument("--base", type=lambda text: int(text, 0), default=0, help="preferred load address, a multiple of 64 KiB")
    args = parser.parse_args()
    if args.base % 0x10000:
        parser.error("--base must be a multiple of 0x10000")
    try:
        with open(args.elf, "rb") as file:
            image = convert(ELFFile(file), args.base)
    except Refused as why:
        sys.exit(f"elf2pe: {args.elf}: {why}")
    with open(args.out, "wb") as file:
        file.write(image)


if __name__ == "__main__":
    main()
