"""A boot that is recorded is replayed to the same log, and gdb goes backwards in it."""
import subprocess

import pytest

import build
import gdb_stub
import replay
from qemu import Config, Unavailable

APP = "tests/boot/app"
LIMIT_S = 900
SERIAL = ("-chardev", "file,id=serial,path={}", "-serial", "chardev:serial")


def serial(path):
    return [word.format(path) for word in SERIAL]


@pytest.fixture
def recorded(tmp_path):
    """The folder of a boot that ended in a panic."""
    try:
        with replay.record(build.loader(APP), tmp_path / "boot", Config(), "exit=qemu fail-assert", serial_arguments=serial(tmp_path / "first")) as machine:
            end = machine.wait(LIMIT_S)
    except Unavailable as why:
        pytest.skip(str(why))
    assert (end.how, end.status) == ("exit", 120) and b"PANIC ASSERT" in (tmp_path / "first").read_bytes(), end
    return tmp_path / "boot"


@pytest.mark.full
def test_a_panic_is_replayed_and_left_backwards(recorded, tmp_path):
    with replay.replay(recorded, serial_arguments=serial(tmp_path / "second")) as machine:
        machine.wait(LIMIT_S)
    assert (tmp_path / "second").read_bytes() == (tmp_path / "first").read_bytes()

    commands = ["hbreak panic_from", "continue", "reverse-stepi", "kill"]
    with replay.replay(recorded, host_extra=gdb_stub.arguments(tmp_path), serial_arguments=serial(tmp_path / "third")):
        said = subprocess.run(["gdb", "-q", "-nx", "-batch", recorded / "core.elf", *replay.gdb_commands(gdb_stub.path(tmp_path)),
                               *(word for command in commands for word in ("-ex", command))],
                              capture_output=True, text=True, timeout=LIMIT_S).stdout
    there, back = said.find(", panic_from ("), said.rfind("panic_code () at")        # which jumps there
    assert 0 <= there < back, said
