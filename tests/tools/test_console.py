"""tools/console.py: what it shows of a log, from wherever it comes."""
import os
import pty
import re
import socket
import subprocess
import sys
import threading
import tty

import pytest
from elfs import TOP

sys.path.insert(0, str(TOP / "tools"))

CONSOLE = TOP / "tools/console.py"
LIMIT_S = 30
LOG = b"""loader: core at 0x2000000, 900 KiB\r
[    0.012345] 0 info  smp: 7 of 8 CPUs online\r
[    0.012346] 3 warn  acpi: a table has a bad checksum\r
[    0.012347] 0 error uart: lost\r
[98765.432123] 300 debug app: detail\r
READY 8 cpu\r
"""
JSON = rb"""{"ns":12345678,"cpu":0,"level":"info","subsystem":"smp","text":"7 of 8 CPUs online"}
{"ns":12346000,"cpu":3,"level":"warn","subsystem":"acpi","text":"a \"table\" in C:\\x0d"}
{"ns":98765432123456,"cpu":300,"level":"debug","subsystem":"app","text":"detail"}
{"ns":1,"cpu":0,"level":"raw","subsystem":"","text":"READY 8 cpu"}
{"ns":1,"cpu":0}
"""
PROGRAM = """
static int inlined(volatile int *at) { return *at; }
int crash(volatile int *at) { return inlined(at) + 1; }
int main_(void) { return crash(0) + 1; }
"""


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    """An ELF like the core's, and the addresses of its functions relative to the image."""
    folder = tmp_path_factory.mktemp("core")
    (folder / "crash.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-g", "-O1", "-ffreestanding", "-fno-pie", "-fno-asynchronous-unwind-tables",
                    f"-ffile-prefix-map={folder}=.", "-c", "crash.c", "-o", "crash.o"], cwd=folder, check=True)
    subprocess.run(["ld", "-Ttext=0x2001000", "--defsym=core_start_address=0x2000000", "-e", "main_", "-o", "core.elf", "crash.o"],
                   cwd=folder, check=True)
    named = subprocess.run(["nm", folder / "core.elf"], capture_output=True, text=True, check=True).stdout.split("\n")
    return folder / "core.elf", {line.split()[2]: int(line.split()[0], 16) - 0x2000000 for line in named if line}


def run(*arguments, given=None, status=0):
    done = subprocess.run([CONSOLE, *arguments], input=given, capture_output=True, timeout=LIMIT_S)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout.decode()


def shown(log, *arguments, core_elf="/nonexistent"):
    return run("-", "--core", core_elf, *arguments, given=log).splitlines()


def test_all_is_shown_as_it_is():
    assert shown(LOG) == LOG.decode().replace("\r", "").splitlines()


def test_json_is_shown_like_text():
    assert shown(JSON) == ["[    0.012345] 0 info  smp: 7 of 8 CPUs online", '[    0.012346] 3 warn  acpi: a "table" in C:\\x0d',
                           "[98765.432123] 300 debug app: detail", "READY 8 cpu", '{"ns":1,"cpu":0}']


@pytest.mark.parametrize("arguments, texts", [
    (["--level", "warn"], ["bad checksum", "lost"]),
    (["--level", "none"], []),
    (["--only", "smp,uart"], ["7 of 8", "lost"]),
    (["--without", "smp,uart"], ["bad checksum", "detail"]),
    (["--only", "app", "--level", "info"], []),
])
def test_levels_and_subsystems_are_chosen(arguments, texts):
    lines = shown(LOG, *arguments)
    assert lines[0].startswith("loader:") and lines[-1] == "READY 8 cpu"           # lines without a level always are
    assert len(lines) == len(texts) + 2 and all(text in line for text, line in zip(texts, lines[1:]))


def test_colours_are_for_terminals():
    assert not any("\033" in line for line in shown(LOG))
    lines = shown(LOG, "--color", "always")
    assert lines[3] == "\033[1;31m[    0.012347] 0 error uart: lost\033[0m" and "\033" not in lines[1]


