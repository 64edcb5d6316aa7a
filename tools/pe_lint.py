#!/usr/bin/python3
"""pe_lint.py FILE.EFI: checks on the finished file what new firmware wants of a PE, and what we promise it.

Prints one line for each property that does not hold, `pe_lint: FILE: PROPERTY: fact`, and exits with 1. Signed files pass too.
Each check is a generator of facts that are wrong; the table CHECKS names the properties.

Sources: Microsoft, "PE Format"; UEFI 2.10, "UEFI Images" (2.1.1); shim, SBAT.md."""
import struct
import sys

import pefile

PAGE_BYTES = 4096
EXECUTE, READ, WRITE, DISCARDABLE = 0x20000000, 0x40000000, 0x80000000, 0x02000000
BASERELOC, SECURITY = 5, 4
HIGH_ENTROPY_VA, DYNAMIC_BASE, NX_COMPAT = 0x0020, 0x0040, 0x0100
RELOCS_STRIPPED = 0x0001
UNINITIALIZED = 0x00000080
CHECKSUM_IN_OPTIONAL_HEADER = 64
RIGHTS = {                     # section: what it may do, and nothing else
    ".text": READ | EXECUTE,
    ".rodata": READ,
    ".data": READ | WRITE,
    ".sbat": READ,
    ".reloc": READ,
}
MACHINES = (0x8664, 0xAA64, 0x5064)


def align(value, to):
    return (value + to - 1) // to * to


def name_of(section):
    return section.Name.rstrip(b"\0").decode("ascii", "replace")


def by_name(pe, name):
    return next((s for s in pe.sections if name_of(s) == name), None)


def directory(pe, index):
    entries = pe.OPTIONAL_HEADER.DATA_DIRECTORY
    return (entries[index].VirtualAddress, entries[index].Size) if index < len(entries) else (0, 0)


def check_format(pe):
    if pe.OPTIONAL_HEADER.Magic != 0x20B:
        yield f"optional header magic {pe.OPTIONAL_HEADER.Magic:#x}, not PE32+"
    if pe.FILE_HEADER.Machine not in MACHINES:
        yield f"machine {pe.FILE_HEADER.Machine:#x} is unknown"


def check_subsystem(pe):
    if pe.OPTIONAL_HEADER.Subsystem != 10:
        yield f"subsystem {pe.OPTIONAL_HEADER.Subsystem}, not EFI application (10)"


def check_alignment(pe):
    header = pe.OPTIONAL_HEADER
    if header.SectionAlignment != PAGE_BYTES:
        yield f"section alignment {header.SectionAlignment}, not {PAGE_BYTES}"
    if header.FileAlignment not in (512, 1024, 2048, 4096):
        yield f"file alignment {header.FileAlignment}"
    for s in pe.sections:
        if s.VirtualAddress % PAGE_BYTES:
            yield f"{name_of(s)} at {s.VirtualAddress:#x}"
        if s.SizeOfRawData % 512 or s.PointerToRawData % 512:
            yield f"{name_of(s)} has {s.SizeOfRawData:#x} bytes at {s.PointerToRawData:#x} of the file"


def check_rights(pe):
    for s in pe.sections:
        rights, wanted = s.Characteristics & (EXECUTE | READ | WRITE), RIGHTS.get(name_of(s))
        if rights & EXECUTE and rights & WRITE:
            yield f"{name_of(s)} is both writable and executable"
        elif wanted is None:
            yield f"section {name_of(s)} is unknown"
        elif rights != wanted:
            yield f"{name_of(s)} has rights {rights:#010x}, not {wanted:#010x}"


def check_content(pe):
    """shim refuses a file in which a section of initialised data has no bytes: its offset, 0, lies in the headers."""
    for s in pe.sections:
        if bool(s.Characteristics & UNINITIALIZED) != (s.SizeOfRawData == 0):
            yield f"{name_of(s)} has {s.SizeOfRawData:#x} bytes in the file, and is {'un' if s.Characteristics & UNINITIALIZED else ''}initialised"


def check_layout(pe):
    """In memory the sections lie page behind page, from the first page behind the headers, without holes or overlaps."""
    expected = align(pe.OPTIONAL_HEADER.SizeOfHeaders, PAGE_BYTES)
    for s in pe.sections:
        if s.VirtualAddress != expected:
            yield f"{name_of(s)} at {s.VirtualAddress:#x}, not at {expected:#x}"
        expected = align(s.VirtualAddress + max(s.Misc_VirtualSize, 1), PAGE_BYTES)
    if pe.OPTIONAL_HEADER.SizeOfImage != expected:
        yield f"SizeOfImage {pe.OPTIONAL_HEADER.SizeOfImage:#x}, the last section ends at {expected:#x}"


def check_gaps(pe):
    """In the file, headers and sections lie one behind the other; padding is zero; only a signature may follow."""
    expected, data = pe.OPTIONAL_HEADER.SizeOfHeaders, pe.__data__
    headers_end = pe.sections[-1].get_file_offset() + 40 if pe.sections else 0
    if any(data[headers_end:expected]):
        yield "bytes between the section table and the end of the headers"
    for s in pe.sections:
        if s.SizeOfRawData == 0:
            continue
        if s.PointerToRawData != expected:
            yield f"{name_of(s)} at {s.PointerToRawData:#x} of the file, not at {expected:#x}"
        expected = s.PointerToRawData + s.SizeOfRawData
        if any(data[s.PointerToRawData + s.Misc_VirtualSize:expected]):
            yield f"bytes behind the end of {name_of(s)}"
    signature, signature_bytes = directory(pe, SECURITY)
    end = signature + signature_bytes if signature == expected else expected
    if len(data) != end:
        yield f"the file has {len(data):#x} bytes, its parts end at {end:#x}"


