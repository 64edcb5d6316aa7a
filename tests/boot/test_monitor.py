"""The monitor, typed at over the serial port: keys, crashes, the report, JSON, and bytes that mean nothing. Its commands: test_commands.py."""
import json
import random
import re
import time

import pytest

from boots import LIMIT_S, esp
from qemu import Config

APP = "apps/monitor"
ANSWER_S = 30
RANDOM_LIMIT_S = 300      # what was typed is in a pipe, and may be a while on its way


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


def test_keys_as_a_terminal_sends_them(prompt):
    user = prompt()
    assert user.ask("vers\t").startswith("build ")
    assert user.ask("json vers\t").startswith('{"version"')
    assert user.ask("crash wri\t").endswith("[KIND [CPU]]: fails in this way, on a CPU (0); without KIND tells the ways")
    assert user.ask("crash write-\t\x15acpi HP\t").startswith("write-text write-constant\noffset 0x0000: bytes 48 50 45 54")
    assert user.ask("xversion\x1b[H\x1b[3~\x1b[F").startswith("build ")
    assert user.ask("version\x1b[A\x1b[B") == user.ask("version")
    user.type("repeat 1000000000 time\r")
    time.sleep(0.5)
    user.type("\x03")
    assert re.search(r"(?m)^(repeat|time): interrupted\nbuild ", user.ask("version")) and user.ask("version").startswith("build ")
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

def end_of_own_accord(machine):
    """Random bytes may say `exit`, `reboot` or `poweroff`: such a run has ended well."""
    end = machine.wait(LIMIT_S)
    assert end.how in ("reset", "poweroff") or (end.how == "exit" and end.status != 120), f"{end}\n{machine.text[-4000:]}"


def send(machine, data):
    """False when the machine has ended. What it shows meanwhile is thrown away, so that nobody searches megabytes."""
    try:
        machine.process.stdin.write(data)
        machine.process.stdin.flush()
    except BrokenPipeError:
        return False
    with machine.changed:
        del machine.serial_bytes[:-4096]
    return not machine.serial_closed


def must_answer(user):
    """Ctrl-C ends what is at work, and pages; then the prompt does what it is told."""
    machine = user.machine
    if not send(machine, b"\x03" * 100 + b"page 0\r\x03"):
        return end_of_own_accord(machine)
    if machine.wait_for(r"> page 0$", RANDOM_LIMIT_S) is None and machine.serial_closed:
        return end_of_own_accord(machine)
    assert user.ask("version").startswith("build ")


def type_random_bytes(prompt, count, seed):
    """Where they ended the run, the rest is typed at another one."""
    rng, user = random.Random(seed), prompt()
    for _ in range(0, count, 4096):
        if not send(user.machine, rng.randbytes(4096)):
            end_of_own_accord(user.machine)
            user = prompt()
    must_answer(user)


def test_64_kib_of_random_bytes_are_survived(prompt):
    """QEMU hands over 16 bytes in a millisecond or two: more of them are typed at the same code on the host (tests/host/test_prompt.py)."""
    type_random_bytes(prompt, 64 << 10, 1)


@pytest.mark.full
def test_10_mib_of_random_bytes_are_survived(prompt):
    type_random_bytes(prompt, 10 << 20, 2)
