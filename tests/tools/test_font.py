"""font.py: the tables say what the font says, are the same every time, and a font that cannot serve is told in one line."""
import gzip
import pathlib
import random
import re
import struct
import subprocess
import sys
import time

import pytest

import font
from elfs import TOP

FONT = pathlib.Path("/usr/share/consolefonts/Unifont-APL8x16.psf.gz")      # what core/core.mk takes

CHARACTERS = [c for part in font.NEEDED for c in part]
GLYPHS = [struct.pack("<QQ", c, ~c & 0xFFFF) for c in CHARACTERS][::-1]       # a glyph tells its character


def psf1(glyphs=None, table=None, mode=3, height=16):
    glyphs = GLYPHS + [bytes(16)] * (512 - len(GLYPHS)) if glyphs is None else glyphs
    if table is None:
        table = b"".join(struct.pack("<HH", c, 0xFFFF) for c in CHARACTERS[::-1]) + b"\xff\xff" * (512 - len(CHARACTERS))
    return b"\x36\x04" + bytes([mode, height]) + b"".join(glyphs) + table


def psf2(count=len(GLYPHS), width=8, flags=1, table=None, header=32):
    if table is None:
        table = b"".join(chr(c).encode() + b"\xfea\xcc\x81\xff" for c in CHARACTERS[::-1])
    return b"\x72\xb5\x4a\x86" + struct.pack("<7I", 0, header, flags, count, 16, 16, width) + b"".join(GLYPHS) + table


def unpack(packed):
    """The glyphs as core/font.h describes them; each entry is a list of numbers."""
    glyphs = []
    for distance, low, high, *changes in packed:
        model, row = glyphs[-distance] if distance else bytes(16), 0
        assert len(changes) == (low | high << 8).bit_count() and all(changes)
        rows = []
        for bit in range(16):
            row ^= changes.pop(0) if (low | high << 8) >> bit & 1 else 0
            rows.append(model[bit] ^ row)
        glyphs.append(bytes(rows))
    return glyphs


def tables(text):
    """{symbol: its lines, each as a list of numbers}"""
    found = {}
    for line in text.splitlines():
        if symbol := re.match(r"(\w+):", line):
            lines = found[symbol[1]] = []
        elif numbers := re.match(r" +\.(byte|short) (.*)", line):
            lines.append([int(number, 0) for number in numbers[2].split(",")])
    return found


def drawn(text):
    """{character: what is drawn for it}, and what is drawn for all others."""
    table = tables(text)
    glyphs, ranges = unpack(table["font_packed"]), table["font_ranges"]
    assert table["font_glyph_count"] == [[len(glyphs)]] and table["font_packed_bytes"] == [[sum(map(len, table["font_packed"]))]]
    assert table["font_range_count"] == [[len(ranges)]] and ranges == sorted(ranges) and ranges[0][:1] + ranges[0][2:] == [0x20, 0]
    found = {c: glyphs[glyph + c - first] for first, last, glyph in ranges for c in range(first, last + 1)}
    return found, glyphs[table["font_replacement"][0][0]]


@pytest.mark.parametrize("data", [psf1(), psf2(), gzip.compress(psf1())], ids=["psf1", "psf2", "gzip"])
def test_every_character_finds_its_glyph(data):
    found, replacement = drawn(font.convert(data))
    assert found == dict(zip(CHARACTERS, GLYPHS[::-1]))
    assert replacement == found[0xFFFD]


def test_what_no_console_needs_is_left_out():
    table = psf1()[4 + 8192:].replace(b"\xff\xff", struct.pack("<HHHH", 0x2336, 0x152, 0x3B1, 0xFFFF), 1)
    found, _ = drawn(font.convert(psf1(table=table)))
    assert set(found) == set(CHARACTERS) | {0x152}


UNPACKER = """#include <stdio.h>
#include <stdlib.h>
#include "core/font.h"
int main(void)
{
    struct font_glyph *glyphs = malloc(font_glyph_count * sizeof(*glyphs));
    font_unpack(font_packed, font_packed_bytes, glyphs, font_glyph_count);
    return fwrite(glyphs, sizeof(*glyphs), font_glyph_count, stdout) != font_glyph_count;
}
"""


