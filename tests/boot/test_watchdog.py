"""The watchdog resets a machine that hangs, lets one alone that kicks it, and says so after the reset. q35 has the TCO timer of an ICH9; a
table of our own makes a WDAT machine of it. What the hardware can do wrong is in tests/host/test_watchdog.c."""
import re
import struct

import pytest

from boots import LIMIT_S, esp
from qemu import Config

APP = "tests/boot/apps/watchdog"
# QEMU's strap says "no reboot" by default, which its register does not show.
TCO = ("-global", "ICH9-LPC.noreboot=false")
# Instructions are time: a busy host cannot be late with a kick.
STEADY = ("-icount", "shift=7,sleep=off")

PORT, MEMORY = 1, 0
READ, READ_COUNT, WRITE, WRITE_COUNT, KEEP = 0, 1, 2, 3, 0x80
TCO_PORT = 0x660               # where OVMF puts it
GCS = 0xFED1F410


def entry(action, instruction, space, shift, width, address, value, mask):
    return struct.pack("<BBHBBBBQII", action, instruction, 0, space, 0, shift, width, address, value, mask)


def wdat(folder, entries):
    """QEMU's words for a WDAT with these entries."""
    path = folder / "wdat"
    head = struct.pack("<IHBBBxxxIIIBxxxI", 32, 0xFF, 0xFF, 0xFF, 0xFF, 600, 1023, 2, 0x81, len(entries))
    size = 36 + len(head) + 24 * len(entries)
    table = struct.pack("<4sIBB6s8sI4sI", b"WDAT", size, 1, 0, b"INGOT ", b"WATCHDOG", 1, b"TEST", 1) + head + b"".join(entries)
    path.write_bytes(table[:9] + bytes([-sum(table) % 256]) + table[10:])
    return ("-acpitable", f"file={path}")


ENTRIES = [
    entry(0x01, WRITE, PORT, 0, 2, TCO_PORT, 4, 0x3FF), entry(0x06, WRITE_COUNT | KEEP, PORT, 0, 2, TCO_PORT + 0x12, 0, 0x3FF),
    entry(0x05, READ_COUNT, PORT, 0, 2, TCO_PORT + 0x12, 0, 0x3FF), entry(0x08, READ, PORT, 11, 2, TCO_PORT + 8, 0, 1),
    entry(0x09, WRITE | KEEP, PORT, 11, 2, TCO_PORT + 8, 0, 1), entry(0x0B, WRITE | KEEP, PORT, 11, 2, TCO_PORT + 8, 1, 1),
    entry(0x10, READ, MEMORY, 5, 3, GCS, 0, 1), entry(0x11, WRITE | KEEP, MEMORY, 5, 3, GCS, 0, 1),
    entry(0x20, READ, PORT, 1, 2, TCO_PORT + 6, 1, 1), entry(0x21, WRITE, PORT, 1, 2, TCO_PORT + 6, 1, 1),
]


def start_and_reset(machine, words, config, cold=False):
    """The serial text of a machine that the watchdog reset once, up to the second boot's word about it."""
    running = machine(esp(APP, f"log=now {words}"), config, cold)        # it hangs with interrupts off: nobody sends its last lines later
    running.qmp.command("set-action", reboot="reset")
    said = running.wait_for(r"last reset: watchdog \(\w+\)", 2 * LIMIT_S)
    running.qmp.drain()
    assert said, running.text
    assert [event["event"] for event in running.qmp.events if event["event"] in ("WATCHDOG", "RESET")][:2] == ["WATCHDOG", "RESET"]
    return running.text


@pytest.mark.parametrize("words", ["hang", pytest.param("panic=halt panic", marks=pytest.mark.full)])
def test_a_machine_that_hangs_is_reset(machine, words):
    text = start_and_reset(machine, words, Config(extra=TCO))
    first, _, second = text.partition("resets the machine after")
    assert "last reset: no (TCO)" in first and "last reset: watchdog (TCO)" in second, text
    assert len(re.findall("^READY", text, re.MULTILINE)) == 2, text


def test_one_that_kicks_is_not(boot):
    run = boot(APP, "kick", Config(extra=TCO + STEADY)).must_be_good()
    assert "kicked through 3 timeouts of 3600 ms" in run.text and "stopped, and nothing came" in run.text, run.text


@pytest.mark.full
def test_a_wdat_comes_first(machine, tmp_path):
    text = start_and_reset(machine, "hang", Config(extra=TCO + wdat(tmp_path, ENTRIES)), cold=True)
    assert "WDAT: 1200 to 613800 ms until reset, in steps of 600 ms" in text, text
    assert "WDAT: resets the machine after 2400 ms" in text and "TCO: " not in text, text


@pytest.mark.full
def test_a_wdat_that_is_kicked(boot, tmp_path):
    run = boot(APP, "kick", Config(extra=TCO + STEADY + wdat(tmp_path, ENTRIES)), cold=True).must_be_good()
    assert "kicked through 3 timeouts of 2400 ms" in run.text, run.text


@pytest.mark.full
def test_a_wdat_that_lacks_something_is_told_and_the_tco_used(boot, tmp_path):
    run = boot(APP, "tell", Config(extra=TCO + wdat(tmp_path, ENTRIES[1:])), cold=True).must_be_good()
    assert "WDAT: it cannot be kicked; not used" in run.text and "last reset: no (TCO)" in run.text, run.text


def test_a_machine_without_one_says_so(boot):
    run = boot(APP, "tell", Config(machine="pc")).must_be_good(3)
    assert "watchdog: this machine has no watchdog that can be used (not found)" in run.text, run.text
