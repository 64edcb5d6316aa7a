"""Self-tests on the target, one boot a machine: timers, interrupts, allocators, clock, safe accesses; and the audit sees what is broken."""
import re

import pytest

import build
from acpi_tables import hpet
from boots import chaos_esp, esp
from qemu import Config

APP = "tests/boot/apps/selftest"
AUDIT = "tests/boot/apps/audit"
SHARED_MEMORY = ("-object", "memory-backend-ram,id=shared,size=4M", "-device", "ivshmem-plain,memdev=shared,master=on")
QUICK = "timer-1000 timer-handlers timer-flood timer-cpus clock-delays irq line probe map audit operations=20000 heap pages-stress"      # some seconds less
HPET_LINES = {"line-shared", "line-masked", "line-storm", "line-nobody"}
full = pytest.mark.full


def run_files(machine, files, config=Config(), limit_s=120):
    """The serial text of a run whose table has no failure."""
    running = machine(files, config)
    end = running.wait(limit_s)
    assert (end.how, end.status) == ("exit", 0), f"{end}\n{running.text}"
    assert not re.search(r"^(FAILED|PANIC|REFUSED)", running.text, re.MULTILINE), running.text
    print("\n".join(re.findall(r"^(?:ok|absent) .*", running.text, re.MULTILINE)))
    return running.text


def run(machine, app, words="", config=Config(), limit_s=120):
    return run_files(machine, esp(app, f"exit=qemu {words}"), config, limit_s)


def names(text, verdict="ok"):
    return set(re.findall(rf"^{verdict} +(\S+) ", text, re.MULTILINE))


def test_all_on_one_machine(machine):
    text = run(machine, APP, config=Config(extra=SHARED_MEMORY))
    assert re.search(r"^selftest: 0 of 35 failed", text, re.MULTILINE), text
    assert not names(text, "absent"), text
    assert re.search(r"timer-precision .* 10000 one-shots, never early", text), text
    measured = re.search(r"timer: local APIC, ([0-9.]+) MHz", text)
    assert not measured or float(measured.group(1)) < 1000.2, f"QEMU's timer has 1000 MHz; one believed to be faster comes late\n{text}"


@pytest.mark.parametrize("config, absent", [
    pytest.param(Config(cpu="qemu64"), set(), id="qemu64"),
    pytest.param(Config(machine="q35,hpet=off"), HPET_LINES, id="no-hpet"),
    *(pytest.param(Config(cpu=cpu), set(), id=cpu, marks=full)
      for cpu in ("Nehalem", "Haswell", "Skylake-Server", "EPYC", "max,-nx", "max,la57=on", "max,-pdpe1gb", "max,phys-bits=36", "max,-xsave")),
    pytest.param(Config(machine="pc"), HPET_LINES, id="pc", marks=full),      # its HPET reaches ISA lines only
    pytest.param(Config(smp="4"), set(), id="4-cpus", marks=full),
])
def test_on_other_machines(machine, config, absent):
    text = run(machine, APP, QUICK, config)
    assert names(text, "absent") - absent <= {"map-device"} and absent <= names(text, "absent"), text


HPET_MESSAGES = ("-global", "hpet.msi=on")
TIMERS = "timer-precision timer-periodic timer-1000 timer-handlers timer-flood timer-cpus clock-delays irq line-pit line-rtc"


@pytest.mark.parametrize("config, by, cpus", [
    pytest.param(Config(smp="4"), "a line", 3, id="q35"),                         # has three timers, for the first three that ask
    pytest.param(Config(machine="pc"), "a line", 1, id="pc"),                     # line 2 only, by edges
    pytest.param(Config(smp="2", extra=HPET_MESSAGES), "messages", 2, id="q35-messages", marks=full),
])
def test_timers_by_hpet(machine, config, by, cpus):
    text = run(machine, APP, f"timer=hpet {TIMERS}", config)
    assert f"hpet: timer 0 is cpu 0's, by {by}" in text and "local APIC," not in text, text
    assert re.search(r"timer-precision .* 10000 one-shots, never early", text), text
    assert re.search(rf"timer-cpus .* on each of {cpus} CPUs at once, never early; {int(config.smp) - cpus} without", text), text
    assert len(re.findall(r"nothing can interrupt cpu \d at a time, with timer=hpet", text)) == int(config.smp) - cpus, text


@pytest.mark.parametrize("words, config, why", [
    ("timer=hpet", Config(machine="q35,hpet=off"), "hpet: there is none: no timers"),
    ("timer=sundial", Config(), "nothing can interrupt cpu 0 at a time, with timer=sundial: it has no timers"),
])
def test_a_timer_that_is_not_there(machine, words, config, why):
    text = run(machine, APP, f"{words} timer-periodic timer-handlers clock-delays", config)
    assert why in text and text.count("it has no timers") == 1, text
    assert names(text, "absent") == {"timer-periodic", "timer-handlers"} and names(text) == {"clock-delays"}, text


def test_handlers_use_no_vectors(machine):
    """In a debug build the vector unit is off while they run."""
    files = {"EFI/BOOT/BOOTX64.EFI": build.debug_loader(APP).read_bytes(), "ingot/ingot.cfg": f"exit=qemu {QUICK}\n".encode()}
    text = run_files(machine, files, Config(display="std"))
    assert {"timer-1000", "irq-nesting", "line-shared", "heap-stress"} <= names(text), text