@pytest.mark.skipif(not FONT.exists(), reason="Debian's psf-unifont is not installed")
def test_the_core_unpacks_what_the_font_shows(tmp_path):
    glyphs, glyph_of = font.read_font(FONT.read_bytes())
    text = font.convert(FONT.read_bytes())
    (tmp_path / "table.S").write_text(text)
    (tmp_path / "main.c").write_text(UNPACKER)
    sources = [tmp_path / "main.c", TOP / "core/font.c", tmp_path / "table.S"]
    subprocess.run(["gcc", f"-I{TOP}", f"-I{TOP}/core/include", "-o", tmp_path / "unpack", *sources], check=True)
    data = subprocess.run([tmp_path / "unpack"], check=True, capture_output=True).stdout
    core = [data[at:at + 16] for at in range(0, len(data), 16)]
    ranges = tables(text)["font_ranges"]
    assert {c: core[glyph + c - first] for first, last, glyph in ranges for c in range(first, last + 1)} \
        == {c: glyphs[number] for c, number in glyph_of.items() if c in font.KEPT}
    assert core[tables(text)["font_replacement"][0][0]] == glyphs[glyph_of[font.REPLACEMENT]]
    assert sum(map(len, tables(text)["font_packed"])) <= 2600


def test_characters_may_share_a_glyph():
    table = b"".join(struct.pack("<HHH", c, 0x3000 + c % 7, 0xFFFF) for c in CHARACTERS[::-1])
    glyph_of = font.read_font(psf1(glyphs=GLYPHS + [bytes(16)] * (512 - len(GLYPHS)), table=table + b"\xff\xff" * (512 - len(GLYPHS))))[1]
    assert set(CHARACTERS) <= set(glyph_of) and 0x3003 in glyph_of


BAD = {
    "empty": (b"", "is no PSF font: it begins with nothing"),
    "other": (b"\x7fELF" + bytes(60), "is no PSF font: it begins with 7f454c46"),
    "gzip cut": (gzip.compress(psf1())[:-40], "cannot be unpacked"),
    "header cut": (psf1()[:3], "ends within its header: 3 bytes, 4 needed"),
    "glyphs cut": (psf1()[:5000], "ends within its glyphs: 5000 bytes, 8196 needed"),
    "table cut": (psf1()[:-1], "has a Unicode table of an odd length"),
    "table short": (psf1()[:-2], "has 512 glyphs, and a Unicode table for 511"),
    "no table": (psf1(mode=1), "has no Unicode table"),
    "8x14": (psf1(height=14), "has glyphs of 8x14 dots; 8x16 are wanted"),
    "no euro": (psf1(table=psf1()[4 + 8192:].replace(b"\xac\x20", b"\x01\x30")), "lacks needed characters: 1, the first of them U+20AC"),
    "psf2 header cut": (psf2()[:31], "ends within its header: 31 bytes, 32 needed"),
    "psf2 no table": (psf2(flags=0), "has no Unicode table"),
    "psf2 16 wide": (psf2(width=16), "has glyphs of 16x16 dots; 8x16 are wanted"),
    "psf2 no glyphs": (psf2(count=0), "claims 0 glyphs"),
    "psf2 many glyphs": (psf2(count=1 << 31), "claims 2147483648 glyphs"),
    "psf2 header far": (psf2(header=1 << 31), "ends within its glyphs"),
    "psf2 table not UTF-8": (psf2(table=b"\xc3\x28\xff"), "has a Unicode table that is not UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_font_is_told_in_one_line(tmp_path, name):
    data, sentence = BAD[name]
    (tmp_path / "font").write_bytes(data)
    run = subprocess.run([sys.executable, TOP / "tools/font.py", tmp_path / "font", tmp_path / "out"], capture_output=True, text=True)
    assert run.returncode == 1 and sentence in run.stderr and len(run.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_every_cut_of_a_font_is_refused_or_used():
    for data in (psf1(), psf2()):
        for end in list(range(64)) + list(range(64, len(data), 61)):
            with pytest.raises(font.BadFont):
                font.convert(data[:end])


def changed(rng, data):
    """The same font after something happened to it: bytes changed, cut off, moved or put in."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at, to = sorted(rng.choices(range(len(data) + 1), k=2))
        kind = rng.randrange(4)
        if kind == 0 and data:
            data[rng.randrange(min(len(data), 40))] = rng.choice((0, 1, 0x7f, 0xfe, 0xff))
        elif kind == 1:
            del data[at:to]
        elif kind == 2:
            data[at:at] = rng.randbytes(rng.randrange(9))
        elif data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


@pytest.mark.parametrize("seconds", [1, pytest.param(60, marks=pytest.mark.full)])
def test_any_font_is_read_whole_or_refused_in_words(seconds):
    rng, fonts, until, refused = random.Random(seconds), [psf1(), psf2(), gzip.compress(psf2())], time.monotonic() + seconds, 0
    for _ in range(300 if seconds == 1 else 10 ** 9):
        try:
            glyphs, glyph_of = font.read_font(changed(rng, rng.choice(fonts)))
            assert all(len(glyph) == font.HEIGHT for glyph in glyphs) and all(number < len(glyphs) for number in glyph_of.values())
        except font.BadFont as why:
            assert str(why)
            refused += 1
        if seconds > 1 and time.monotonic() > until:
            break
    assert refused > 100
