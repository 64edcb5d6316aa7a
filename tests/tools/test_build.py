"""The build as a whole: the same bytes twice, no warnings, and nothing rebuilt without a reason."""
import os
import re
import shutil
import subprocess

import check
import pytest
from elfs import TOP

LOADER = "build/x86_64/BOOTX64.EFI"
OUTPUTS = (LOADER, "build/x86_64/core.elf", "build/x86_64/ingot.img")


def copy_tree(folder):
    """The tree's own files, as they are now."""
    for name in check.sources():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, folder / name)
    return folder


def make(folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "INGOT_ARGS")}
    done = subprocess.run(["make", "-C", folder, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A tree in which everything has been built, and what the build said on stderr."""
    folder = copy_tree(tmp_path_factory.mktemp("one"))
    return folder, make(folder, "-s", "-j2", "image")[1]


def test_build_prints_no_warnings(built):
    assert built[1] == ""


def test_two_builds_in_two_places_give_the_same_bytes(built, tmp_path):
    other = copy_tree(tmp_path / "another")
    make(other, "-s", "-j2", "image")
    for name in OUTPUTS:
        assert (built[0] / name).read_bytes() == (other / name).read_bytes(), f"{name} differs"


def test_nothing_is_rebuilt_without_a_reason(built):
    before = {name: (built[0] / name).stat().st_mtime_ns for name in OUTPUTS}
    make(built[0], "image")
    assert {name: (built[0] / name).stat().st_mtime_ns for name in OUTPUTS} == before


def test_another_application_is_linked_and_back(built):
    folder = built[0]
    first = (folder / LOADER).read_bytes()
    make(folder, "-s", LOADER, "APP=apps/hello")
    assert (folder / LOADER).read_bytes() != first
    make(folder, "-s", LOADER)
    assert (folder / LOADER).read_bytes() == first


def test_a_file_that_fails_the_lint_is_not_left(built, tmp_path):
    folder = shutil.copytree(built[0], tmp_path / "broken")
    (folder / LOADER).unlink()
    (folder / "tools/pe_lint.py").write_text("#!/usr/bin/python3\nraise SystemExit('pe_lint: broken on purpose')\n")
    done = subprocess.run(["make", "-s", "-C", folder, "-j2", LOADER], capture_output=True, text=True)
    assert done.returncode != 0 and "broken on purpose" in done.stderr
    assert not (folder / LOADER).exists()


VECTOR = r"%[xyz]?mm\d|%st\b|%k[0-7]\b|\t(f\w+|ldmxcsr)\b"      # registers; and what all x87 instructions begin with
USE_VECTORS = {"arch_clear",                       # puts the one back that it uses
               "cpu_units_start",                  # switches the units on
               "copy_apart", "memset"}             # mem.S: not in interrupts


def functions_with_vectors(objects):
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", *objects], capture_output=True, text=True, check=True).stdout
    function, found = "", set()
    for line in listing.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.+)>:", line):
            function = match[1]
        elif re.search(VECTOR, line):
            found.add(function)
    return found, listing.count(">:\n")


def test_core_and_drivers_use_no_vector_registers(built):
    objects = [path for room in ("core", "drivers") for path in (built[0] / "build/x86_64" / room).rglob("*.o")]
    found, functions = functions_with_vectors(objects)
    assert found == USE_VECTORS and functions > 400, f"{found}, of {functions} functions"


@pytest.mark.parametrize("code", ["double twice(double x) { return 2 * x; }", "long double twice(long double x) { return 2 * x; }"])
def test_vector_registers_are_found(tmp_path, code):
    subprocess.run(["gcc", "-O2", "-xc", "-", "-c", "-o", tmp_path / "some.o"], input=code, text=True, check=True)
    assert functions_with_vectors([tmp_path / "some.o"]) == ({"twice"}, 1)


def test_help_names_every_target_and_variable():
    said, _ = make(TOP, "--no-print-directory", "help")
    for word in ("run", "debug", "image", "usb", "test", "test-full", "bench", "check", "clean",
                 "APP", "ARGS", "SMP", "MEM", "MACHINE", "FIRMWARE", "DISPLAY"):
        assert word in said, f"make help does not name {word}"
    assert len(said.splitlines()) < 25
