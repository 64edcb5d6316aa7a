"""The symbol table says of every instruction of the text what pyelftools finds in the DWARF, and what cannot be read is refused."""
import bisect
import os
import pathlib
import random
import re
import subprocess
import sys

import pytest
from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.elffile import ELFFile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tools"), str(TOP / "tests/boot")]

import build                             # noqa: E402  the path must be set first
import symbols                           # noqa: E402

APP = "tests/boot/apps/faults"
TOOL = TOP / "build/host/symbols"


# ---- what the DWARF says, by pyelftools ----

def name_of(die):
    while "DW_AT_name" not in die.attributes:
        die = die.get_DIE_from_attribute("DW_AT_specification" if "DW_AT_specification" in die.attributes else "DW_AT_abstract_origin")
    return die.attributes["DW_AT_name"].value.decode()


def ranges_of(die, cu, lists):
    attributes = die.attributes
    if "DW_AT_low_pc" in attributes and "DW_AT_high_pc" in attributes:
        low, high = attributes["DW_AT_low_pc"].value, attributes["DW_AT_high_pc"]
        return [(low, high.value if high.form == "DW_FORM_addr" else low + high.value)]
    if "DW_AT_ranges" not in attributes:
        return []
    base, found = cu.get_top_DIE().attributes["DW_AT_low_pc"].value, []
    for entry in lists.get_range_list_at_offset(attributes["DW_AT_ranges"].value, cu):
        if isinstance(entry, BaseAddressEntry):
            base = entry.base_address
        else:
            shift = 0 if entry.is_absolute else base
            found.append((shift + entry.begin_offset, shift + entry.end_offset))
    return found


class Dwarf:
    """frames(address): [(function, file, line)], the outermost first."""

    def __init__(self, path):
        with open(path, "rb") as file:
            dwarf = ELFFile(file).get_dwarf_info()
            self.lists, self.scopes, self.lines = dwarf.range_lists(), [], []
            for cu in dwarf.iter_CUs():
                program = dwarf.line_program_for_CU(cu)
                self.files = [self.path(program, entry) for entry in program["file_entry"]]
                self.walk(cu.get_top_DIE(), cu, 0)
                self.add_lines(program)
        self.lines.sort(key=lambda line: line[0])
        self.starts = [line[0] for line in self.lines]
        self.scopes.sort(key=lambda scope: scope[0])

    @staticmethod
    def path(program, entry):
        folder = program["include_directory"][entry.dir_index]
        return os.path.normpath(os.path.join(os.path.relpath(folder.decode(), "."), entry.name.decode()))

    def walk(self, die, cu, depth):
        is_inlined = die.tag == "DW_TAG_inlined_subroutine"
        if is_inlined or die.tag == "DW_TAG_subprogram":
            call = (self.files[die.attributes["DW_AT_call_file"].value], die.attributes["DW_AT_call_line"].value) if is_inlined else None
            self.scopes += [(low, high, depth, name_of(die), call) for low, high in ranges_of(die, cu, self.lists) if low < high]
            depth += 1
        for child in die.iter_children():
            self.walk(child, cu, depth)

    def add_lines(self, program):
        """Of several rows at one address and of one file it is the last that begins a statement, or else the last, as gdb has it."""
        rows = [entry.state for entry in program.get_entries() if entry.state]
        best = None
        for row, following in zip(rows, rows[1:]):
            if best is None or row.is_stmt or (row.address, row.file) != (best.address, best.file) or not best.is_stmt:
                best = row
            if not row.end_sequence and row.address < following.address:
                self.lines.append((row.address, following.address, self.files[best.file], best.line))
            if row.end_sequence:
                best = None

    def frames(self, address):
        start, end, file, line = self.lines[bisect.bisect(self.starts, address) - 1]
        if not start <= address < end:
            return None
        around = sorted((scope for scope in self.scopes if scope[0] <= address < scope[1]), key=lambda scope: scope[2])
        places = [scope[4] for scope in around[1:]] + [(file, line)]
        return [(scope[3], *place) for scope, place in zip(around, places)]


# ---- what the table says ----

@pytest.fixture(scope="module")
def core():
    return build.loader(APP).with_name("core.elf")


def contents(path, folder):
    """The files that the tool reads: the text and the table."""
    with open(path, "rb") as file:
        elf = ELFFile(file)
        (folder / "text").write_bytes(elf.get_section_by_name(".text").data())
        (folder / "table").write_bytes(elf.get_section_by_name(".symbols").data())
    return folder / "text", folder / "table"


def read_table(text, table):
    """[(start, end, [(function, file, line)])], the outermost frame first."""
    said = subprocess.run([TOOL, text, table], check=True, capture_output=True, text=True).stdout.splitlines()
    named = [line.split() for line in said if not re.match(r"\d+ \d+ ", line)]
    rows = [list(map(int, line.split())) for line in said[len(named):]]
    return [(row[0], row[1], [(named[number][1], named[number][0], line) for number, line in zip(row[2::2], row[3::2])]) for row in rows]


def test_every_instruction_is_what_the_dwarf_says(core, tmp_path):
    rows, dwarf = read_table(*contents(core, tmp_path)), Dwarf(core)
    base, starts = symbols.section(core)[0], [row[0] for row in rows]
    addresses, wrong, unknown = [int(address, 16) for address in symbols.instructions(core)], [], 0
    for address in addresses:
        expected = dwarf.frames(address)
        if not expected or any(line == 0 for _, _, line in expected):
            unknown += 1                 # labels of assembly, or what the compiler made up: there is nothing to compare
            continue
        found = rows[bisect.bisect(starts, address - base) - 1][2]
        if found != expected:
            wrong.append((hex(address), found, expected))
    print(f"ran {len(addresses)} instructions, {unknown} of them without a line")
    assert not wrong and unknown < len(addresses) / 20, f"{len(wrong)} of {len(addresses)}, {unknown} unknown: {wrong[:5]}"


def test_the_table_is_small(core):
    with open(core, "rb") as file:
        elf = ELFFile(file)
        assert elf.get_section_by_name(".symbols")["sh_size"] * 100 <= elf.get_section_by_name(".text")["sh_size"] * 15


def test_the_table_is_the_same_each_time(core):
    assert symbols.table(core, TOOL) == symbols.table(core, TOOL)


def test_a_text_that_was_changed_is_refused(core, tmp_path):
    text, table = contents(core, tmp_path)
    data = bytearray(text.read_bytes())
    data[1000:1004] = b"\xcc" * 4
    text.write_bytes(data)
    done = subprocess.run([TOOL, text, table], capture_output=True, text=True)
    assert done.returncode == 1 and "cannot be opened" in done.stderr


def test_a_broken_table_ends_somewhere(core, tmp_path):
    """Whatever its bits are: no crash, and no end of it."""
    text, table = contents(core, tmp_path)
    good, random_bits = table.read_bytes(), random.Random(1)
    for _ in range(60):
        bad = bytearray(good)
        for _ in range(random_bits.choice((1, 3, 100))):
            bad[random_bits.randrange(8, len(bad))] = random_bits.randrange(256)
        table.write_bytes(bad[:random_bits.choice((len(bad), random_bits.randrange(len(bad))))])
        done = subprocess.run([TOOL, text, table], capture_output=True, timeout=20)
        assert done.returncode in (0, 1), done
