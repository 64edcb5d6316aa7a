"""Bugs that are planted in an application, each found by the checks of an image that is built with them, and told by name."""
import functools
import re

import pytest

import build
from boots import LIMIT_S, esp
from qemu import Config

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
}
TAKEN = "allocated by 0x[0-9a-f]+ take$"
ADDRESS = {
    "heap-behind": f"heap: store of 1 at .*: 0 behind 24 at 0x[0-9a-f]+, {TAKEN}",
    "heap-before": f"heap: load of 1 at .*: 1 before 24 at 0x[0-9a-f]+, {TAKEN}",
    "heap-odd": f"heap: load of 1 at .*: 0 behind 13 at 0x[0-9a-f]+, {TAKEN}",
    "heap-large": f"heap: load of 1 at .*: 0 behind 100000 at 0x[0-9a-f]+, {TAKEN}",
    "heap-copy": f"heap: load of 25 at .*: 0 behind 24 at 0x[0-9a-f]+, {TAKEN}",
    "freed-load": f"freed: load of 1 at .*: in 24 at 0x[0-9a-f]+, freed by 0x[0-9a-f]+ freed_load, {TAKEN}",
    "freed-long-ago": f"freed: load of 1 at .*: in 24 at 0x[0-9a-f]+, freed by 0x[0-9a-f]+ freed_long_ago, {TAKEN}",
    "freed-and-resized": f"freed: load of 1 at .*: in 24 at 0x[0-9a-f]+, freed by 0x[0-9a-f]+ freed_and_resized, {TAKEN}",
    "page-load": "page: load of 1 at .*: in the free page at 0x[0-9a-f]+000$",
    "page-behind": "page: load of 1 at .*: in the free page at 0x[0-9a-f]+000$",
    "global-behind": r"global: load of 1 at .*: 0 behind letters, which has 26 \(\S*address\.c\)$",
    "stack-behind": r"stack: load of 1 at .*: at \+13 from array, which has 13$",
    "stack-before": "stack: load of 1 at .*: at -1 from array, which has 13$",
    "scope-left": r"scope: load of 1 at .*: at \+2 from array, which has 13$",
}
pytestmark = pytest.mark.planted


@functools.lru_cache(maxsize=None)
def lines(file):
    """Where each of the functions is: its name and the lines up to the next one."""
    text = (build.TOP / APP / file).read_text()
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
    if name in ADDRESS:
        place, said = rf"by 0x[0-9a-f]+ {name.replace('-', '_')}\+\S+ \(\S*address\.c:(\d+)\)", f"asan: finding \\d+: {ADDRESS[name]}"
    else:
        place, said = r"undefined\.c:(\d+):\d+", f"ubsan: finding \\d+: {UNDEFINED[name].replace('PLACE', r'.*')}"
    line = re.search(rf"^\[.*\] 0 error {said}", told[name], re.MULTILINE)
    assert line and re.search(place, line[0]), told[name]
    assert int(re.search(place, line[0])[1]) in lines("address.c" if name in ADDRESS else "undefined.c")[name], line[0]


@pytest.mark.parametrize("san, bugs", [
    pytest.param("address,undefined", [*UNDEFINED, *ADDRESS]),
    pytest.param("undefined", [*UNDEFINED], marks=pytest.mark.full),
    pytest.param("address", [*ADDRESS], marks=pytest.mark.full),
])
def test_each_is_told(machine, fault_seen, san, bugs):
    told, end = committed(machine, san, " ".join([*bugs, "double-free"]))
    for name in bugs:
        must_be_told(told, name)
    assert list(told) == [*bugs, "double-free"] and end.status == 120
    assert re.search(r"^PANIC HEAP: 0x[0-9a-f]+ frees (0x[0-9a-f]+),.* which 0x[0-9a-f]+ has freed already$", told["double-free"], re.MULTILINE), told
    fault_seen("H2.ubsan" if "undefined" in san else "H1.asan", "".join(told.values()))


@pytest.mark.full
@pytest.mark.parametrize("san, words, said", [
    ("undefined", "quotient", r"ubsan: finding 1: division: \S+: -2147483648 / -1 has no value in 'int'\nPANIC DIVIDE"),
    ("undefined", "unreachable", r"^PANIC UBSAN: unreachable: \S*undefined\.c:\d+ was reached"),
    ("undefined", "san=panic add", r"^PANIC UBSAN: overflow: \S+: 2147483647 \+ 1"),
    ("address", "san=panic heap-behind", r"^PANIC ASAN: heap: store of 1 at .* 0 behind 24"),
    ("address", "foreign-free", r"^PANIC HEAP: 0x[0-9a-f]+ frees 0x[0-9a-f]+, which is no block of the heap"),
])
def test_what_ends_the_run(machine, san, words, said):
    told, end = committed(machine, san, f"{words}")
    assert end.status == 120 and len(told) == 1, told
    assert re.search(said, *told.values(), re.MULTILINE), told


@pytest.mark.full
def test_more_memory_than_there_is_room_for_its_shadow(machine):
    """What lies beyond is left unused, and the boot tells."""
    text = machine(esp("apps/hello", base=0) | {"EFI/BOOT/BOOTX64.EFI": build.checked_loader("apps/hello", "address").read_bytes()},
                   Config(mem="64G"))
    assert text.wait_for(r"^READY", LIMIT_S), text.text
    assert re.search(r"asan: \d+ MiB at 0x4000000 watch over the memory below 0x[0-9a-f]+; [1-9]\d+ MiB above stay unused", text.text), text.text
