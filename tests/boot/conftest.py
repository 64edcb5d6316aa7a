"""Boots for tests. `boot` runs a machine to its end; `machine` gives one that is still running."""
import pathlib
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tools"), str(TOP / "tests/boot")]

import gdb_stub                          # noqa: E402  the path must be set first
import mkimage                           # noqa: E402
from boots import Run, esp               # noqa: E402
from qemu import Config, Machine, Unavailable    # noqa: E402

KINDS = {"cd": "iso"}          # images that are not disks


def pytest_configure(config):
    config.addinivalue_line("markers", "full: only in `make test-full`")


@pytest.fixture
def machine(tmp_path):
    """Starts a machine with these files on its disk, and ends it after the test. A host that cannot is a reason to skip."""
    started = []

    def start(files, config=Config(), cold=False, host_extra=(), writable=False):
        image = tmp_path / "image"
        if config.disk == "pxe":
            image = tmp_path / "BOOTX64.EFI"
            image.write_bytes(files["EFI/BOOT/BOOTX64.EFI"])
        else:
            mkimage.make(image, files, KINDS.get(config.disk, "gpt"))
        try:
            started.append(Machine(config, image, cold=cold, host_extra=host_extra, writable=writable).__enter__())
        except Unavailable as why:
            pytest.skip(str(why))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def boot(machine):
    """Boots an application to its end under exit=qemu."""
    def run(app="apps/hello", words="", config=Config(), cold=False, base=0):
        return Run(machine(esp(app, f"exit=qemu {words}", base), config, cold))
    return run


@pytest.fixture
def stubbed(machine, tmp_path):
    """Starts a machine that stands at its first moment; it, and QEMU's gdb stub that lets it go."""
    stubs = []

    def start(files, config=Config(), writable=False):
        running = machine(files, config, host_extra=gdb_stub.arguments(tmp_path), writable=writable)
        stubs.append(gdb_stub.Stub(tmp_path))
        return running, stubs[-1]

    yield start
    for stub in stubs:
        stub.close()
