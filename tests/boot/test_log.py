"""A megabyte of log from eight CPUs at once, from interrupts and NMIs too: whole lines, in order, and each one that is lost is counted."""
import re

import pytest

from qemu import Config

APP = "tests/boot/apps/log"
CPUS = 8
LINE = re.compile(r"\[ *\d+\.\d{6}\] (\d+) info  app: ([win])(\d+) number (\d+): (([a-z])\6*)?")
LOST = re.compile(r"\[ *\d+\.\d{6}\] \d+ warn  log: (\d+) lines were lost: .*")
FILLER_BYTES = 40


@pytest.mark.parametrize("words", ["paced", "flood"])
def test_all_cpus_at_once(boot, fault_seen, words):
    run = boot(APP, words, Config(smp=str(CPUS))).must_be_good()
    lines = run.text.replace("\r", "").split("\n")
    lines = lines[next(at for at, line in enumerate(lines) if line.startswith("READY")) + 1:]
    said = {cpu: numbers for cpu, *numbers in (map(int, found) for found in re.findall(r"^SAID cpu (\d+): (\d+) and (\d+) and (\d+)", run.text, re.MULTILINE))}
    next_number, received, lost = {}, 0, 0
    for line in lines[:next(at for at, line in enumerate(lines) if line.startswith("LOG in"))]:
        if (found := LOST.fullmatch(line)):
            lost += int(found[1])
            continue
        found = LINE.fullmatch(line)
        assert found, line
        cpu, kind, teller, number, filler = int(found[1]), found[2], int(found[3]), int(found[4]), found[5] or ""
        assert cpu == teller and filler == chr(ord("a") + number % 26) * (number % FILLER_BYTES), line
        assert number >= next_number.get((cpu, kind), 0), f"out of order: {line}"
        next_number[cpu, kind] = number + 1
        received += 1
    assert len(said) == CPUS and received + lost == sum(map(sum, said.values()))
    assert all(in_interrupts and in_nmis for _, in_interrupts, in_nmis in said.values()), said
    if words == "paced":
        assert lost == 0
    else:
        fault_seen("F5.flood", run.text)
