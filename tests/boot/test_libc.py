"""The C library: what programs print here is what they print on this machine; CPUs that use it at once; the keyboard as stdin."""
import collections
import os
import re
import shutil
import subprocess

import pytest

import build
from boots import esp
from qemu import Config

TOP = build.TOP
LIMIT_S = 240                  # a busy host shares its CPUs among the machine's
PROGRAMS = ["words", "planets", "ledger", "matrix", "mazes"]
QUICK = {"words", "ledger"}


def on_host(folder, out):
    """What the program prints here, by gcc and this machine's C library, in a copy of its folder."""
    shutil.copytree(folder, out)
    subprocess.run(["gcc", "-std=gnu17", "-O1", "-w", "-D_GNU_SOURCE", "-o", "program", *sorted(out.glob("*.c")), "-lm"], cwd=out, check=True)
    done = subprocess.run(["./program"], cwd=out, capture_output=True, text=True, timeout=60, env=dict(os.environ, LC_ALL="C", TZ="UTC0"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def program_text(text):
    """What was printed after READY, without the log's lines."""
    after = re.split(r"^READY.*\n", text, maxsplit=1, flags=re.MULTILINE)[1]
    return re.sub(r"^\[ *\d+\.\d+\] .*\n", "", after, flags=re.MULTILINE)


def must_be_same(here, there):
    """Line by line, so that a failure names the first that differs."""
    here, there = here.splitlines(), there.splitlines()
    for number, (one, other) in enumerate(zip(here, there), 1):
        assert one == other, f"line {number}: this machine's library prints {one!r}, ours {other!r}"
    assert len(here) == len(there)


def run(machine, app, words="", cpus=1):
    running = machine(esp(app, f"exit=qemu {words}"), Config(smp=str(cpus)))
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 0), f"{end}\n{running.text[-3000:]}"
    return running.text


def test_conformance_list(machine, tmp_path):
    app = "tests/boot/apps/conformance"
    here = on_host(TOP / app, tmp_path / "host")
    assert here.count("\n") > 10000, "the list is whole"
    must_be_same(here, program_text(run(machine, app)))


@pytest.mark.parametrize("name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.full) for name in PROGRAMS])
def test_programs_of_others(machine, tmp_path, name):
    app = f"tests/boot/programs/{name}"
    must_be_same(on_host(TOP / app, tmp_path / "host"), program_text(run(machine, app)))


# ---- several CPUs ----

LINE = re.compile(r"(cpu (\d+) line (\d+) value (\d+\.\d{6}) .*) sum ([0-9a-f]{8})")


def sum_of(text):
    value = 0
    for byte in text.encode():
        value = (value * 31 + byte) & 0xffffffff
    return value


def check_together(text, cpus, with_interrupts):
    said = program_text(text)
    lines, ticks, lost = collections.Counter(), collections.Counter(), sum(map(int, re.findall(r"log: (\d+) lines were lost", text)))
    totals = re.findall(r"^all of cpu (\d+): (\d+) lines, (\d+) ticks$", said, re.MULTILINE)
    for line in said.splitlines():
        if match := LINE.fullmatch(line):
            body, cpu, number, value, total = match.groups()
            assert int(number) == lines[cpu], f"cpu {cpu}: line {lines[cpu]} is missing before {line!r}"
            assert float(value) == int(number) * 1.25 + int(cpu) and int(total, 16) == sum_of(body), f"torn: {line!r}"
            lines[cpu] += 1
        elif match := re.fullmatch(r"tick (\d+) of cpu (\d+)", line):
            ticks[match.group(2)] += 1
        else:
            assert re.fullmatch(r"all of cpu .*", line), f"torn: {line!r}"
    assert len(totals) == cpus
    for cpu, number, _ in totals:
        assert lines[cpu] == int(number) > 0, f"cpu {cpu}"
    ticked = sum(int(count) for _, _, count in totals)
    assert sum(ticks.values()) + lost == ticked, f"{ticked} ticks: {sum(ticks.values())} came, {lost} were told to be lost"
    assert (ticked > 0) == with_interrupts


@pytest.mark.parametrize("words", ["1", "1 interrupts", pytest.param("10", marks=pytest.mark.full), pytest.param("10 interrupts", marks=pytest.mark.full)])
def test_four_cpus_at_once(machine, words):
    check_together(run(machine, "tests/boot/apps/together", words, cpus=4), 4, "interrupts" in words)


# ---- stdin ----

def test_stdin(machine):
    """Lines are edited, Ctrl-C is a signal, Ctrl-D the end; then single keys."""
    running = machine(esp("tests/boot/apps/stdin", "exit=qemu"), Config())
    for pattern, keys in [(r"name\? ", "Ingot\r"), (r"hello Ingot.*\n.*more\? ", "a\x7fb\x1b[Dx\r"), (r"got 'xb'", "lost\x03"), (r"signal 2", "\x04"),
                          (r"end of lines, now keys", "k\x1b[A\r"), (r"key 10", "q")]:
        assert running.wait_for(pattern, LIMIT_S), running.text
        running.send(keys)
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 7), running.text
    keys = re.findall(r"^key (\d+)", running.text, re.MULTILINE)
    assert keys == ["107", "27", "91", "65", "10", "113"], running.text


# ---- ends ----

@pytest.mark.parametrize("word, code, said", [("abort", "ABORT", r"abort\(\)"), ("assert", "ASSERT", r"1 > 2 is not true, in fail"),
                                              ("segv", "SIGNAL", r"signal 11")])
@pytest.mark.full
def test_ends_in_words(machine, word, code, said):
    running = machine(esp("tests/boot/apps/stdin", f"exit=qemu {word}"), Config())
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 120) and re.search(rf"^PANIC {code}: .*{said}", running.text, re.MULTILINE), running.text


def test_a_cpu_that_lacks_a_feature(machine):
    running = machine(esp("tests/boot/apps/vectors", "exit=qemu"), Config(cpu="qemu64"))
    end = running.wait(LIMIT_S)
    assert end.status == 120 and re.search(r"^PANIC CPU-FEATURE: .* with (PCLMULQDQ|SSSE3|SSE4.1|AVX2?) ", running.text, re.MULTILINE), running.text
