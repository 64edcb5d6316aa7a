"""The monitor, typed at over the serial port as a person would: every command, its help, completion, wrong arguments, the report, and
bytes that mean nothing."""
import json
import random
import re
import time

import pytest

from boots import LIMIT_S, esp
from qemu import Config

APP = "apps/monitor"
ANSWER_S = 30
COMMANDS = ("acpi", "backtrace", "bench", "boot", "clock", "cpu", "cpuid", "crash", "display", "dmi", "dump", "exit", "fill", "firmware", "help",
            "history", "in", "irq", "json", "last", "log", "map", "mem", "msr", "out", "page", "pci", "peek", "poke", "poweroff", "reboot", "repeat",
            "report", "run", "search", "serial", "test", "time", "timers", "trace", "version")
# Calls that each command must refuse with its usage.
WRONG = ("acpi a b", "backtrace 99", "backtrace x", "bench 1", "boot 1", "clock 1", "cpu 1", "cpuid x", "cpuid 0 0 99", "crash nothing", "display 1",
         "dump", "dump x", "exit x", "fill 0 1", "fill 0 1 256", "firmware 1", "history 1", "dmi 1", "in", "in 0x10000", "in 0x80 3", "irq 1",
         "json", "last 1", "log loud", "log acpi:loud", "map x", "map 0 0", "mem 1", "msr", "msr x", "msr 0x1b 99", "out 0x80", "out 0x80 256",
         "page", "page x", "pci 1", "peek", "peek 1", "peek 0x1000 3", "poke 0x1000", "poke 0x1000 256 1", "poke 0x1001 1 2", "poweroff 1",
         "reboot 1", "repeat", "repeat x time", "report 1", "search 0 1", "serial 1", "test 1", "time 1", "timers 1", "trace x", "trace 1 2",
         "version 1")


class Prompt:
    """A machine at whose prompt somebody types."""

    def __init__(self, machine):
        self.machine, self.marks = machine, 0
        if not machine.wait_for(r"app: the monitor", LIMIT_S):
            raise AssertionError(machine.text)
        self.ask("page 0")

    def type(self, keys):
        self.machine.process.stdin.write(keys if isinstance(keys, bytes) else keys.encode())
        self.machine.process.stdin.flush()

    def ask(self, line, limit_s=ANSWER_S):
        """What the line's commands print. A command behind it tells where that ends."""
        self.marks += 1
        start = len(self.machine.text)
        self.type(f"{line}\r")
        self.type(f"help mark{self.marks}\r")
        found = self.machine.wait_for(rf"(?s)^mark{self.marks}: no such command.*?\n.*?> $", limit_s)
        said = self.machine.text[start:]
        assert found, said
        said = said[:said.rindex(f"mark{self.marks}: no such command")]
        shown = [text for text in said.split("\n")[1:] if not re.match(r"\[ *\d+\.\d+\] |> ", text)]
        return "\n".join(shown).strip("\n")

    def json(self, command):
        said = self.ask(f"json {command}")
        document = json.loads(said)
        assert document["result"] == 0, said
        return document[command.split()[0]]


@pytest.fixture
def prompt(machine):
    def start(config=Config(), words="exit=qemu"):
        return Prompt(machine(esp(APP, words), config))
    return start


def test_every_command_its_help_and_wrong_arguments(prompt):
    user = prompt(Config(smp="2"))
    said = user.ask("help")
    names = re.findall(r"^  (\w+) ", said, re.MULTILINE)
    assert names == sorted(names) and set(names) >= set(COMMANDS), said
    for name in names:
        assert re.match(rf"{name} .*: \w|{name} : \w", user.ask(f"help {name}")), name
    for call in WRONG:
        said = user.ask(call)
        assert said.startswith(f"{call.split()[0]} ") and len(said.splitlines()) == 1, f"{call}: {said}"
    for call, answer in (("log nobody:info", "not found"), ("acpi NONE", "not found"), ("last", "not found"), ("run nobody", "not found"),
                         ("msr 0x4b564dff 1", "faulted|value"), ("peek 0", "fault at 0x0"), ("poke 0 1", "fault at 0x0"),
                         ("dump 0 16", r"\?\? \?\?"), ("zzz", "no such command")):
        assert re.search(answer, user.ask(call)), call