def check_directories(pe):
    if pe.OPTIONAL_HEADER.NumberOfRvaAndSizes != 16 or len(pe.OPTIONAL_HEADER.DATA_DIRECTORY) != 16:
        yield f"{pe.OPTIONAL_HEADER.NumberOfRvaAndSizes} data directories, not 16"


def relocation_blocks(data):
    """(page, entries) for each block; ValueError where a block cannot be."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise ValueError(f"{len(data) - at} bytes left over")
        page, block_bytes = struct.unpack_from("<II", data, at)
        if block_bytes < 12 or block_bytes % 4 or at + block_bytes > len(data) or page % PAGE_BYTES:
            raise ValueError(f"block of {block_bytes} bytes for page {page:#x}")
        yield page, struct.unpack_from(f"<{(block_bytes - 8) // 2}H", data, at + 8)
        at += block_bytes


def check_relocations(pe):
    """Real base relocations, or neither section nor directory. All are pointers in data."""
    section, (rva, size) = by_name(pe, ".reloc"), directory(pe, BASERELOC)
    if pe.FILE_HEADER.Characteristics & RELOCS_STRIPPED:
        yield "marked as stripped: the image could load at one address only"
    if section is None and size == 0:
        return
    if section is None or (rva, size) != (section.VirtualAddress, section.Misc_VirtualSize):
        yield f"directory says {size} bytes at {rva:#x}, .reloc is not there"
        return
    if not section.Characteristics & DISCARDABLE:
        yield ".reloc is not discardable"
    homes = [(s.VirtualAddress, s.VirtualAddress + min(s.Misc_VirtualSize, s.SizeOfRawData))
             for s in pe.sections if name_of(s) in (".data", ".rodata")]
    count = 0
    try:
        for page, entries in relocation_blocks(section.get_data()[:size]):
            for entry in entries:
                kind, address = entry >> 12, page + (entry & 0xFFF)
                count += kind == 10
                if kind not in (0, 10):
                    yield f"type {kind} at {address:#x}"
                elif kind == 10 and not any(start <= address and address + 8 <= end for start, end in homes):
                    yield f"{address:#x} is not in initialised data"
    except ValueError as why:
        yield str(why)
    if count == 0:
        yield "an empty .reloc"


def check_promises(pe):
    flags = pe.OPTIONAL_HEADER.DllCharacteristics
    for bit, name in ((NX_COMPAT, "NX_COMPAT"), (DYNAMIC_BASE, "DYNAMIC_BASE"), (HIGH_ENTROPY_VA, "HIGH_ENTROPY_VA")):
        if not flags & bit:
            yield f"{name} is not set"


def check_entry(pe):
    text, entry = by_name(pe, ".text"), pe.OPTIONAL_HEADER.AddressOfEntryPoint
    if text is None or not text.VirtualAddress <= entry < text.VirtualAddress + text.Misc_VirtualSize:
        yield f"{entry:#x} is not in .text"


def check_sbat(pe):
    section = by_name(pe, ".sbat")
    if section is None:
        yield "there is no .sbat section"
        return
    lines = section.get_data()[:section.Misc_VirtualSize].rstrip(b"\0").split(b"\n")
    if not lines[0].startswith(b"sbat,1,"):
        yield f"begins with {lines[0][:20]!r}, not with sbat,1,"
    elif not any(line.startswith(b"ingot,") for line in lines):
        yield "has no line for ingot"
    for line in lines:
        if line and len(line.split(b",")) != 6:
            yield f"line {line!r} has not six fields"


def check_checksum(pe):
    """As elf2pe.py reckons it, but over whatever length the file has."""
    data = bytearray(pe.__data__)
    struct.pack_into("<I", data, pe.OPTIONAL_HEADER.get_file_offset() + CHECKSUM_IN_OPTIONAL_HEADER, 0)
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"<{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    if pe.OPTIONAL_HEADER.CheckSum != total + len(pe.__data__):
        yield f"{pe.OPTIONAL_HEADER.CheckSum:#x}, the file's own is {total + len(pe.__data__):#x}"


def check_time(pe):
    if pe.FILE_HEADER.TimeDateStamp:
        yield f"time stamp {pe.FILE_HEADER.TimeDateStamp:#x}: two builds would differ"


CHECKS = {
    "format": check_format,
    "subsystem": check_subsystem,
    "alignment": check_alignment,
    "rights": check_rights,
    "content": check_content,
    "layout": check_layout,
    "gaps": check_gaps,
    "directories": check_directories,
    "relocations": check_relocations,
    "promises": check_promises,
    "entry": check_entry,
    "sbat": check_sbat,
    "checksum": check_checksum,
    "time": check_time,
}


def lint(data):
    """All that is wrong with the file, as (property, fact)."""
    try:
        pe = pefile.PE(data=data, fast_load=True)
    except pefile.PEFormatError as why:
        return [("format", str(why))]
    return [(name, fact) for name, check in CHECKS.items() for fact in check(pe)]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: pe_lint.py FILE.EFI")
    with open(sys.argv[1], "rb") as file:
        wrong = lint(file.read())
    for name, fact in wrong:
        print(f"pe_lint: {sys.argv[1]}: {name}: {fact}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
