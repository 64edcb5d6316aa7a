#!/usr/bin/python3
"""mkimage.py OUT [NAME=FILE | NAME:=TEXT]...: an image that a PC boots from, with these files in it. No root is needed.

--gpt   a disk with a GPT and one EFI system partition (the default): dd it to a stick, or give it to QEMU
--fat   only the file system
--iso   a CD or DVD: El Torito, with the file system as its EFI boot image

NAME is a path on the file system, such as EFI/BOOT/BOOTX64.EFI. The same input gives the same bytes: identifiers are fixed, and so is the
time of every file.

Sources: UEFI 2.10, "GUID Partition Table (GPT) Disk Layout" (5.3) and "File System Format" (13.3)."""
import argparse
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import uuid
import zlib

SECTOR_BYTES = 512
MIB = 1 << 20
ESP_MIB = 48                   # FAT32 has at least 65525 clusters: 33 MiB with clusters of one sector
ESP_START_MIB = 1
GPT_ENTRIES, GPT_ENTRY_BYTES = 128, 128
GPT_SECTORS = 1 + GPT_ENTRIES * GPT_ENTRY_BYTES // SECTOR_BYTES
TYPE_ESP = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
DISK_ID = uuid.UUID("1d9a7f00-6e67-4f74-8000-000000000001")
PARTITION_ID = uuid.UUID("1d9a7f00-6e67-4f74-8000-000000000002")
FAT_SERIAL = "494e474f"
EPOCH = "1577836800"           # 2020-01-01: mtools and xorriso stamp files with SOURCE_DATE_EPOCH


def run(*command):
    """mtools and xorriso, in a fixed time and time zone; their words only when they fail."""
    environment = dict(os.environ, SOURCE_DATE_EPOCH=EPOCH, TZ="UTC", LC_ALL="C", MTOOLSRC="/dev/null")
    done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"mkimage: {command[0]} failed: {(done.stderr or done.stdout).strip()}")


def write_fat(image, offset, size_mib, files):
    """A FAT file system of size_mib at offset of image, with files {path: bytes}."""
    target = f"{image}@@{offset}"
    fat32 = ["-F"] if size_mib >= 34 else []
    run("mformat", "-i", target, *fat32, "-c", "1" if size_mib < 260 else "8", "-T", str(size_mib * MIB // SECTOR_BYTES),
        "-h", "64", "-s", "32", "-H", str(offset // SECTOR_BYTES), "-N", FAT_SERIAL, "-v", "INGOT", "::")
    folders = sorted({str(parent) for name in files for parent in pathlib.PurePosixPath(name).parents if str(parent) != "."})
    if folders:
        run("mmd", "-i", target, *(f"::/{folder}" for folder in folders))
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in sorted(files.items()):
            source = pathlib.Path(scratch, pathlib.PurePosixPath(name).name)
            source.write_bytes(data)
            os.utime(source, (int(EPOCH), int(EPOCH)))
            run("mcopy", "-o", "-m", "-i", target, source, f"::/{name}")


def protective_mbr(sectors):
    entry = struct.pack("<B3sB3sII", 0, b"\x00\x02\x00", 0xEE, b"\xff\xff\xff", 1, min(sectors - 1, 0xFFFFFFFF))
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def gpt_header(sectors, at, other, entries_at, entries):
    """One copy of the header, in sector at; the other copy is in sector other."""
    def pack(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x00010000, 92, crc, 0, at, other, 1 + GPT_SECTORS,
                           sectors - 1 - GPT_SECTORS, DISK_ID.bytes_le, entries_at, GPT_ENTRIES, GPT_ENTRY_BYTES, zlib.crc32(entries))
    return pack(zlib.crc32(pack(0))).ljust(SECTOR_BYTES, b"\0")


def write_gpt(image, files):
    """The disk: protective MBR, GPT, the ESP, the GPT's copy in the last sectors."""
    sectors = (ESP_START_MIB + ESP_MIB + 1) * MIB // SECTOR_BYTES
    first = ESP_START_MIB * MIB // SECTOR_BYTES
    last = first + ESP_MIB * MIB // SECTOR_BYTES - 1
    entry = struct.pack("<16s16sQQQ72s", TYPE_ESP.bytes_le, PARTITION_ID.bytes_le, first, last, 0, "Ingot".encode("utf-16-le"))
    entries = entry.ljust(GPT_ENTRIES * GPT_ENTRY_BYTES, b"\0")
    with open(image, "wb") as disk:
        disk.truncate(sectors * SECTOR_BYTES)
        disk.write(protective_mbr(sectors) + gpt_header(sectors, 1, sectors - 1, 2, entries) + entries)
        disk.seek((sectors - GPT_SECTORS) * SECTOR_BYTES)
        disk.write(entries + gpt_header(sectors, sectors - 1, 1, sectors - GPT_SECTORS, entries))
    write_fat(image, first * SECTOR_BYTES, ESP_MIB, files)


def write_plain_fat(image, files, size_mib=ESP_MIB):
    with open(image, "wb") as disk:
        disk.truncate(size_mib * MIB)
    write_fat(image, 0, size_mib, files)


def write_iso(image, files):
    """The boot image is a small FAT: firmware reads it through the CD's own sectors."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch, "tree")
        tree.mkdir()
        write_plain_fat(tree / "efi.img", files, 8)
        os.utime(tree / "efi.img", (int(EPOCH), int(EPOCH)))
        run("xorriso", "-as", "mkisofs", "-quiet", "-V", "INGOT", "--modification-date=2020010100000000",
            "--set_all_file_dates", "2020010100000000", "--norock", "-e", "efi.img", "-no-emul-boot", "-o", image, tree)


WRITERS = {"gpt": write_gpt, "fat": write_plain_fat, "iso": write_iso}


def make(image, files, kind="gpt"):
    """Writes image as a whole or not at all. files is {path: bytes}."""
    partial = pathlib.Path(f"{image}.partial")
    partial.unlink(missing_ok=True)
    try:
        WRITERS[kind](partial, files)
        partial.rename(image)
    finally:
        partial.unlink(missing_ok=True)


def file_argument(text):
    """NAME=FILE or NAME:=TEXT."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text}: wanted NAME=FILE or NAME:=TEXT")
    if name.endswith(":"):
        return name[:-1], (value + "\n").encode()
    return name, pathlib.Path(value).read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("files", nargs="*", type=file_argument, metavar="NAME=FILE")
    for kind in WRITERS:
        parser.add_argument(f"--{kind}", dest="kind", action="store_const", const=kind)
    args = parser.parse_args()
    make(args.out, dict(args.files), args.kind or "gpt")


if __name__ == "__main__":
    main()
