"""What people see: the log is on the screen of each display, and a machine without a serial port still tells."""
import re

import pytest

import screen
from boots import esp, wait_for_screen
from qemu import Config

FRAMEBUFFERS = ["std", "virtio", "qxl", "ramfb", "two", "two-blt"]


@pytest.mark.parametrize("display", FRAMEBUFFERS)
def test_log_is_on_the_screen(machine, fault_seen, tmp_path, display):
    running = machine(esp(words="exit=halt one two"), Config(display=display))
    assert running.wait_for(r"main returned 0", 90), running.text
    seen = wait_for_screen(running, r"main returned 0", tmp_path / "dump")
    for pattern in (r"hello from cpu 0 of \d+", r"word 1: one", r"word 2: two", r"READY"):
        assert re.search(pattern, seen), seen
    if display.startswith("two"):
        fault_seen("B6.two", running.text, ())


@pytest.mark.parametrize("display", ["none", "virtio-gpu"])
def test_without_a_framebuffer_it_runs_and_says_so(boot, fault_seen, display):
    run = boot(config=Config(display=display)).must_be_good()
    assert re.search(r"READY degraded=\S*(display|fb|screen)", run.text), run.text
    fault_seen({"none": "B1.none", "virtio-gpu": "B2.gpu"}[display], run.text, ())


@pytest.mark.parametrize("display", ["std", pytest.param("ramfb", marks=pytest.mark.full)])
def test_without_a_serial_port_the_screen_tells(machine, fault_seen, tmp_path, display):
    running = machine(esp(words="exit=halt"), Config(display=display, serial="none"))
    seen = wait_for_screen(running, r"main returned 0", tmp_path / "dump")
    assert re.search(r"hello from cpu 0 of \d+", seen), seen
    assert re.search(r"READY", seen), seen
    fault_seen("F1.none", seen, ())


def test_with_neither_screen_nor_serial_port_it_still_runs(boot):
    run = boot(config=Config(serial="none"))
    assert (run.end.how, run.end.status) == ("exit", 0), run.end


def test_mode_option_sets_the_screen(machine, tmp_path):
    running = machine(esp(words="exit=halt mode=1024x768"), Config(display="std"))
    seen = wait_for_screen(running, r"main returned 0", tmp_path / "dump")
    assert re.search(r"hello from cpu 0", seen), seen
    dump = screen.read_ppm(tmp_path / "dump")
    assert (dump.width, dump.height) == (1024, 768)


@pytest.mark.parametrize("arguments", [
    pytest.param(("-global", f"VGA.xres={width}", "-global", f"VGA.yres={height}"), marks=pytest.mark.full)
    # QEMU's card rounds widths down to a multiple of 8 where OVMF's driver does not: at 1366 nobody can draw.
    for width, height in ((640, 480), (1360, 768), (1920, 1080), (3840, 2160))])
def test_other_sizes(machine, fault_seen, tmp_path, arguments):
    running = machine(esp(words="exit=halt"), Config(display="std", extra=arguments))
    seen = wait_for_screen(running, r"main returned 0", tmp_path / "dump")
    assert re.search(r"hello from cpu 0", seen), seen
    fault_seen("B7.sizes", running.text, ())
