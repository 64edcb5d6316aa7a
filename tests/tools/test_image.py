"""Images: two runs give the same bytes, and the parts agree with each other and with other people's tools."""
import struct
import subprocess
import uuid
import zlib

import pytest

import mkimage

FILES = {"EFI/BOOT/BOOTX64.EFI": b"MZ" + bytes(5000), "ingot/ingot.cfg": b"exit=qemu\n", "startup.nsh": b"echo\r\n"}


@pytest.mark.parametrize("kind", mkimage.WRITERS)
def test_two_runs_give_the_same_bytes(tmp_path, kind):
    for name in ("one", "two"):
        mkimage.make(tmp_path / name, FILES, kind)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    path = tmp_path_factory.mktemp("disk") / "gpt"
    mkimage.make(path, FILES)
    return path.read_bytes()


def header(disk, lba):
    names = "signature revision bytes crc reserved at other first last guid entries_at count entry_bytes entries_crc"
    return dict(zip(names.split(), struct.unpack_from("<8sIIIIQQQQ16sQIII", disk, lba * 512)))


def test_both_gpt_copies_hold(disk):
    sectors = len(disk) // 512
    for lba, other in ((1, sectors - 1), (sectors - 1, 1)):
        gpt = header(disk, lba)
        raw = bytearray(disk[lba * 512:lba * 512 + 92])
        struct.pack_into("<I", raw, 16, 0)
        assert (gpt["signature"], gpt["bytes"], gpt["at"], gpt["other"]) == (b"EFI PART", 92, lba, other)
        assert gpt["crc"] == zlib.crc32(raw)
        entries = disk[gpt["entries_at"] * 512:gpt["entries_at"] * 512 + 128 * 128]
        assert gpt["entries_crc"] == zlib.crc32(entries)
        kind, _, first, last = struct.unpack_from("<16s16sQQ", entries)
        assert uuid.UUID(bytes_le=kind) == mkimage.TYPE_ESP
        assert gpt["first"] <= first < last <= gpt["last"]
    assert disk[510:512] == b"\x55\xaa" and disk[446 + 4] == 0xEE
    assert struct.unpack_from("<II", disk, 446 + 8) == (1, sectors - 1)


@pytest.mark.parametrize("kind, offset", [("gpt", mkimage.MIB), ("fat", 0)])
def test_files_come_back(tmp_path, kind, offset):
    mkimage.make(tmp_path / "image", FILES, kind)
    for name, data in FILES.items():
        out = subprocess.run(["mtype", "-i", f"{tmp_path / 'image'}@@{offset}", f"::/{name}"], capture_output=True, check=True).stdout
        assert out == data


def test_esp_is_fat32_and_knows_where_it_lies(disk):
    esp = disk[mkimage.MIB:mkimage.MIB + 512]
    assert esp[82:90] == b"FAT32   "
    assert struct.unpack_from("<I", esp, 28)[0] == mkimage.MIB // 512
    assert struct.unpack_from("<I", esp, 32)[0] == mkimage.ESP_MIB * mkimage.MIB // 512


def test_iso_has_an_efi_boot_entry(tmp_path):
    mkimage.make(tmp_path / "iso", FILES, "iso")
    told = subprocess.run(["xorriso", "-indev", tmp_path / "iso", "-report_el_torito", "plain"], capture_output=True, text=True, check=True)
    assert "UEFI" in told.stdout


def test_failure_leaves_no_image(tmp_path):
    with pytest.raises(SystemExit, match="mkimage: mcopy failed"):
        mkimage.make(tmp_path / "image", {"big": bytes(mkimage.ESP_MIB * mkimage.MIB)})
    assert list(tmp_path.iterdir()) == []
