"""The same image on many machines (matrix.py): it reaches main on each and says of what is missing what is missing; and no page may be both
written and executed, by the core's own audit and by what QEMU sees from outside, on every CPU."""
import itertools
import re
import subprocess

import matrix
import pytest
from boots import esp, wait_for_screen

LIMIT_S = 300                  # from power-on, with 16 CPUs, on a busy host
MONITOR_LIMIT_S = 120
EVERY_DAY = (1, 4, 7, 11)        # of the machines: firmware, PCs, media and displays of all kinds, 128 MiB to 64 GiB
MAIN_RETURNED = r"main returned 0"
full = pytest.mark.full


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """The ESP of hello, signed with Debian's test key: what all of this firmware starts."""
    folder, files = tmp_path_factory.mktemp("signed"), esp(words="")
    (folder / "loader").write_bytes(files["EFI/BOOT/BOOTX64.EFI"])
    subprocess.run(["openssl", "pkey", "-in", "/usr/share/ovmf/PkKek-1-snakeoil.key", "-passin", "pass:snakeoil", "-out", folder / "key"], check=True)
    subprocess.run([matrix.SIGN, folder / "loader", folder / "key", "/usr/share/ovmf/PkKek-1-snakeoil.pem", folder / "out"], check=True)
    return dict(files, **{"EFI/BOOT/BOOTX64.EFI": (folder / "out").read_bytes()})


def text_at_the_end(running, config, path):
    """All it said, once main has returned: on the screen where there is no serial port. main's own line is not the last."""
    if config.serial == "none":
        return wait_for_screen(running, MAIN_RETURNED, path, LIMIT_S)
    assert running.wait_for(MAIN_RETURNED, LIMIT_S), running.text
    return running.text


def monitor(running, command, cpu):
    return running.qmp.command("human-monitor-command", MONITOR_LIMIT_S, command_line=command, cpu_index=cpu)


def writable_and_executable(running, cpus):
    """Lines of `info tlb` with W and without X, which there means not executable. CPUs with the same tables and rules see the same."""
    seen = {}
    for cpu in range(cpus):
        registers = monitor(running, "info registers", cpu)
        key = re.search(r"CR0=\w+.*CR3=\w+ CR4=\w+", registers)[0], re.search(r"EFER=\w+", registers)[0]
        if key not in seen:
            seen[key] = re.findall(r"^[0-9a-f]{16}: [0-9a-f]{16} ([-A-Z]{9})\r?$", monitor(running, "info tlb", cpu), re.MULTILINE)
            assert len(seen[key]) > 100, f"cpu {cpu}: {seen[key]}"
    return [rights for pages in seen.values() for rights in pages if rights[-1] == "W" and rights[0] != "X"]


@pytest.mark.parametrize("index", [index if index in EVERY_DAY else pytest.param(index, marks=full) for index in range(len(matrix.machines()))],
                         ids=[f"{index}: {matrix.name_of(machine)}" for index, machine in enumerate(matrix.machines())])
def test_machine(machine, signed, tmp_path, index):
    shape = matrix.machines()[index]
    config, cpus, degraded = matrix.config_of(shape), int(re.match(r"\d+", shape["smp"])[0]), matrix.degraded_of(shape)
    running = machine(signed, config, cold=index % matrix.COLD == 0)
    text = text_at_the_end(running, config, tmp_path / "screen.ppm")
    ready = re.search(r"^READY (?:degraded=(\S+) )?(\d+) cpu", text, re.MULTILINE)
    assert ready and int(ready[2]) == cpus and set(filter(None, (ready[1] or "").split(","))) == degraded, text
    assert re.search(r"hello from cpu 0 of \d+", text) and not re.search(r"^(PANIC|REFUSED)", text, re.MULTILINE), text
    assert re.search(r"audit: .*WX=0 rights=0 caching=0 missing=0 registers=0", text), text
    if "nx" not in degraded:
        assert writable_and_executable(running, cpus) == []


def test_all_pairs_are_in_the_matrix():
    machines = matrix.machines()
    assert len(machines) >= 120
    assert not set(matrix.all_pairs()) - set().union(*(matrix.pairs_of(machine) for machine in machines))
    assert not [pair for machine in machines for pair in itertools.combinations(machine.items(), 2) if matrix.cannot_be(*pair)]
    for factor, values in matrix.FACTORS.items():
        assert {machine[factor] for machine in machines[:matrix.QUICK]} == set(values), factor
