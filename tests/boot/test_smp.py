"""All CPUs that answer come online, those that do not are named after one bounded wait, and the machine runs on in every case."""
import re

import pytest

import held_cpu
from acpi_tables import cpu, madt, wide_cpu
from boots import LIMIT_S, Run, chaos_esp, esp
from qemu import Config
from test_processors import MACHINES, NUMA, TABLES, read

APP = "tests/boot/apps/processors"
PANICS = "tests/boot/app"
full = pytest.mark.full
NAMED_MAX = 8                  # ids in the line about CPUs that did not answer
ONE_WAIT_US = 3_000_000        # what all CPUs together may be waited for, on a busy host
REAL = set(range(4))           # ids of the CPUs of a machine of 4


def online(text):
    """(CPUs online, CPUs listed, microseconds) as the one line about them says. None without: where there is nobody to start."""
    lines = re.findall(r"info +smp: (\d+) of (\d+) CPUs online after (\d+) us$", text, re.MULTILINE)
    assert len(lines) <= 1, text
    return tuple(map(int, lines[0])) if lines else None


def missing(text, words):
    """The ids of which that is said, and how many there are in all."""
    lines = re.findall(rf"warn +smp: APIC id ([\d, ]+)(?: and (\d+) more)? {words}: not used$", text, re.MULTILINE)
    assert len(lines) <= 1, text
    named = {int(number) for number in lines[0][0].split(", ")} if lines else set()
    return named, len(named) + (int(lines[0][1] or 0) if lines else 0)


def must_be_online(text, running, absent=(), words="did not answer"):
    """So many run, and those ids are told to be missing."""
    absent = set(absent)
    named, count = missing(text, words)
    assert re.search(rf"^running {running}$", text, re.MULTILINE), text
    assert count == len(absent) and named <= absent and len(named) == min(len(absent), NAMED_MAX), f"{named} of {absent}\n{text}"
    assert len(re.findall(r"warn +smp: APIC id", text)) == bool(absent), text
    assert bool(re.search(r"^READY degraded=\S*\bcpus\b", text, re.MULTILINE)) == bool(absent), text
    if running + len(absent) > 1:
        assert online(text) and online(text)[:2] == (running, running + len(absent)) and online(text)[2] < ONE_WAIT_US, text
    else:
        assert online(text) is None, text


@pytest.mark.parametrize("smp, config", MACHINES + [
    ("4", {"cpu": "qemu64"}), ("4", {"machine": "pc"}), pytest.param("4", {"cpu": "max,la57=on"}, marks=full),
    pytest.param("4", {"mem": "8G"}, marks=full), pytest.param("4", {"firmware": "2m"}, marks=full)])
def test_all_come_online(machine, smp, config):
    run = Run(machine(esp(APP), Config(smp=smp, **config))).must_be_good()
    must_be_online(run.text, int(smp.split(",")[0]))
    ids, counts = read(run.text)
    assert len(ids) == len(set(ids)) == int(smp.split(",")[0]), run.text
    assert counts["usable"] == len(ids) and counts["ignored"] == 0, run.text


def test_from_power_on(machine):
    run = Run(machine(esp(APP), Config(smp="4"), cold=True)).must_be_good()
    must_be_online(run.text, 4)


ROWS = {"some-disabled": "C7.disabled", "broadcast-ids": "C7.id255", "online-capable": "C8.capable", "sparse": "C8.sparse",
        "boot-cpu-last": "C8.last", "each-twice": "C8.twice", "above-255": "C9.above", "eight-absent": "C10.eight"}


@pytest.mark.parametrize("name", TABLES)
def test_table(machine, fault_seen, name):
    """The boot CPU runs whether it is listed or not. TCG's CPUs have no x2APIC: nobody has an id above 254."""
    listed = set(TABLES[name].ids) | {0}
    reachable = {number for number in listed if number <= 254}
    run = Run(machine(chaos_esp(APP, tables=[madt(*TABLES[name].records)]), Config(smp="4"))).must_be_good()
    assert read(run.text) == (TABLES[name].ids, TABLES[name].counts()), run.text
    must_be_online(run.text, len(listed & REAL), reachable - REAL)
    too_high = re.findall(r"warn +smp: (\d+) CPUs have APIC ids above 254", run.text)
    assert too_high == ([str(len(listed - reachable))] if listed != reachable else []), run.text
    if name in ROWS:
        fault_seen(ROWS[name], run.text)


def test_absent_ones_cost_one_wait_in_all(machine, fault_seen):
    records = [*map(cpu, REAL), *map(cpu, range(50, 250))]
    run = Run(machine(chaos_esp(APP, tables=[madt(*records)]), Config(smp="4"))).must_be_good()
    must_be_online(run.text, len(REAL), range(50, 250))
    fault_seen("C10.many", run.text)


@full
def test_thousands_are_listed(machine, fault_seen):
    """More than anybody has room for, and none of them reachable."""
    records = [cpu(0), cpu(1), *(wide_cpu(number) for number in range(1000, 5000))]
    run = Run(machine(chaos_esp(APP, tables=[madt(*records)]), Config(smp="2"))).must_be_good()
    must_be_online(run.text, 2)
    fault_seen("C9.many", run.text)


def test_without_a_table(machine):
    run = Run(machine(chaos_esp(APP, chaos="no-acpi=APIC"), Config(smp="2"))).must_be_good()
    assert read(run.text) is None, run.text
    must_be_online(run.text, 1)


