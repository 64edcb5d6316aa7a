"""gdb talks with the target's own stub, on the serial port that the log flows through: one batch session of many checks."""
import os
import re
import socket
import subprocess

import pytest

import build
from boots import LIMIT_S
from qemu import Config

APP = "tests/boot/apps/gdb"
PANICS = "tests/boot/app"
SESSION_LIMIT_S = 200

INTERRUPT_SOON = "shell (sleep 2; kill -INT $PPID) >/dev/null 2>&1 &"

# A command for gdb, and what it must say; {cpus} is their number.
SESSION = [
    ("info threads", r"\* 1 +Thread 1 \"cpu 0\""),
    ("info threads", r"^  {cpus} +Thread {cpus} |^\* {cpus} "),
    ("bt", r"main \(\) at tests/boot/apps/gdb/main\.c"),
    ("p rounds > 0", r"= 1$"),
    ("p sizeof(pair)", r"= 8$"),
    ("x/s greeting", r'"hello from read-only memory"'),
    ("x/xw 0", r"Cannot access memory at address 0x0"),
    ("x/xg 0xffff800000000000", r"Cannot access memory at address 0xffff800000000000"),
    ("set var pair.first = 77", r"^$"),
    ("p pair", r"\{{first = 77, second = 22\}}"),
    ("p $cs", r"= 8$"),
    ("p $eflags & 0x100", r"= 0$"),
    ("set $xmm3.v4_int32[1] = 4711", r"^$"),
    ("maintenance flush register-cache", r"^$|flushed"),
    ("p $xmm3.v4_int32[1]", r"= 4711$"),
    ("set $ymm4.v4_int64[3] = 815", r"^$"),
    ("maintenance flush register-cache", r"^$|flushed"),
    ("p $ymm4.v4_int64[3]", r"= 815$"),
    ("p $fctrl", r"= 895$"),
    ("p $mxcsr & 0x1f80", r"= 8064$"),
    ("info mem", r"0x\w+ 0x\w+ rw"),
    ("monitor help", r"poweroff +switches it off"),
    ("monitor cpus", r"cpu 0 talks with gdb|cpu 0 at 0x"),
    ("monitor image", r"The image lies 0 from"),
    ("monitor log app:info", r"done"),
    ("monitor nonsense", r"There is no such command"),
    ("break place", r"Breakpoint 1 at"),
    ("continue", r"Breakpoint 1\S*, place \(round="),
    ("bt", r"#0 .*place .*\n#1 .*outer .*\n#2 .*main "),
    ("p round == rounds", r"= 1$"),
    ("finish", r"Value returned is \S+ = \d+"),
    ("continue", r"Breakpoint 1\S*, place \(round="),
    ("delete", r"^$"),
    ("tbreak outer", r"Temporary breakpoint 2"),
    ("continue", r"Temporary breakpoint 2\S*, outer"),
    ("set $before = $pc", r"^$"),
    ("stepi", r"main\.c|outer|place"),
    ("p $pc != $before", r"= 1$"),
    ("next", r"main\.c|return|result"),
    ("hbreak place", r"Hardware assisted breakpoint 3"),
    ("continue", r"Breakpoint 3\S*, place"),
    ("delete", r"^$"),
    ("watch watched", r"Hardware watchpoint 4: watched"),
    ("continue", r"Hardware watchpoint 4: watched\n\nOld value = \d+\nNew value = \d+"),
    ("continue", r"Hardware watchpoint 4: watched"),
    ("delete", r"^$"),
    ("awatch rounds", r"Hardware access \(read/write\) watchpoint 5"),
    ("continue", r"Hardware access \(read/write\) watchpoint 5"),
    ("delete", r"^$"),
    (INTERRUPT_SOON, r"^$"),
    ("continue", r"app: tick: round \d+[\s\S]*received signal SIGINT"),
    ("thread 1", r"Switching to thread 1"),
    ("tbreak place", r"Temporary breakpoint 6"),
    ("continue", r"Temporary breakpoint 6"),
    ("set $before = $pc", r"^$"),
    ("handle SIGSEGV nopass", r"^$|SIGSEGV"),
    ("set $pc = 0x10", r"^$"),
    ("stepi", r"received signal SIGSEGV|0x0000000000000010"),
    ("set $pc = $before", r"^$"),
    ("p broken", r"= 0$"),
]
OTHER_CPU = [
    ("thread 2", r"Switching to thread 2"),
    ("bt", r"work \(unused="),
    ("p/x $xmm15.v2_int64[0]", r"= 0x1122334455667701"),
    ("stepi", r"0x\w+\s+\d+\s|main\.c"),
    ("stepi", r"0x\w+\s+\d+\s|main\.c"),
    ("p $_thread", r"= 2$"),
    ("set scheduler-locking on", r"^$"),
    ("set $before = rounds", r"^$"),
    ("stepi", r"0x\w+\s+\d+\s|main\.c"),
    ("p rounds == $before", r"= 1$"),
    ("set scheduler-locking off", r"^$"),
    ("thread apply all -q p $_thread", r"= {cpus}\b[\s\S]*= 1\b"),
    ("monitor cpus", r"cpu 1 "),
]
END = [("set var leave = 1", r"^$"), ("continue", r"app: left after \d+ rounds, 0 broken")]


