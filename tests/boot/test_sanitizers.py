"""Bugs that are planted in an application, each found by the checks of an image that is built with them, and told by name."""
import functools
import re

import pytest

import build
from boots import LIMIT_S

APP = "tests/boot/apps/sanitizers"
UNDEFINED = {
    "add": r"overflow: PLACE: 2147483647 \+ 1 does not fit 'int'",
    "subtract": r"overflow: PLACE: -2147483648 - 1 does not fit 'int'",
    "multiply": r"overflow: PLACE: 2147483647 \* 2 does not fit 'int'",
    "negate": r"overflow: PLACE: -\(-2147483648\) does not fit 'int'",
    "shift-far": r"shift: PLACE: 1 shifted by 40: 'int' has 32 bits",
    "shift-back": r"shift: PLACE: 1 shifted by -1: 'int' has 32 bits",
    "index-past": r"index: PLACE: 4 is outside of 'int \[4\]'",
    "misaligned": r"alignment: PLACE: load of 'int' at 0x[0-9a-f]+, which is not a multiple of 4",
    "around": r"pointer: PLACE: 0xf{15}7 becomes 0x1f: around the end of memory",
    "neither-true-nor-false": r"value: PLACE: 40 is none of '_Bool'",
    "no-elements": r"array: PLACE: of -1 elements",
    "no-bit": r"builtin: PLACE: clz of 0 has no value",
    "null-given": r"null: PLACE: argument 1 must not be",
    "null-returned": r"null: PLACE: returned where it must not be",
    "member-of-null": r"null: PLACE: member of 'struct pair' by a null pointer",
    "quotient": r"division: PLACE: -2147483648 / -1 has no value in 'int'",
}
pytestmark = pytest.mark.planted


@functools.lru_cache(maxsize=None)
def lines():
    """Where each of the functions is: its name and the lines up to the next one."""
    text = (build.TOP / APP / "undefined.c").read_text()
    starts = [(match[1].replace("_", "-"), text.count("\n", 0, match.start()) + 1)
              for match in re.finditer(r"^static void (\w+)\(void\)", text, re.MULTILINE)]
    ends = [line for _, line in starts[1:]] + [text.count("\n")]
    return {name: range(line - 3, end) for (name, line), end in zip(starts, ends)}     # and what stands above, which it may call


def committed(machine, san, words=""):
    """What the log says behind each bug's name, and how the run ended."""
    files = {"EFI/BOOT/BOOTX64.EFI": build.checked_loader(APP, san).read_bytes(), "ingot/ingot.cfg": f"exit=qemu {words}\n".encode()}
    running = machine(files)
    end = running.wait(LIMIT_S)
    parts = re.split(r"^bug: (\S+)\n", running.text, flags=re.MULTILINE)
    assert re.search(r"^READY", parts[0], re.MULTILINE) and not re.search("finding", parts[0]), running.text
    return dict(zip(parts[1::2], parts[2::2])), end


def must_be_told(told, name):
    """In one line, at the place."""
    place = r"undefined\.c:(\d+):\d+"
    said = re.search(r"^\[.*\] 0 error ubsan: finding \d+: " + UNDEFINED[name].replace("PLACE", rf"\S*{place}"), told[name], re.MULTILINE)
    assert said, told[name]
    assert int(said[1]) in lines()[name], said[0]


def test_undefined_behaviour_of_every_kind(machine):
    told, end = committed(machine, "undefined", " ".join(UNDEFINED))
    assert set(told) == set(UNDEFINED)
    for name in UNDEFINED:
        must_be_told(told, name)
    assert "PANIC DIVIDE" in told["quotient"] and end.status == 120


@pytest.mark.full
def test_what_is_never_reached(machine):
    told, end = committed(machine, "undefined", "unreachable")
    assert re.search(r"^PANIC UBSAN: unreachable: \S*undefined\.c:\d+ was reached", told["unreachable"], re.MULTILINE), told
    assert end.status == 120


@pytest.mark.full
def test_the_first_finding_ends_the_run(machine):
    told, end = committed(machine, "undefined", "san=panic shift-far add")
    assert list(told) == ["add"] and end.status == 120
    assert re.search(r"^PANIC UBSAN: overflow: \S+: 2147483647 \+ 1", told["add"], re.MULTILINE), told
