"""Boots for tests. `boot` runs a machine to its end; `machine` gives one that is still running."""
import os
import pathlib
import re
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tools"), str(TOP / "tests/boot")]

import faults                            # noqa: E402  the path must be set first
import gdb_stub                          # noqa: E402
import mkimage                           # noqa: E402
from boots import Run, esp               # noqa: E402
from qemu import Config, Machine, Unavailable    # noqa: E402

FINDING = r"^.*(?:ubsan|asan): finding .*|^PANIC (?:UBSAN|ASAN).*"
KINDS = {"cd": "iso"}          # images that are not disks


def pytest_configure(config):
    config.addinivalue_line("markers", "full: only in `make test-full`")
    config.addinivalue_line("markers", "planted: what the compiler's checks find is there on purpose")
    config.addinivalue_line("markers", "as_shipped(why): not with images that are built with checks (SAN=)")


def pytest_collection_modifyitems(items):
    if os.environ.get("INGOT_FAULTS_ONLY"):
        items[:] = [item for item in items if "fault_seen" in item.fixturenames]
    for item in items if os.environ.get("INGOT_SAN") else ():
        for mark in item.iter_markers("as_shipped"):
            item.add_marker(pytest.mark.skip(reason=f"with SAN={os.environ['INGOT_SAN']}: {mark.args[0]}"))


@pytest.fixture
def machine(tmp_path, request):
    """Starts a machine with these files on its disk, and ends it after the test. A host that cannot is a reason to skip. What the checks of
    an image built with SAN= have found fails the test."""
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
    found = [line for one in started for line in re.findall(FINDING, one.text, re.MULTILINE)]
    if found and "planted" not in request.keywords:
        pytest.fail("\n".join(found), pytrace=False)


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


@pytest.fixture
def fault_seen():
    """Reports a boot's text to a row of the list of faults, and fails unless the row is content. What the machine lacks on purpose does not
    count as degraded."""
    rows = faults.load()

    def seen(name, text, lacks=("display",)):
        outcome = faults.outcome_of(text, lacks)
        faults.report(name, outcome, text)
        words, good = faults.judge_row(rows[name], [(outcome, text)], True)
        assert good, f"{name}: {words}\n{text}"
    return seen
