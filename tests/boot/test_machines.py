"""The same image on many machines: it reaches main on each, and ends cleanly."""
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


@pytest.mark.parametrize("machine_type", ["q35", "pc"])
def test_machine_types(boot, machine_type):
    assert hello(boot(config=Config(machine=machine_type)))


@pytest.mark.parametrize("mem", ["128M", "256M", "1G", "3G", "4G", "8G", "64G"])
def test_memory_sizes(boot, mem):
    assert hello(boot(config=Config(mem=mem)))


@pytest.mark.parametrize("mem", only_full(["3G", "4G", "64G"], ["64G"]))
def test_memory_sizes_on_pc(boot, mem):
    assert hello(boot(config=Config(machine="pc", mem=mem)))


@pytest.mark.parametrize("cpus", only_full(["2", "3", "4", "8", "16", "32", "64"], ["2", "64"]))
def test_cpu_counts(boot, cpus):
    assert hello(boot(config=Config(smp=cpus)))


@pytest.mark.parametrize("topology", ["2,maxcpus=8", pytest.param("8,sockets=2,dies=2,cores=1,threads=2", marks=full)])
def test_cpu_topologies(boot, topology):
    assert hello(boot(config=Config(smp=topology)))


@pytest.mark.parametrize("cpu", only_full(["qemu64", "Nehalem", "Haswell", "Skylake-Server", "EPYC", "max"], ["qemu64"]))
def test_cpu_models(boot, cpu):
    assert hello(boot(config=Config(cpu=cpu)))


@pytest.mark.parametrize("firmware", ["4m", "2m", "secboot"])
def test_firmware_builds(boot, firmware):
    assert hello(boot(config=Config(firmware=firmware)))


@pytest.mark.parametrize("disk", ["ahci", "nvme", "virtio", "usb", "cd"])
def test_boots_from(boot, disk):
    assert hello(boot(config=Config(disk=disk)))


@pytest.mark.parametrize("machine_type, disk", [
    pytest.param(machine_type, disk, marks=full) for machine_type in ("q35", "pc") for disk in ("ahci", "nvme", "virtio", "usb", "cd")])
@pytest.mark.parametrize("firmware", ["4m", "2m"])
def test_disks_on_machines_and_firmware(boot, machine_type, disk, firmware):
    assert hello(boot(config=Config(machine=machine_type, disk=disk, firmware=firmware)))


@pytest.mark.parametrize("arguments", [
    ("-machine", "hpet=off"), ("-machine", "smm=off"),
    pytest.param(("-rtc", "base=2038-01-19T03:14:00"), marks=full)])
def test_machines_that_lack_something(boot, arguments):
    assert hello(boot(config=Config(extra=arguments)))
