"""The PE file: elf2pe.py makes what pe_lint.py demands, and pe_lint.py sees each property broken."""
import struct
import subprocess

import pefile
import pytest

import pe_lint
from elfs import SCRIPT, build_elf, elf2pe


def lint_names(data):
    return {name for name, fact in pe_lint.lint(bytes(data))}


def test_application_passes_lint(application):
    assert pe_lint.lint(application.read_bytes()) == []


def test_virtual_size_of_data_covers_bss(application):
    data = next(s for s in pefile.PE(application).sections if s.Name.startswith(b".data"))
    assert data.Misc_VirtualSize > 100000 > data.SizeOfRawData


def test_pointers_are_relocated_for_the_base(application, tmp_path):
    elf = build_elf(tmp_path)
    for base in (0, 0x140000000):
        status, said = elf2pe(elf, tmp_path / "at.efi", "--base", hex(base))
        assert status == 0, said
        pe = pefile.PE(tmp_path / "at.efi")
        pe.parse_data_directories()
        places = [e.rva for block in pe.DIRECTORY_ENTRY_BASERELOC for e in block.entries if e.type == 10]
        assert len(places) == 3
        for rva in places:
            assert base <= struct.unpack("<Q", pe.get_data(rva, 8))[0] < base + pe.OPTIONAL_HEADER.SizeOfImage
        assert pe_lint.lint((tmp_path / "at.efi").read_bytes()) == []


def test_without_pointers_there_is_no_reloc(tmp_path):
    source = 'long entry(void) { return 1; }\n__attribute__((section(".sbat"), used)) static const char s[] = ' \
             '"sbat,1,a,b,1,c\\ningot,1,a,b,1,c\\n";\n'
    status, said = elf2pe(build_elf(tmp_path, source), tmp_path / "plain.efi")
    assert status == 0, said
    assert not any(s.Name.startswith(b".reloc") for s in pefile.PE(tmp_path / "plain.efi").sections)
    assert pe_lint.lint((tmp_path / "plain.efi").read_bytes()) == []


@pytest.mark.parametrize("change, sentence", [
    (lambda script: script.replace("*(.data .data.*)", "*(.data .data.*) . += 1;").replace(".bss :", ". += 0x3000; .bss :")
     .replace(". = ALIGN(4K);\n    .sbat", ". += 0x2000; . = ALIGN(4K);\n    .sbat"), "not on the page behind"),
    (lambda script: script.replace(".rodata :", ".constants :"), "section .constants is not one of"),
    (lambda script: script.replace("*(.text .text.*)", "*(.text .text.* .data .data.*)"), "in .text: data only"),
    (lambda script: script.replace("*(.data .data.*)", "").replace("*(.sbat)", "*(.data .data.*) *(.sbat)"), ".sbat would be writable"),
    (lambda script: script.replace(". = 4K;", ". = 512;"), "leaves no room for the headers"),
])
def test_elf_that_cannot_be_a_pe_is_refused(tmp_path, change, sentence):
    status, said = elf2pe(build_elf(tmp_path, script=change(SCRIPT)), tmp_path / "no.efi")
    assert status != 0 and sentence in said
    assert not (tmp_path / "no.efi").exists()


def test_position_dependent_elf_is_refused(tmp_path):
    status, said = elf2pe(build_elf(tmp_path, flags=("-static",)), tmp_path / "no.efi")
    assert status != 0 and "not position-independent" in said


def section(pe, name):
    return next(s for s in pe.sections if s.Name.rstrip(b"\0") == name)


def set_optional(field, value):
    return lambda pe: setattr(pe.OPTIONAL_HEADER, field, value)


def set_section(name, field, value):
    return lambda pe: setattr(section(pe, name), field, value)


def drop_flag(bit):
    return lambda pe: setattr(pe.OPTIONAL_HEADER, "DllCharacteristics", pe.OPTIONAL_HEADER.DllCharacteristics & ~bit)


def empty_reloc(pe):
    s = section(pe, b".reloc")
    pe.set_bytes_at_offset(s.PointerToRawData, struct.pack("<IIHH", s.VirtualAddress, 12, 0, 0))
    s.Misc_VirtualSize = pe.OPTIONAL_HEADER.DATA_DIRECTORY[5].Size = 12