def test_what_commands_say(prompt):
    user = prompt(Config(smp="2"))
    assert "Standard PC (Q35 + ICH9, 2009)" in user.ask("dmi")
    assert len(re.findall(r"^cpu \d: id \d, package 0", user.ask("cpu"), re.MULTILINE)) == 2
    assert re.search(r"^msr 0x1b: cpu 1, value 0x00000000fee00800$", user.ask("msr 0x1b 1"))
    assert re.search(r"value 0x00000000fee00900$", user.ask("msr 0x1b"))
    said = user.ask("msr 0xc0000103 1 0x55; msr 0xc0000103 1; msr 0xc0000103")
    assert re.findall(r"value 0x0*(\w+)", said) == ["55", "0"]
    assert re.search(r"^leaf 0x00000000: subleaf 0, eax", user.ask("cpuid 0 0 1"))
    assert re.search(r"value 0x6[01]$", user.ask("in 0x3fd"))
    assert user.ask("out 0x3ff 0x5a; in 0x3ff").endswith("value 0x5a")
    assert "peek" not in user.ask("poke 0x1500000 0x11223344; poke 0x1500004 0x5566 2")
    assert user.ask("peek 0x1500000 8") == "address 0x1500000: value " + hex(0x556611223344 | user.json("peek 0x1500006 2")[0]["value"] << 48)
    assert user.ask("fill 0x1500000 32 0x41; poke 0x1500010 0x42 1; search 0x1500000 64 AB") == "found at 0x150000f"
    assert user.ask("search 0x1500000 64 0x42") == "found at 0x1500010"
    assert "bytes 41 41 41" in user.ask("dump 0x1500000 16")
    assert re.search(r"type core, .*rights read-execute, caching write-back", user.ask("map 0x2000000"))
    assert len(user.ask("map pages").splitlines()) > 10
    assert "table HPET: address 0x" in user.ask("acpi") and "48 50 45 54" in user.ask("acpi HPET")
    assert re.search(r"pci 0000:00:1f.2: vendor 0x8086, device 0x2922", user.ask("pci"))
    assert user.ask("run primes 1000").startswith("primes 168: below 1000, cpus 2")
    assert re.search(r"^test pages: passed\ntest heap: passed", user.ask("test"))
    assert "failed" not in user.ask("test")
    assert "bench memcpy: mib per s" in user.ask("bench")
    assert re.search(r"caller 0x2\w+: in show_backtrace.* \(apps/monitor/system.c:\d+\)\n(.*\n)*.*in main", user.ask("backtrace"))
    assert re.search(r"in run_job.*\n(.*\n)*.*in cpu_entry", user.ask("backtrace 1"))
    assert re.search(r"type core, .*rights read-execute", user.ask("map cpus_work+1"))
    assert re.search(r"^fault at", user.ask("poke main 0 1"))
    assert "log acpi: level debug" in user.ask("log acpi:debug; log")
    assert user.json("trace 50")[0]["traced_us"] >= 50000
    assert user.json("clock")[0]["seconds"] > 1577836800
    assert "kind triple" in user.ask("crash")


def test_keys_as_a_terminal_sends_them(prompt):
    user = prompt()
    assert user.ask("vers\t").startswith("build ")
    assert user.ask("json vers\t").startswith('{"version"')
    assert user.ask("crash wri\t").endswith("[KIND [CPU]]: fails in this way, on a CPU (0); without KIND tells the ways")
    assert user.ask("crash write-\t\x15acpi HP\t").startswith("write-text write-constant \noffset 0x0000: bytes 48 50 45 54")
    assert user.ask("xversion\x1b[H\x1b[3~\x1b[F").startswith("build ")
    assert user.ask("version\x1b[A\x1b[B") == user.ask("version")
    user.type("repeat 1000000000 time\r")
    time.sleep(0.5)
    user.type("\x03")
    assert user.ask("version").startswith(("build ", "ns ")) and user.ask("version").startswith("build ")
    user.ask("page 5")
    user.type("help\r")
    assert user.machine.wait_for("-- more", ANSWER_S)
    user.type("\r \x03")
    time.sleep(1)
    user.ask("page 0")
    assert user.ask("version").startswith("build ")


