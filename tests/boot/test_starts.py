"""Other ways to be started: from the network, from the shell, at other addresses, and with an application from elsewhere."""
import re

import build
import mkimage
import pytest
from boots import Run, chaos_esp, esp
from qemu import Config, Machine

HELLO = r"hello from cpu 0 of \d+"


def test_pxe_needs_no_file_system(machine, fault_seen):
    running = machine(esp(), Config(disk="pxe"))
    assert running.wait_for(r"main returned 0", 90), running.text
    assert re.search(HELLO, running.text) and re.search(r"^READY", running.text, re.MULTILINE)
    fault_seen("H10.net", running.text)


def test_shell_gives_its_words(machine):
    files = {"apps/ingot.efi": build.loader().read_bytes(),
             "startup.nsh": b"fs0:\r\ncd apps\r\ningot.efi exit=qemu from the shell\r\n"}
    run = Run(machine(files)).must_be_good()
    for number, word in enumerate(("from", "the", "shell"), 1):
        assert f"word {number}: {word}" in run.text, run.text


def test_our_startup_file_finds_the_loader(machine, tmp_path):
    """On a disk that the firmware does not boot from: the shell connects it, and our startup.nsh on the first disk looks for the loader."""
    mkimage.make(tmp_path / "other", esp(words="exit=qemu by-startup"))
    other = ("-drive", f"if=none,id=d1,format=raw,snapshot=on,file={tmp_path / 'other'}", "-device", "ide-hd,drive=d1,bus=ide.1")
    files = {"startup.nsh": b"connect -r\nmap -r\n" + (build.TOP / "esp/startup.nsh").read_bytes()}
    run = Run(machine(files, Config(extra=other), cold=True)).must_be_good()
    assert "by-startup" in run.text


def test_loader_above_4_gib(boot, fault_seen):
    run = boot(base=0x140000000, config=Config(mem="8G")).must_be_good()
    assert re.search(r"loader at 0x14[0-9a-f]{7}\b", run.text), f"nothing says where the loader was\n{run.text}"
    fault_seen("A27.high", run.text)


@pytest.mark.parametrize("page", [0, 3])
def test_core_moves_when_its_address_is_taken(machine, fault_seen, page):
    address = build.core_base() + page * 4096
    run = Run(machine(chaos_esp(words="exit=qemu moved", chaos=f"occupy={address:#x}"))).must_be_good()
    assert "word 1: moved" in run.text
    assert re.search(rf"core at 0x\w+ \(moved from {build.core_base():#x}\)", run.text), run.text
    fault_seen("A14.core", run.text)


def test_application_outside_the_tree(boot, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "main.c").write_text('#include <ingot/log.h>\n'
                                   'int main(int argc, char **argv) { log_info("far away: %s", argv[argc - 1]); return 17; }\n')
    run = boot(str(folder), "word").must_be_good(17)
    assert "far away: word" in run.text


def test_stick_made_by_make_image(machine, tmp_path):
    """The image that people carry away: it halts by itself when main returns."""
    with build.locked():
        build.make("APP=apps/hello", "image")
        image = (build.OUT / "ingot.img").read_bytes()
    assert mkimage.MIB < len(image)
    (tmp_path / "stick").write_bytes(image)
    with Machine(Config(disk="usb"), tmp_path / "stick") as running:
        assert running.wait_for(r"main returned 0", 90), running.text
        assert re.search(HELLO, running.text)