@pytest.mark.parametrize("word", ["take", "lend"])
def test_no_page_for_the_start(machine, fault_seen, word):
    run = Run(machine(chaos_esp(APP, chaos=f"{word}-below=0x100000"), Config(smp="4"))).must_be_good()
    assert re.search(r"^running 1$", run.text, re.MULTILINE), run.text
    assert re.search(r"warn +smp: no memory below 1 MiB for 3 more CPUs", run.text), run.text
    assert re.search(r"^READY degraded=\S*\bcpus\b", run.text, re.MULTILINE), run.text
    fault_seen({"take": "A14.reserved", "lend": "A14.lent"}[word], run.text)


@pytest.mark.parametrize("words, running", [("cpus=1", 1), ("cpus=3", 3), ("cpus=400", 4)])
def test_no_more_than_allowed(boot, words, running):
    must_be_online(boot(APP, words, Config(smp="4")).must_be_good().text, running)


def test_core_elsewhere(machine):
    base = held_cpu.symbols(APP)["core_start_address"]
    run = Run(machine(chaos_esp(APP, chaos=f"occupy={base:#x}"), Config(smp="4"))).must_be_good()
    assert "moved from" in run.text, run.text
    must_be_online(run.text, 4)


def places(text):
    """(id, package, die, core, thread, node) of each CPU."""
    found = re.findall(r"^place of cpu (\d+): id=(\d+) package=(\d+) die=(\d+) core=(\d+) thread=(\d+) node=(\d+)$", text, re.MULTILINE)
    assert [int(row[0]) for row in found] == list(range(len(found))), text
    return [tuple(map(int, row[1:])) for row in found]


@pytest.mark.parametrize("smp, shape", [
    ("8,sockets=2,cores=2,threads=2", (2, 1, 2, 2)), ("8,sockets=2,dies=2,cores=1,threads=2", (2, 2, 1, 2)),
    pytest.param("6,sockets=2,cores=3,threads=1", (2, 1, 3, 1), marks=full), pytest.param("4,sockets=1,cores=4", (1, 1, 4, 1), marks=full),
    pytest.param("3,sockets=3,cores=1", (3, 1, 1, 1), marks=full)])
def test_places(machine, smp, shape):
    """Each place of the shape is taken by one CPU, in the order of the ids."""
    packages, dies, cores, threads = map(range, shape)
    run = Run(machine(esp(APP), Config(smp=smp, cpu="Skylake-Server"))).must_be_good()
    expected = [(package, die, core, thread, 0) for package in packages for die in dies for core in cores for thread in threads]
    assert [place[1:] for place in sorted(places(run.text))] == expected, run.text


def test_nodes(machine):
    run = Run(machine(esp(APP), Config(smp="4", extra=NUMA))).must_be_good()
    assert [place[5] for place in places(run.text)] == [0, 0, 1, 1], run.text


# ---- CPUs that stop at a step of their start ----

def must_end_well(running):
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 0), f"{end}\n{running.text}"
    assert not re.search(r"^(PANIC|REFUSED)", running.text, re.MULTILINE), running.text


def hold(stub, step, count):
    """Threads of the CPUs that are held there."""
    held = held_cpu.hold_at(stub, APP, step, count)
    assert len(held) == count, f"only {held} came to {step}"
    return held


def ids_of(threads):
    return {thread - 1 for thread in threads}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("step", held_cpu.STEPS)
def test_cpus_stop_at_a_step(stubbed, fault_seen, step, count):
    running, stub = stubbed(esp(APP), Config(smp="4"))
    held = hold(stub, step, count)
    must_end_well(running)
    must_be_online(running.text, 4 - count, ids_of(held), held_cpu.STEPS[step])
    fault_seen("D6.dies", running.text)


@pytest.mark.parametrize("count", [1, pytest.param(3, marks=full)])
@pytest.mark.parametrize("step", held_cpu.STEPS)
def test_late_cpus_harm_nothing(stubbed, fault_seen, step, count):
    running, stub = stubbed(esp(APP, "exit=qemu stay"), Config(smp="4"))
    held = hold(stub, step, count)
    assert running.wait_for("^staying", LIMIT_S), running.text
    stub.stop()
    stub.run()
    must_end_well(running)
    must_be_online(running.text, 4 - count, ids_of(held), held_cpu.STEPS[step])
    assert f"stayed: running {4 - count}, 0 broken" in running.text, running.text
    fault_seen("D6.late", running.text)


# ---- CPUs that stop later ----

@pytest.mark.parametrize("held", [[3], [2, 3, 4]], ids=["one", "all"])
def test_panic_names_who_does_not_answer(stubbed, fault_seen, held):
    """They are held so that not even an NMI reaches them, and the panic is told all the same. CPU n is thread n + 1."""
    running, stub = stubbed(esp(PANICS, "exit=qemu fail-assert"), Config(smp="4"))
    assert stub.run_to(held_cpu.symbols(PANICS)["main"], held_cpu.LIMIT_S) == 1
    stub.run(without=held)
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 120), f"{end}\n{running.text}"
    silent = re.findall(r"^  cpu (\d+) does not answer: it may still run", running.text, re.MULTILINE)
    assert [int(number) + 1 for number in silent] == held, running.text
    assert (f"  idle CPUs: {3 - len(held)}\n" in running.text) == (len(held) < 3), running.text
    fault_seen("E11.held", running.text)


@pytest.mark.parametrize("policy", ["poweroff", "reset"])
def test_a_machine_with_a_dead_cpu_ends(stubbed, policy):
    running, stub = stubbed(esp(APP, f"exit={policy}"), Config(smp="4"))
    assert stub.run_to(held_cpu.symbols(APP)["main"], held_cpu.LIMIT_S) == 1
    stub.run(without=[2])
    assert running.wait(LIMIT_S).how == policy, f"{running.end}\n{running.text}"