def test_lines_of_the_command_line_are_run_first(prompt):
    user = prompt(words='exit=qemu "version; time" "run primes 100"')
    assert re.search(r"(?s)> version; time\n.*build .*ns \d+: source.*> run primes 100\n.*primes 25: below 100", user.machine.text)


@pytest.mark.parametrize("kind, code", [
    ("null", "NULL-DEREF"), ("write-text", "READ-ONLY"), ("write-constant", "READ-ONLY"), ("unmapped", "PAGE-FAULT"), ("jump", "PAGE-FAULT"),
    ("stack", "STACK-OVERFLOW"), ("divide", "DIVIDE"), ("ud2", "INVALID-OPCODE"), ("gp", "GENERAL-PROTECTION"), ("int3", "BREAKPOINT"),
    ("nmi", "NMI"), ("panic", "CRASH"), ("assert", "ASSERT"), ("free", "HEAP"), ("array", "STACK")])
@pytest.mark.full
def test_crashes_are_told_as_what_they_are(prompt, kind, code):
    user = prompt(Config(smp="2"))
    user.type(f"crash {kind} 1\r")
    end = user.machine.wait(LIMIT_S)
    told = re.search(r"^(?:> )?PANIC ([A-Z-]+): ", user.machine.text, re.MULTILINE)      # the prompt is taken away by control characters
    assert (end.how, end.status) == ("exit", 120) and told and told.group(1) == code, user.machine.text
    tail = re.findall(r"^  \| (.*)", user.machine.text, re.MULTILINE)
    assert tail and all(re.match(r"\[ *\d+\.\d+\] \d+ \w|READY|efi: ", line) for line in tail), tail


@pytest.mark.full
def test_a_hang_is_a_hang_and_a_triple_fault_a_reset(prompt):
    user = prompt(Config(smp="2"))
    user.ask("crash hang 1")
    assert user.ask("backtrace 1") == "backtrace: timed out"
    assert user.ask("backtrace 1; msr 0x1b 1").splitlines() == ["backtrace: busy", "msr: timed out"]
    user.type("crash triple\r")
    assert user.machine.wait(LIMIT_S).how == "reset"


# ---- the report ----

SCHEMA = {
    "version": {"build": str, "report_version": int},
    "firmware": {"firmware": str, "revision": int, "uefi": str, "secure_boot": bool},
    "dmi": {"dmi": str},
    "cpuid": {"cpu": int, "features": str, "leaves": list},
    "map": {"from": int, "to": int, "kib": int, "type": str},
    "mem": {"memory": str, "kib": int},
    "pci": {"pci": str, "vendor": int, "device": int, "class": int, "bars": list, "capabilities": list},
    "serial": {"serial": int, "name": str, "named_by": str, "address": int},
    "time": {"ns": int, "source": str, "hz": int, "measured_by": str, "ppm_apart": int},
    "clock": {"clock": str, "seconds": int},
    "display": {"display": int, "width": int, "height": int, "pitch_bytes": int, "address": int},
    "boot": {"stage": str, "us": int, "at_us": int},
}


def read_report(said):
    body = re.search(r"(?s)-----BEGIN INGOT REPORT-----\n(.*)-----END INGOT REPORT-----", said).group(1)
    report = json.loads(body)
    assert report["result"] == 0 and {"acpi", "cpu", "irq", "timers"} <= set(report)
    for part, members in SCHEMA.items():
        for row in report[part]:
            for name, kind in members.items():
                assert type(row[name]) is kind, f"{part}: {name} of {row}"
    return report


def qemu_functions(machine):
    for bus in machine.qmp.command("query-pci"):
        for device in bus["devices"]:
            yield f"0000:{bus['bus']:02x}:{device['slot']:02x}.{device['function']}", device


