"""The panic's own backtrace against gdb's, from the same registers on the halted machine: the same functions, files and lines."""
import json
import os
import re
import shutil
import subprocess

import pytest

import build
import gdb_stub
import test_faults
from boots import esp
from qemu import Config

APP = "tests/boot/apps/faults"
LIMIT_S = 90
SCRIPT = build.TOP / "tests/boot/gdb_frames.py"

# The second word is the CPU that presses the button, of four.
QUICK = ["divide", "copy-from-null", "handler-null", "handler-in-memset", "tail-called", "call-null", "nmi-stack", "free-twice", "call-panic",
         "read-null 2"]
ON_OTHERS = ["divide 1", "copy-from-null 2", "fill-text 1", "call-null 2", "lock-twice 1", "handler-null 2", "nmi-stack 1"]
FAULTS = [fault[0] for fault in test_faults.FAULTS]
NO_STACK = {"stack-not-canonical": "where its return address was, is lost"}
SITES = QUICK + [site for site in FAULTS + ON_OTHERS if site not in QUICK and site not in NO_STACK]

pytestmark = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")


def told(record):
    """[(function, file, line)] of the panic's place and its callers, the innermost first."""
    found = []
    for line in record.splitlines():
        match = re.match(r"  (?:in|  inlined in|called from 0x[0-9a-f]+) (\S+) \(([^:)]+)(?::(\d+))?\)(?:, (\d+) times)?$", line)
        if match:
            name, path, number, times = match.groups()
            found += [(name.split("+")[0], path, int(number or 0))] * int(times or 1)
    return found


def registers(record):
    value = {name: int(number, 16) for name, number in re.findall(r"\b(rip|rsp|rbp) +([0-9a-f]{16})", record)}
    at = int(re.search(r"on cpu \d+ at (0x[0-9a-f]+)", record).group(1), 16)
    jumped = re.match(r"PANIC \S+: jump to", record)       # the place that counts is the call, whose return address is on the stack
    return at, value["rsp"] + (8 if jumped else 0), value["rbp"]


def gdb_frames(folder, core, place):
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", core, "-ex", "set confirm off", "-ex", f"target remote {gdb_stub.path(folder)}",
                           "-ex", f"python PLACE = {place}", "-x", SCRIPT], capture_output=True, text=True, timeout=LIMIT_S)
    match = re.search(r"^FRAMES (.*)", done.stdout, re.MULTILINE)
    assert match, done.stdout + done.stderr
    found = [(name, os.path.normpath(path) if line else "?", line) for name, path, line in json.loads(match.group(1))]
    while found and found[-1][0] == "?":                   # gdb goes on where the loader's stack and the trampolines begin
        found.pop()
    return found


@pytest.mark.parametrize("site", [pytest.param(site, marks=[] if site in QUICK else pytest.mark.full) for site in SITES])
def test_backtrace_is_what_gdb_finds(machine, tmp_path, site):
    stub = gdb_stub.arguments(tmp_path)[1:]                # without -S: it runs
    running = machine(esp(APP, f"exit=halt {site}"), Config(smp="4" if " " in site else "1"), host_extra=stub)
    assert running.wait_for(r"^\[.*halted", LIMIT_S), running.text
    record = test_faults.record_of(running.text)
    ours = told(record)
    theirs = gdb_frames(tmp_path, build.loader(APP).with_name("core.elf"), registers(record))
    if len(ours) > 24:                                     # a stack that ran over has more callers than are told
        theirs = theirs[:len(ours)]
    assert ours == theirs, f"{record}\n" + "\n".join(f"{a} {'' if a == b else '!='} {b}" for a, b in zip(ours, theirs))