def test_nothing_steers_the_terminal():
    lines = shown(b"a\033[2Jb\x07\x9bc\n" + rb'{"ns":1,"cpu":0,"level":"raw","subsystem":"","text":"x\u001b[2J\u009by"}' + b"\nend without a newline")
    assert lines == ["ab\ufffdc", "x[2Jy", "end without a newline"]


@pytest.mark.parametrize("base", [0x2000000, 0x7e345000])
def test_a_panic_is_marked_and_its_addresses_are_named(core, base):
    elf, at = core
    log = f"""[    0.1] not a prefix 0x{base + at['crash']:x}
PANIC NULL-DEREF: read from 0x0
  on cpu 0 at {base + at['crash']:#x} (image + {at['crash']:#x}), build 01234567
  rip {base + at['crash']:016x}  cs 0008
  rax {0xffffffffffffffff:016x}  rbx {base - 1:016x}
  called from {base + at['main_'] + 4:#x}
[    0.012345] 0 info  end: {base + at['crash']:#x}
""".encode()
    lines = shown(log, "--color", "always", core_elf=elf)
    assert lines[1] == "\033[1;37;41m==================== panic ====================\033[0m"
    named = [re.sub("\033\\[[0-9;]*m", "", line) for line in lines if " is " in line]
    assert len(named) == 3                       # where it was, rip, the caller
    assert re.fullmatch(rf" +{base + at['crash']:#x} is inlined at crash.c:2, \(inlined by\) crash at crash.c:3", named[0]), named
    assert named[1] == named[0]
    assert re.fullmatch(r" +0x[0-9a-f]+ is .*main_ at crash.c:4", named[2])


def test_a_moved_core_is_learnt_from_the_log(core):
    elf, at = core
    log = f"core at 0x5000000, loader at 0x1\nPANIC X: at {0x5000000 + at['main_']:#x}\n".encode()
    assert shown(log, core_elf=elf)[-1].endswith("main_ at crash.c:4")


def feed(connection):
    for at in range(0, len(LOG), 7):
        connection.sendall(LOG[at:at + 7])
    connection.close()


@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_it_reads_from_sockets(tmp_path, family):
    server = socket.socket(socket.AF_INET if family == "tcp" else socket.AF_UNIX)
    server.bind(("127.0.0.1", 0) if family == "tcp" else str(tmp_path / "s"))
    server.listen()
    thread = threading.Thread(target=lambda: feed(server.accept()[0]))
    thread.start()
    source = f"tcp:127.0.0.1:{server.getsockname()[1]}" if family == "tcp" else f"unix:{tmp_path}/s"
    assert run(source, "--core", "/nonexistent").count("\n") == 6
    thread.join()
    server.close()


def test_it_reads_from_a_terminal():
    ours, theirs = pty.openpty()
    tty.setraw(theirs)                           # what is written before it is opened must not be edited
    console = subprocess.Popen([CONSOLE, os.ttyname(theirs), "--core", "/nonexistent"], stdout=subprocess.PIPE, text=True)
    try:
        os.write(ours, LOG)
        assert [console.stdout.readline().rstrip("\n") for _ in range(6)] == LOG.decode().replace("\r", "").splitlines()
    finally:
        console.terminate()
        console.wait(LIMIT_S)
        os.close(ours)
        os.close(theirs)


def test_a_growing_file_is_followed(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(LOG[:50])
    console = subprocess.Popen([CONSOLE, path, "--core", "/nonexistent"], stdout=subprocess.PIPE, text=True)
    try:
        assert console.stdout.readline() == "loader: core at 0x2000000, 900 KiB\n"
        with open(path, "ab") as file:
            file.write(LOG[50:])
        assert console.stdout.readline() == "[    0.012345] 0 info  smp: 7 of 8 CPUs online\n"
    finally:
        console.terminate()
        console.wait(LIMIT_S)
    assert run(path, "--once", "--core", "/nonexistent").count("\n") == 6


def test_what_cannot_be_read_ends_in_words(tmp_path):
    done = subprocess.run([CONSOLE, tmp_path / "absent", "--core", "/nonexistent"], capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 1 and "console: " in done.stderr and "Traceback" not in done.stderr