def test_canaries_differ_from_boot_to_boot(machine):
    found = {re.search(r"^ok +canary .* (0x[0-9a-f]+)$", run(machine, APP, "canary seed"), re.MULTILINE)[1] for _ in range(3)}
    assert len(found) == 3, found


def test_a_weak_seed_is_told_and_still_gives_canaries(machine):
    """The firmware has no source of its own for this CPU, which has no RDRAND."""
    text = run(machine, APP, "canary seed", Config(cpu="qemu64"))
    assert "cpu: the loader gave a weak seed: canaries can be foreseen" in text, text


@pytest.mark.parametrize("chaos, tables, said", [
    pytest.param("no-acpi=FACP no-acpi=HPET", (), r"clock: TSC, [\d.]+ MHz by PIT", id="pit-alone"),
    pytest.param("no-acpi=FACP", (), r"clock: TSC, [\d.]+ MHz by HPET, checked by PIT", id="no-pm-timer", marks=full),
    pytest.param("", (hpet(0xFED80000),), r"hpet: at 0xfed80000: a period of 0 fs cannot be(.|\n)*by PM timer, checked by PIT",
                 id="hpet-elsewhere", marks=full),
])
def test_counters_that_are_missing(machine, chaos, tables, said):
    text = run_files(machine, chaos_esp(APP, "exit=qemu timer-periodic timer-1000 timer-handlers clock", chaos, tables))
    assert re.search(said, text) and not names(text, "absent"), text


@full
def test_without_a_local_apic(machine):
    text = run(machine, APP, "timer-periodic clock-delays irq line probe map audit", Config(cpu="max,-apic", extra=HPET_MESSAGES))
    assert "nothing can interrupt cpu 0 at a time: it has no timers" in text, text
    assert "this CPU has no local APIC: there are no interrupts" in text, text
    assert {"timer-periodic", "irq-round-trip", "irq-nesting", "line-pit", "line-rtc"} <= names(text, "absent"), text


@full
def test_ten_million_operations(machine):
    text = run(machine, APP, "heap pages operations=10000000", limit_s=900)
    assert len(re.findall(r" 10000000 operations", text)) == 2, text


def test_five_level_paging_is_not_what_this_firmware_hands_over(machine):
    """OVMF 2022.11 stays in 4 levels on a CPU that has 5; a later one may not, and then this is the test of 5."""
    text = run(machine, APP, "probe map audit", Config(cpu="max,la57=on"))
    assert re.search(r"efi: paging: [45] levels", text), text


PAGE_BREAKS = {                # what the audit's line must say
    "text-writable": r"WX=1 rights=1 caching=0 missing=0 registers=0",
    "data-executable": r"WX=1 rights=0 caching=0 missing=0 registers=0",
    "constants-writable": r"WX=0 rights=1 caching=0 missing=0 registers=0",
    "data-read-only": r"WX=0 rights=1 caching=0 missing=0 registers=0",
    "data-missing": r"WX=0 rights=0 caching=0 missing=1 registers=0",
    "page-zero": r"WX=0 rights=1 .*\n.*the first broken page is at 0\n",
    "guard": r"WX=0 rights=1 caching=0 missing=0 registers=0",
    "memory-uncached": r"WX=0 rights=0 caching=1 missing=0 registers=0",
    "memory-combining": r"WX=0 rights=0 caching=1 missing=0 registers=0",
    "screen-cached": r"WX=0 rights=0 caching=1 missing=0 registers=0",
}
REGISTER_BREAKS = {
    "wp": r"CR0.WP was off: restored",
    "smep": r"CR4.SMEP was off: restored",
    "smap": r"CR4.SMAP was off: restored",
    "umip": r"CR4.UMIP was off: restored",
    "pat": r"the PAT's value was off: restored",
    "nxe": r"EFER.NXE was off: restored",
}


def must_see(text, name, words):
    between = re.search(rf"breaking {name}\n(.*)^\[.*mended {name}\n", text, re.MULTILINE | re.DOTALL)
    assert between and re.search(words, between.group(1)), f"{name}\n{text}"
    assert re.search(rf"^ok +{name}: [1-9]\d* broken, 0 after it was mended", text, re.MULTILINE), f"{name}\n{text}"


def test_the_audit_sees_each_break(machine):
    text = run(machine, AUDIT, config=Config(display="std"))
    for name, words in {**PAGE_BREAKS, **REGISTER_BREAKS}.items():
        must_see(text, name, words)


@pytest.mark.parametrize("cpu, missing", [
    pytest.param("qemu64", {"smep", "smap", "umip"}, id="qemu64"),
    *(pytest.param(cpu, missing, id=cpu, marks=full) for cpu, missing in (
        ("Nehalem", {"smep", "smap", "umip"}), ("Haswell", {"smap", "umip"}), ("Skylake-Server", {"umip"}), ("EPYC", {"umip"}),
        ("max,-nx", {"nxe", "data-executable"}), ("max,-pdpe1gb", set()), ("max,la57=on", set()))),
])
def test_the_audit_sees_what_the_cpu_has(machine, cpu, missing):
    text = run(machine, AUDIT, config=Config(display="std", cpu=cpu))
    assert set(re.findall(r"there is nothing for (\S+)", text)) == missing, text
    for name in REGISTER_BREAKS.keys() - missing:
        must_see(text, name, REGISTER_BREAKS[name])
