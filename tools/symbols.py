#!/usr/bin/python3
"""symbols.py ELF WRITER OUT.S: the symbol table of a linked core, as assembly for the link after this one (core/symbol_table.h).
symbols.py --same ELF ELF: whether the text lies and is divided alike in both, as it must when only the table was added.

Functions, files, lines and inlined frames are what addr2line says for each instruction that objdump finds (both: binutils)."""
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from elftools.elf.elffile import ELFFile

TOP = pathlib.Path(__file__).resolve().parents[1]
LIMIT = {name: int(value) for name, value in re.findall(r"SYMBOL_(\w+) = (\d+)", (TOP / "core/symbol_table.h").read_text())}
UNKNOWN = ("?", "?")


def section(path):
    """Address and bytes of the text."""
    with open(path, "rb") as file:
        text = ELFFile(file).get_section_by_name(".text")
        return text["sh_addr"], text.data()


def symbols_of_text(path):
    with open(path, "rb") as file:
        elf = ELFFile(file)
        index = elf.get_section_index(".text")
        return sorted((symbol["st_value"], symbol["st_size"], symbol.name) for symbol in elf.get_section_by_name(".symtab").iter_symbols()
                      if symbol["st_shndx"] == index)


def instructions(path):
    """The addresses of all instructions of the text."""
    said = subprocess.run(["objdump", "-d", "-j", ".text", "--no-show-raw-insn", path], check=True, capture_output=True, text=True).stdout
    return re.findall(r"^ *([0-9a-f]+):\t", said, re.MULTILINE)


@functools.lru_cache(maxsize=None)
def frame(name, place):
    """(function, file, line): line 0 is not known."""
    path, _, line = place.partition(" ")[0].rpartition(":")
    line = int(line) if line.isdigit() else 0
    return (name, os.path.normpath(path) if path and path != "??" and line else "?", line) if name != "??" else (*UNKNOWN, 0)


def line_table(path):
    """(file's name without folders, line) at each address where the line table has a row. Of several rows of one file it is the last that
    begins a statement, or else the last: as gdb has it."""
    said = subprocess.run(["readelf", "-wL", path], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found, sequence, last = {}, {}, (None, "", "")
    for name, line, address, statement in re.findall(r"^(\S+) +(\d+|-) +0x([0-9a-f]+)(?: +\d+)?( +x)? *$", said, re.MULTILINE):
        address = int(address, 16)
        if line == "-":                          # the sequence ends here: a row for this address has no bytes
            sequence.pop(address, None)
            found.update(sequence)
            sequence, last = {}, (None, "", "")
        elif statement or last[:2] != (address, name) or not last[2]:
            sequence[address] = (name, int(line))
            last = (address, name, statement)
    return found


def addr2line(path):
    """For each instruction its address and its frames, the outermost first."""
    addresses = instructions(path)
    said = subprocess.run(["addr2line", "-a", "-i", "-f", "-e", path], input="\n".join(addresses), check=True, capture_output=True, text=True)
    for part in said.stdout.split("\n0x"):
        address, *lines = part.strip().split("\n")
        yield int(address.removeprefix("0x"), 16), [frame(*pair) for pair in reversed(list(zip(lines[::2], lines[1::2])))]


def frames(path):
    """The same, with the innermost frame's line as line_table() has it. And its file put right: binutils 2.40 takes file 1 of a unit for the
    unit's own, but where a header's function comes first it is that header."""
    lines = line_table(path)
    full = {header.name: str(header.relative_to(TOP)) for header in TOP.glob("core/**/*.h")}
    name, line = "", 0
    for address, stack in addr2line(path):
        function, file, known = stack[-1]
        name, line = lines.get(address, (name, line))
        if known and name.endswith(".h") and not file.endswith(name):
            file = full.get(name, name)
        if known and os.path.basename(file) == name:
            stack[-1] = (function, file, line)
        yield address, tuple(stack)


def rows(path):
    """Runs of instructions with the same frames: [start, end, frames], as offsets in the text."""
    base, text = section(path)
    found = []
    for address, stack in frames(path):
        stack = stack[:LIMIT["DEPTH"]]
        if not found or found[-1][2] != stack:
            found.append([address - base, 0, stack])
    for row, following in zip(found, found[1:] + [[len(text)]]):
        row[1] = following[0]
    return found


class Functions:
    """Numbers of functions, in the order in which they are asked for; what there is no room for is one unknown function."""

    def __init__(self):
        self.number, self.left_out, self.files = {}, set(), set()
        self.room, self.most, self.most_files = LIMIT["TEXT_BYTES"], LIMIT["FUNCTIONS"] - 1, LIMIT["FILES"] - 1
        self.longest = LIMIT["NAME_BYTES"] - 1

    def add(self, key):
        room = len(key[1].encode()) + 1 + (0 if key[0] in self.files else len(key[0].encode()) + 1)
        self.number[key] = len(self.number)
        self.files.add(key[0])
        self.room -= room

    def fits(self, key):
        new_file = key[0] not in self.files
        return len(self.number) < self.most and len(self.files) < self.most_files and max(map(len, key)) <= self.longest and \
            self.room >= len(key[1].encode()) + 1 + new_file * (len(key[0].encode()) + 1) + 8

    def of(self, name, path):
        key = (path, name)
        if key not in self.number and key != UNKNOWN and not self.fits(key):
            self.left_out.add(key)
            key = UNKNOWN
        if key not in self.number:
            self.add(key)
        return self.number[key]


def description(path):
    """What tools/symbols.c reads."""
    functions, lines = Functions(), []
    for start, end, stack in rows(path):
        words = [f"{functions.of(name, file)} {line if line < LIMIT['LINES'] else 0}" for name, file, line in stack]
        lines.append(" ".join([f"{start} {end}", *words]))
    if functions.left_out:
        print(f"symbols: {len(functions.left_out)} functions have no room in the table: crash reports will not name them", file=sys.stderr)
    named = [f"{file} {name}" for file, name in functions.number]
    return "\n".join([f"{len(named)} {len(lines)}", *named, *lines, ""])


def table(path, writer):
    with tempfile.NamedTemporaryFile() as text:
        text.write(section(path)[1])
        text.flush()
        return subprocess.run([writer, text.name], input=description(path).encode(), check=True, stdout=subprocess.PIPE).stdout


def make(path, writer, out):
    data = table(path, writer)
    lines = [".byte " + ",".join(map(str, data[at:at + 32])) for at in range(0, len(data), 32)]
    pathlib.Path(out).write_text('    .section .symbols, "a", @progbits\n    .balign 4\n' + "\n".join(lines) +
                                 '\n    .section .note.GNU-stack, "", @progbits\n')


def must_be_same(first, second):
    if section(first)[0] != section(second)[0] or symbols_of_text(first) != symbols_of_text(second):
        sys.exit(f"symbols.py: the text of {second} is not divided as that of {first}: its symbol table would lie")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    if sys.argv[1] == "--same":
        must_be_same(*sys.argv[2:])
    else:
        make(*sys.argv[1:])
