"""What happens to a machine while it runs, and must not matter: the monitor answers afterwards, and ends well."""
import os
import threading

import pytest

from boots import LIMIT_S, esp
from qemu import Config

ROOT_PORT = ("-device", "pcie-root-port,id=slot,chassis=1")


@pytest.fixture
def survives(machine, fault_seen):
    """Starts the monitor on this machine, acts once it is there, and reports what was said until it was told to end."""
    def run(row, act, config=Config(), pattern="READY", host_extra=()):
        running = machine(esp("apps/monitor", "exit=halt"), config, host_extra=host_extra)
        assert running.wait_for(pattern, LIMIT_S), running.text
        act(running)
        assert running.wait_for("READY", LIMIT_S), running.text
        running.send("exit\r")
        assert running.wait_for(r"halted", LIMIT_S), running.text
        fault_seen(row, running.text)
    return run


@pytest.mark.full
def test_devices_come_and_go(survives):
    def plug(running):
        running.qmp.command("device_add", driver="e1000e", id="late", bus="slot", romfile="")
        place = next(one for one in running.qmp.command("query-hotpluggable-cpus") if "qom-path" not in one)
        running.qmp.command("device_add", driver=place["type"], id="cpu1", **place["props"])
        running.qmp.command("device_del", id="late")
    survives("D8.add", plug, Config(smp="1,maxcpus=2", extra=ROOT_PORT))


def test_a_corrected_machine_check(survives):
    """Bit 61, uncorrected, is clear in the status: the hardware has helped itself."""
    survives("E5.other", lambda running: running.qmp.human("mce 0 9 0x9c000000000000c0 0 0x12345678 0x8c"))


@pytest.mark.full
def test_a_pause_while_the_core_starts(survives):
    def pause(running):
        running.qmp.command("stop")
        threading.Event().wait(1)
        running.qmp.command("cont")
    survives("D9.held", pause, pattern=r"jumping to 0x")


@pytest.mark.full
def test_a_disk_that_is_slow(survives):
    def slow(running):
        running.qmp.human("block_set_io_throttle d0 100000 0 0 0 0 0")
        running.qmp.command("cont")
    survives("A22.slow", slow, pattern="", host_extra=("-S",))


@pytest.mark.full
def test_a_port_that_nobody_reads(survives, tmp_path):
    """A pipe takes 64 KiB, then nothing any more."""
    ends = []
    for name in ("port.in", "port.out"):
        os.mkfifo(tmp_path / name)
        ends.append(os.open(tmp_path / name, os.O_RDWR | os.O_NONBLOCK))
    os.set_blocking(ends[1], False)
    os.write(ends[1], bytes(os.fpathconf(ends[1], "PC_PIPE_BUF")) * 15)
    extra = ("-chardev", f"pipe,id=unread,path={tmp_path}/port", "-device", "isa-serial,iobase=0x2f8,irq=3,chardev=unread")
    survives("F2.unread", lambda running: None, Config(extra=extra))
    for end in ends:
        os.close(end)
