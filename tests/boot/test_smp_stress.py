"""All CPUs under stress: locks, barriers, jobs, interrupts, allocators, mappings, timers and the clock, one boot a machine, counts as a table."""
import re

import pytest

import qemu
from boots import esp
from qemu import Config

APP = "tests/boot/apps/smp"
full = pytest.mark.full


def in_turn(smp, **other):
    """More CPUs than the host has: they take turns on one thread, and one that waits for another gives up its turn. With a thread for each
    a spinning one would keep the host's CPUs busy until its time is over, and a round of a barrier would take that long. With KVM as it is."""
    return Config(smp=smp, extra=() if qemu.kvm_works() else ("-accel", "tcg,thread=single"), **other)


def run(machine, words, config, limit_s=120):
    """The table of a run in which nothing failed: names with their figures."""
    running = machine(esp(APP, f"exit=qemu {words}"), config)
    end = running.wait(limit_s)
    assert (end.how, end.status) == ("exit", 0), f"{end}\n{running.text}"
    assert not re.search(r"^(FAILED|PANIC|REFUSED)", running.text, re.MULTILINE), running.text
    cpus = config.smp.split(",")[0]
    assert re.search(rf"^smp: 0 of \d+ failed on {cpus} CPUs", running.text, re.MULTILINE), running.text
    print("\n".join(re.findall(r"^ok .*", running.text, re.MULTILINE)))
    return dict(re.findall(r"^ok +(\S+) +\d+ ms +(.*)", running.text, re.MULTILINE))


@pytest.mark.parametrize("config", [
    pytest.param(Config(), id="1"),
    pytest.param(Config(smp="2"), id="2"),
    pytest.param(in_turn("8"), id="8"),
    pytest.param(in_turn("16"), id="16", marks=full),
    pytest.param(in_turn("64,sockets=2,cores=16,threads=2"), id="64", marks=full),
    pytest.param(Config(smp="2", cpu="qemu64"), id="2-qemu64", marks=full),
    pytest.param(Config(smp="2", machine="pc"), id="2-pc", marks=full),
])
def test_all(machine, config):
    table = run(machine, "", config)
    assert len(table) == 23, table
    assert f"10000 rounds of {config.smp.split(',')[0]} CPUs, one last in each" in table["barriers"], table


@full
@pytest.mark.parametrize("smp", ["2", "4"])
def test_many_threads(machine, smp):
    """Each CPU a thread of the host, though that is slow: they meet at other instructions than those that take turns."""
    run(machine, "rounds=200 operations=4000", Config(smp=smp), limit_s=600)


@full
def test_ten_million_operations(machine):
    table = run(machine, "heap pages operations=10000000", in_turn("8"), limit_s=1800)
    assert all(re.match(r"1\d{7} operations on 8 CPUs", table[name]) for name in ("heap", "pages")), table
