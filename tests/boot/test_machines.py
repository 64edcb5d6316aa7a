"""The same image on single machines: it reaches main on each, and ends cleanly. More of them, in all mixtures, are in test_matrix.py."""
import re

import pytest

from qemu import Config

full = pytest.mark.full


def hello(run):
    run.must_be_good()
    return re.search(r"hello from cpu (\d+) of (\d+)", run.text)


def only_full(values, quick):
    """All values, those that are not quick only in the full run."""
    return [value if value in quick else pytest.param(value, marks=full) for value in values]


@pytest.mark.parametrize("machine_type", ["q35", "pc"])
def test_from_power_on(boot, machine_type):
    run = boot(config=Config(machine=machine_type), cold=True)
    assert hello(run) and not run.warm


def test_memory_that_ends_below_4_gib(boot):
    assert hello(boot(config=Config(mem="3G")))


@pytest.mark.parametrize("cpus", only_full(["2", "16", "32", "64"], ["2", "64"]))
def test_cpu_counts(boot, cpus):
    assert hello(boot(config=Config(smp=cpus)))


def test_boots_from_nvme(boot):
    assert hello(boot(config=Config(disk="nvme")))


@pytest.mark.parametrize("arguments", [
    ("-machine", "smm=off"),
    pytest.param(("-rtc", "base=2038-01-19T03:14:00"), marks=full)])
def test_machines_that_lack_something(boot, arguments):
    assert hello(boot(config=Config(extra=arguments)))