def test_the_report_is_json_and_agrees_with_qemu(prompt):
    user = prompt(Config(smp="2", mem="512M", display="std", extra=("-device", "pci-serial", "-smbios", 'type=1,serial=a"b\\\\c')))
    report = read_report(user.ask("report", 60))
    assert [row["cpu"] for row in report["cpu"] if "cpu" in row] == [0, 1]
    assert len(report["cpuid"]) == 1 and report["cpuid"][0]["leaves"][0]["leaf"] == 0
    signature = b"".join(report["cpuid"][0]["leaves"][0][name].to_bytes(4, "little") for name in ("ebx", "edx", "ecx"))
    assert signature in (b"GenuineIntel", b"AuthenticAMD")
    regions = report["map"]
    assert all(a["to"] <= b["from"] for a, b in zip(regions, regions[1:]))
    memory = sum(row["kib"] for row in regions if row["type"] not in ("MMIO", "reserved"))
    assert 500 << 10 < memory <= 512 << 10
    assert any(row.get("size") == "512 MiB" for row in report["dmi"])
    assert any(row["serial"] == 'a"b\\\\c' or row["serial"] == 'a"b\\c' for row in report["dmi"] if row["dmi"] == "system")
    functions = {row["pci"]: row for row in report["pci"]}
    theirs = dict(qemu_functions(user.machine))
    assert set(functions) == set(theirs)
    for name, device in theirs.items():
        assert (functions[name]["vendor"], functions[name]["device"]) == (device["id"]["vendor"], device["id"]["device"])
        assert functions[name]["class"] >> 8 == device["class_info"]["class"]
        for bar in functions[name]["bars"]:
            region = [each for each in device["regions"] if each["bar"] == bar["bar"]]
            assert region, f"{name}: {bar}"
            if "bytes" in bar:
                assert (bar["address"], bar["bytes"], bar["io"]) == (region[0]["address"], region[0]["size"], region[0]["type"] == "io")
    assert {"MSI", "SATA"} <= {row["name"] for row in functions["0000:00:1f.2"]["capabilities"]}
    assert (report["display"][0]["width"], report["display"][0]["height"]) == (1280, 800)
    assert any(row["address"] == 0x3f8 for row in report["serial"])
    assert report["time"][0]["hz"] > 100 * 10 ** 6
    assert abs(report["clock"][0]["seconds"] - time.time()) < 3 * 86400
    assert [row["stage"] for row in report["boot"]][-2:] == ["core entry", "ready"]


def test_json_of_any_command(prompt):
    user = prompt()
    for command in ("help", "cpu", "mem", "acpi", "pci", "irq", "timers", "log", "boot", "run", "crash", "history", "dump 0x1500000 64", "map pages"):
        assert user.json(command), command
    assert json.loads(user.ask("json nonsense"))["result"] < 0
    assert json.loads(user.ask("json peek 0"))["result"] == -10


# ---- bytes that mean nothing ----

def type_random_bytes(user, count, seed):
    """What the machine shows meanwhile is thrown away, so that nobody searches megabytes."""
    rng, machine = random.Random(seed), user.machine
    for _ in range(0, count, 4096):
        user.type(bytes(rng.choices(range(256), k=4096)))
        with machine.changed:
            machine.serial_bytes.clear()
    user.type(b"\x03" * 100 + b"page 0\r\x03")
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 3:
        time.sleep(0.1)
        with machine.changed:
            quiet_since = time.monotonic() if machine.serial_bytes else quiet_since
            machine.serial_bytes.clear()
    assert user.ask("time").startswith("ns ")


def test_64_kib_of_random_bytes_are_survived(prompt):
    type_random_bytes(prompt(), 64 << 10, 1)


@pytest.mark.full
def test_a_mebibyte_of_random_bytes_is_survived(prompt):
    """QEMU hands over 16 bytes in a millisecond or two: more of them are typed at the same code on the host (tests/host/test_prompt.py)."""
    type_random_bytes(prompt(), 1 << 20, 2)