BREAKS = {
    "PE32 instead of PE32+": ("format", set_optional("Magic", 0x107)),
    "unknown machine": ("format", lambda pe: setattr(pe.FILE_HEADER, "Machine", 0x14C)),
    "subsystem driver": ("subsystem", set_optional("Subsystem", 11)),
    "section alignment 512": ("alignment", set_optional("SectionAlignment", 512)),
    "file alignment 32": ("alignment", set_optional("FileAlignment", 32)),
    "text writable": ("rights", set_section(b".text", "Characteristics", 0xE0000020)),
    "rodata writable": ("rights", set_section(b".rodata", "Characteristics", 0xC0000040)),
    "data executable": ("rights", set_section(b".data", "Characteristics", 0xE0000040)),
    "text without content": ("content", set_section(b".text", "Characteristics", 0x600000A0)),
    "zeros as initialised data": ("content", set_section(b".data", "SizeOfRawData", 0)),
    "unknown section": ("rights", set_section(b".rodata", "Name", b".strange")),
    "SizeOfImage without .bss": ("layout", set_optional("SizeOfImage", 0x4000)),
    "sections overlap": ("layout", set_section(b".data", "VirtualAddress", 0x2000)),
    "hole between sections": ("layout", set_section(b".rodata", "VirtualAddress", 0x12000)),
    "bytes behind a section": ("gaps", lambda pe: pe.set_bytes_at_offset(section(pe, b".text").PointerToRawData + 510, b"x")),
    "bytes in the headers": ("gaps", lambda pe: pe.set_bytes_at_offset(pe.OPTIONAL_HEADER.SizeOfHeaders - 1, b"x")),
    "a gap in the file": ("gaps", set_section(b".rodata", "PointerToRawData", 0x1000)),
    "6 directories": ("directories", set_optional("NumberOfRvaAndSizes", 6)),
    "relocations stripped": ("relocations", lambda pe: setattr(pe.FILE_HEADER, "Characteristics", 0x2F)),
    "empty .reloc": ("relocations", empty_reloc),
    "relocation in text": ("relocations", lambda pe: pe.set_bytes_at_offset(section(pe, b".reloc").PointerToRawData, b"\0\x10\0\0")),
    "unknown relocation": ("relocations", lambda pe: pe.set_bytes_at_offset(section(pe, b".reloc").PointerToRawData + 9, b"\x30")),
    "reloc block of 4 bytes": ("relocations", lambda pe: pe.set_bytes_at_offset(section(pe, b".reloc").PointerToRawData + 4, b"\4")),
    "no relocation directory": ("relocations", lambda pe: setattr(pe.OPTIONAL_HEADER.DATA_DIRECTORY[5], "Size", 0)),
    "reloc not discardable": ("relocations", set_section(b".reloc", "Characteristics", 0x40000040)),
    "no NX_COMPAT": ("promises", drop_flag(0x100)),
    "no DYNAMIC_BASE": ("promises", drop_flag(0x40)),
    "no HIGH_ENTROPY_VA": ("promises", drop_flag(0x20)),
    "entry in rodata": ("entry", set_optional("AddressOfEntryPoint", 0x2000)),
    "no .sbat": ("sbat", set_section(b".sbat", "Name", b".sbaz\0\0\0")),
    "sbat without its header": ("sbat", lambda pe: pe.set_bytes_at_offset(section(pe, b".sbat").PointerToRawData, b"tabs")),
    "checksum 0": ("checksum", set_optional("CheckSum", 0)),
    "time stamp": ("time", lambda pe: setattr(pe.FILE_HEADER, "TimeDateStamp", 0x5F000000)),
}


@pytest.mark.parametrize("case", BREAKS)
def test_lint_sees(application, case):
    name, change = BREAKS[case]
    pe = pefile.PE(application, fast_load=True)
    change(pe)
    assert name in lint_names(pe.write())


def test_lint_sees_bytes_behind_the_last_section(application):
    assert "gaps" in lint_names(application.read_bytes() + b"more")


def test_lint_refuses_what_is_no_pe():
    assert lint_names(b"MZ nothing else") == {"format"}


def test_sbsign_has_nothing_to_say(application, tmp_path):
    key, certificate, signed = tmp_path / "key", tmp_path / "certificate", tmp_path / "signed.efi"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-subj", "/CN=throwaway", "-days", "2"], check=True, capture_output=True)
    done = subprocess.run(["sbsign", "--key", key, "--cert", certificate, "--output", signed, application],
                          check=True, capture_output=True, text=True)
    assert (done.stdout + done.stderr).strip() in ("", "Signing Unsigned original image")
    subprocess.run(["sbverify", "--cert", certificate, signed], check=True, capture_output=True)
    assert pe_lint.lint(signed.read_bytes()) == []