class Line:
    """The serial port as a socket: read until the machine says something, then left to gdb."""

    def __init__(self, folder):
        self.path = folder / "serial"
        self.arguments = ["-chardev", f"socket,id=line,path={self.path},server=on,wait=off", "-device", "isa-serial,chardev=line"]

    def wait_for(self, pattern):
        text = b""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.path))
            line.settimeout(LIMIT_S)
            while not re.search(pattern, text):
                data = line.recv(4096)
                assert data, text.decode(errors="replace")
                text += data
        return text.decode(errors="replace")

    def gdb(self, app, commands):
        """What gdb says to each command."""
        arguments = ["gdb", "-q", "-nx", "-batch", str(build.gdb_loader(app).with_name("core.elf"))]
        for command in ["set pagination off", "set confirm off", "set width 0", "set remotetimeout 20", f"target remote {self.path}"]:
            arguments += ["-ex", command]
        for number, command in enumerate(commands):
            arguments += ["-ex", f"echo \\n@@{number}\\n", "-ex", command]
        try:
            said = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                  timeout=SESSION_LIMIT_S, env={**os.environ, "LC_ALL": "C"}).stdout
        except subprocess.TimeoutExpired as why:
            said = (why.stdout or b"") + b"\n(the session's time is over)"
        parts = re.split(r"\n@@(?=\d)", said.decode(errors="replace"))
        return [part.partition("\n")[2].strip("\n") for part in parts[1:]]


@pytest.fixture
def line(tmp_path, machine):
    """Boots an application with the debugger, its only serial port being a line."""
    def start(app, words, cpus):
        one = Line(tmp_path)
        files = {"EFI/BOOT/BOOTX64.EFI": build.gdb_loader(app).read_bytes(), "ingot/ingot.cfg": f"{words}\n".encode()}
        return one, machine(files, Config(smp=str(cpus), serial="none"), host_extra=one.arguments, cold=True)
    return start


def check(session, said, cpus):
    failed = [f"{command}\n  said: {text}\n  not: {pattern}" for (command, pattern), text in zip(session, said)
              if not re.search(pattern.format(cpus=cpus) if "{" in pattern else pattern, text, re.MULTILINE)]
    assert not failed and len(said) == len(session), "\n".join(failed)


@pytest.mark.parametrize("cpus", [pytest.param(1, marks=pytest.mark.full), 4])
def test_session(line, cpus):
    session = SESSION + (OTHER_CPU if cpus > 1 else []) + END
    assert len(session) >= 40
    port, running = line(APP, "exit=qemu debug=on", cpus)
    port.wait_for(rb"app: tick: round \d\d+\r\n")
    check(session, port.gdb(APP, [command for command, _ in session]), cpus)
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 7), end


def test_panic(line):
    port, running = line(PANICS, "exit=qemu panic=debug fail-assert", 2)
    text = port.wait_for(rb"panic=debug: waiting for gdb.*\r\n")
    assert "PANIC ASSERT" in text, text
    session = [("bt", r"#0 .*fail_assert .*main\.c:36"), ("info threads", r"Thread 2 \"cpu 1\""), ("p $_siginfo", r"."),
               ("detach", r"detached")]
    check(session, port.gdb(PANICS, [command for command, _ in session]), 2)
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 120), end


def test_an_image_without_it_says_so(boot):
    run = boot(words="debug=on").must_be_good()
    assert "warn  debug: debug=on: this image was built without the debugger" in run.text, run.text
