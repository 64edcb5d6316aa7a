"""What a panic leaves on the screen: its sentence in the first row, whatever has scrolled by, and a QR code that a phone can read."""
import re
import shutil
import subprocess

import pytest

import screen
import test_faults
from boots import esp, wait_for_screen
from qemu import Config

APP = "tests/boot/apps/faults"
LIMIT_S = 90


def size(width, height):
    return Config(display="std", extra=("-global", f"VGA.xres={width}", "-global", f"VGA.yres={height}"))


@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="zbarimg is not installed (zbar-tools)")
@pytest.mark.parametrize("button, config", [("handler-null", size(1280, 800)), ("read-null", size(800, 600))], ids=["1280x800", "800x600"])
def test_sentence_and_code_are_seen(machine, tmp_path, button, config):
    running = machine(esp(APP, f"exit=halt {button}"), config)
    assert running.wait_for(r"^\[.*halted", LIMIT_S), running.text
    record = test_faults.record_of(running.text)
    wait_for_screen(running, r"^PANIC", tmp_path / "dump", 20)
    dump = running.screendump(tmp_path / "dump")
    headline = record.splitlines()[0]
    seen = screen.read_text(dump).splitlines()[0]
    assert seen.startswith("PANIC NULL-DEREF: read from 0x1") and headline.startswith(seen), screen.read_text(dump)

    said = subprocess.run(["zbarimg", "-q", "--raw", dump], capture_output=True, text=True).stdout.strip()
    build = re.search(r"build ([0-9a-f]{8})", record).group(1)
    at, offset = (int(number, 16) for number in re.search(r"on cpu \d+ at (0x[0-9a-f]+) \(image \+ (0x[0-9a-f]+)\)", record).groups())
    places = [offset] + [int(number, 16) - (at - offset) for number in re.findall(r"called from (0x[0-9a-f]+)", record)]
    expected = f"INGOT {build} NULL-DEREF " + " ".join(f"{place:x}" for place in places[:10]) + headline.removeprefix("PANIC NULL-DEREF")
    assert said == expected[:134].strip(), f"{said}\n{record}"
