"""What a line of the log costs an application that does not want it: one load and one branch, in code as applications are built."""
import re
import shlex
import subprocess

from elfs import TOP

SOURCE = """
#include <ingot/log.h>
void quiet(unsigned a, unsigned b);
void quiet(unsigned a, unsigned b) { log_info("%u of %u", a, b); }
"""


def compiled(folder, *more):
    """The instructions of quiet(), one a line, as the build compiles an application's file."""
    (folder / "quiet.c").write_text(SOURCE)
    said = subprocess.run(["make", "-n", f"APP={folder}", "build/x86_64/core.elf"], cwd=TOP, check=True, capture_output=True, text=True).stdout
    command = shlex.split(next(line for line in said.splitlines() if "quiet.c" in line and " -c " in line))
    command = command[:command.index("||")] if "||" in command else command        # what explains an error is not needed
    assert "-O2" in command
    command[command.index("-o") + 1] = str(folder / "quiet.o")
    subprocess.run([*command, *more], cwd=TOP, check=True)
    shown = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=quiet", folder / "quiet.o"], check=True, capture_output=True,
                           text=True).stdout
    return [(int(at, 16), *text.split(None, 1)) for at, text in re.findall(r"^ +([0-9a-f]+):\t(\S.*?)\s*$", shown, re.MULTILINE)]


def way_of_silence(code):
    """What runs when the comparison says that the line is not wanted: the names of instructions up to the return."""
    addresses, way, at = [instruction[0] for instruction in code], [], 0
    while len(way) < 20:
        name, operands = code[at][1], code[at][2] if len(code[at]) > 2 else ""
        way.append(name)
        if name == "ret":
            return way
        assert name != "call", way
        wanted_falls_through = name in ("jbe", "jb") and "quiet" in operands       # level <= 2: silent
        wanted_jumps = name in ("ja", "jae", "jmp") and "quiet" in operands
        at = addresses.index(int(operands.split()[0], 16)) if wanted_falls_through or name == "jmp" else at + 1
        assert wanted_falls_through or wanted_jumps or not name.startswith("j"), way
    return way


def test_a_silent_line_is_one_load_and_one_branch(tmp_path):
    way = way_of_silence(compiled(tmp_path))
    frame = {"push", "pop", "mov", "leave", "ret", "nop"}        # -fno-omit-frame-pointer: the function's own
    assert [name for name in way if name not in frame] in (["cmpb", "jbe"], ["cmpb", "ja"]), way


def test_built_for_size_the_call_finds_out(tmp_path):
    assert not any(name == "cmpb" for _, name, *_ in compiled(tmp_path, "-Os"))
