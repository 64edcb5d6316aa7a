"""Secure Boot by OVMF with a key enrolled, which Debian's ovmf has for tests: what is signed boots, all else is not started; and what the
command line may then not ask for."""
import pathlib
import re
import subprocess

import pytest

import build
import mkimage
import variables
from boots import LIMIT_S, Run, esp
from qemu import Config, find_firmware

KEYS = pathlib.Path("/usr/share/ovmf")
SECURE = Config(firmware="snakeoil")
SHIM = pathlib.Path("/usr/lib/shim/shimx64.efi")
SHIM_LOCK = "605dab50-e046-4300-abb6-3dd810dd8b23"
SHIM_LIMIT_S = 400             # from power-on, with shim's own checks of itself and of the loader
full = pytest.mark.full


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """SIGN_KEY and SIGN_CERT of the enrolled key: paths."""
    plain, certificate = tmp_path_factory.mktemp("key") / "snakeoil.key", KEYS / "PkKek-1-snakeoil.pem"
    subprocess.run(["openssl", "pkey", "-in", KEYS / "PkKek-1-snakeoil.key", "-passin", "pass:snakeoil", "-out", plain], check=True)
    return plain, certificate


@pytest.fixture(scope="module")
def sign(key, tmp_path_factory):
    """Signs an EFI file; its bytes then."""
    out = tmp_path_factory.mktemp("signed") / "signed.efi"

    def run(path, using=key):
        subprocess.run([build.TOP / "tools/sign.sh", path, *using, out], check=True)
        return out.read_bytes()
    return run


def must_be_refused(machine, fault_seen, row, loader):
    running = machine(dict(esp(), **{"EFI/BOOT/BOOTX64.EFI": loader}), SECURE)
    assert running.wait_for(r"BdsDxe: failed to load .*: Access Denied", LIMIT_S), running.text
    assert "efi: " not in running.text, running.text
    fault_seen(row, running.text)


def test_image_made_with_keys_boots(machine, fault_seen, tmp_path, key):
    with build.locked():
        build.make("APP=apps/hello", "image", f"SIGN_KEY={key[0]}", f"SIGN_CERT={key[1]}")
        disk = (build.OUT / "ingot.img").read_bytes()
        build.make("APP=apps/hello", "image")
    esp_only = tmp_path / "esp"
    esp_only.write_bytes(disk[mkimage.ESP_START_MIB * mkimage.MIB:][:mkimage.ESP_MIB * mkimage.MIB])
    subprocess.run(["mcopy", "-i", esp_only, "::/EFI/BOOT/BOOTX64.EFI", tmp_path / "signed"], check=True)
    run = Run(machine(dict(esp(), **{"EFI/BOOT/BOOTX64.EFI": (tmp_path / "signed").read_bytes()}), SECURE)).must_be_good()
    assert re.search(r"core: embedded, .*, secure boot", run.text), run.text
    fault_seen("A29.signed", run.text)


def test_unsigned_is_refused(machine, fault_seen):
    must_be_refused(machine, fault_seen, "A29.unsigned", build.loader().read_bytes())


def test_another_key_is_refused(machine, fault_seen, sign, tmp_path):
    other = tmp_path / "other.key", tmp_path / "other.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", other[0], "-out", other[1],
                    "-subj", "/CN=somebody else", "-days", "2"], check=True, capture_output=True)
    must_be_refused(machine, fault_seen, "A29.other", sign(build.loader(), other))


def places():
    """A byte of each part of the file: headers (the linker's version, which nobody reads), loader, core, SBAT, the signature itself."""
    loader = build.loader().read_bytes()
    return {"headers": 0x5A, "text": 0x600, "core": len(loader) // 2, "sbat": loader.index(b"ingot,1,"), "signature": len(loader) + 0x200}


@pytest.mark.parametrize("place", ["core", *(pytest.param(place, marks=full) for place in ("headers", "text", "sbat", "signature"))])
def test_one_flipped_bit_is_refused(machine, fault_seen, sign, place):
    loader = bytearray(sign(build.loader()))
    loader[places()[place]] ^= 0x10
    must_be_refused(machine, fault_seen, "A29.bit", bytes(loader))


REFUSED = ["core=\\other.elf", "debug=on", "panic=debug", "serial=io:0x2f8", "\"debug=wait\""]
CHANGES = ["poke 0x1000 1", "fill 0x1000 1 1", "out 0x80 1", "msr 0x10 0 5"]


def test_unsafe_words_are_refused_by_name(machine, fault_seen, sign):
    """The boot goes on without them; and the prompt changes nothing behind the core's back, whoever typed."""
    words = " ".join(["exit=qemu", *REFUSED, *(f'"{command}"' for command in CHANGES), '"msr 0x10"', '"peek 0x1000"', "exit"])
    files = dict(esp("apps/monitor", words), **{"EFI/BOOT/BOOTX64.EFI": sign(build.loader("apps/monitor"))})
    run = Run(machine(files, SECURE)).must_be_good()
    for word in REFUSED:
        assert f"efi: secure boot: W {word} refused\n" in run.text, run.text
    assert "debug:" not in run.text
    for command in CHANGES:
        assert f"{command.split()[0]}: not with Secure Boot on\n" in run.text, run.text
    assert re.search(r"^msr 0x10: cpu 0, value 0x[0-9a-f]{16}$", run.text, re.MULTILINE), run.text
    fault_seen("A29.words", run.text)


def shim_firmware(folder, level):
    """The firmware with the keys, and what shim keeps of revoked generations raised to these lines."""
    code, store, _ = find_firmware("snakeoil")
    (folder / "OVMF_CODE.secboot.fd").symlink_to(code)
    (folder / "OVMF_VARS.fd").write_bytes(variables.add(store.read_bytes(), "SbatLevel", SHIM_LOCK, level.encode()))
    return str(folder / "OVMF_CODE.secboot.fd")


@pytest.mark.skipif(not SHIM.exists(), reason="there is no shim here (Debian package shim-unsigned)")
@full
@pytest.mark.parametrize("generation, starts", [(2, False), (1, True)])
def test_revoked_generation_is_refused_by_shim(machine, fault_seen, sign, tmp_path, generation, starts):
    """shim, which the firmware starts, starts the loader only from the generation on that its variable SbatLevel asks for."""
    files = {"EFI/BOOT/BOOTX64.EFI": sign(SHIM), "EFI/BOOT/grubx64.efi": sign(build.loader()), "ingot/ingot.cfg": b"exit=qemu\n"}
    firmware = shim_firmware(tmp_path, f"sbat,1,2099010100\ningot,{generation}\n")
    running = machine(files, Config(firmware=firmware), cold=True)
    if starts:
        assert running.wait_for(r"main returned 0", SHIM_LIMIT_S) and re.search(r"^READY", running.text, re.MULTILINE), running.text
    else:
        assert running.wait_for(r"Verification failed: .*Security", SHIM_LIMIT_S), running.text
        assert "efi: " not in running.text, running.text
        fault_seen("A29.revoked", running.text)


def test_no_debugger_where_none_was_asked_for():
    """Nobody needs to trust that a door is locked which is not there."""
    symbols = subprocess.run(["nm", build.loader("apps/monitor").with_name("core.elf")], capture_output=True, text=True, check=True).stdout
    assert not re.search(r" [Tt] gdb_", symbols) and " mem_audit\n" in symbols, symbols
