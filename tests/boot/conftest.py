"""Boots for tests. `boot` runs a machine to its end; `machine` gives one that is still running."""
import pathlib
import re
import sys
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tools"), str(TOP / "tests/boot")]

import build          # noqa: E402  the path must be set first
import mkimage        # noqa: E402
import screen         # noqa: E402
from qemu import Config, Machine, Unavailable    # noqa: E402

LIMIT_S = 90                   # for a cold boot on a busy machine; a good one takes 7 s
KINDS = {"cd": "iso"}          # images that are not disks


def pytest_configure(config):
    config.addinivalue_line("markers", "full: only in `make test-full`")


def esp(app="apps/hello", words="exit=qemu", base=0):
    """The files of an ESP that boots this application with these words."""
    return {"EFI/BOOT/BOOTX64.EFI": build.loader(app, base).read_bytes(), "ingot/ingot.cfg": f"{words}\n".encode()}


@pytest.fixture
def machine(tmp_path):
    """Starts a machine with these files on its disk, and ends it after the test. A host that cannot is a reason to skip."""
    started = []

    def start(files, config=Config(), cold=False):
        image = tmp_path / "image"
        if config.disk == "pxe":
            image = tmp_path / "BOOTX64.EFI"
            image.write_bytes(files["EFI/BOOT/BOOTX64.EFI"])
        else:
            mkimage.make(image, files, KINDS.get(config.disk, "gpt"))
        try:
            started.append(Machine(config, image, cold=cold).__enter__())
        except Unavailable as why:
            pytest.skip(str(why))
        return started[-1]

    yield start
    for one in started:
        one.stop()


class Run:
    """A run that has ended: its serial text, how it ended, and checks that every good run passes."""

    def __init__(self, machine):
        self.end, self.text, self.warm = machine.wait(LIMIT_S), machine.text, not machine.cold

    def must_be_good(self, status=0):
        assert (self.end.how, self.end.status) == ("exit", status), f"{self.end}\n{self.text}"
        assert re.search(r"^READY", self.text, re.MULTILINE), self.text
        assert not re.search(r"^(PANIC|REFUSED)", self.text, re.MULTILINE), self.text
        return self


@pytest.fixture
def boot(machine):
    """Boots an application to its end under exit=qemu."""
    def run(app="apps/hello", words="", config=Config(), cold=False, base=0):
        return Run(machine(esp(app, f"exit=qemu {words}", base), config, cold))
    return run


def wait_for_screen(machine, pattern, path, limit_s=LIMIT_S):
    """Looks at the screen until its text has the pattern; that text, or what was last seen."""
    deadline = time.monotonic() + limit_s
    while True:
        text = screen.read_text(machine.screendump(path))
        if re.search(pattern, text) or time.monotonic() > deadline:
            return text
        time.sleep(0.3)
