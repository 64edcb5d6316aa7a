#!/usr/bin/python3
"""font.py FONT.psf[.gz] OUT.S: turns a console font of 8x16 dots into the tables of core/font.h, as assembly.

Reads PSF 1 and PSF 2 with their Unicode tables, and keeps what a console needs. The glyphs are sorted by the first character each
stands for, so that neighbours in Unicode become neighbours in the table and few ranges name them all. Glyph 0 is the space. They are
packed as core/font.h describes it. The same font gives the same bytes.

Source: the kbd project's description of "The PSF font format" (psf.4)."""
import gzip
import struct
import sys
import zlib

WIDTH, HEIGHT = 8, 16
PSF1_MAGIC, PSF1_512, PSF1_HAS_TABLE, PSF1_SEPARATOR, PSF1_SEQUENCE = b"\x36\x04", 1, 6, 0xFFFF, 0xFFFE
PSF2_MAGIC, PSF2_HAS_TABLE, PSF2_SEPARATOR, PSF2_SEQUENCE = b"\x72\xb5\x4a\x86", 1, 0xFF, 0xFE
GLYPHS_MAX = 0x10000
SPACE, REPLACEMENT = 0x20, 0xFFFD
NEEDED = (range(0x20, 0x7F), range(0xA0, 0xAD), range(0xAE, 0x100),                 # ASCII, Latin-1 without its soft hyphen
          (0x2026, 0x20AC, REPLACEMENT), range(0x2190, 0x2194), range(0x2500, 0x25A0))    # ellipsis, euro, arrows, boxes and blocks
WELCOME = (range(0x100, 0x180), range(0x2010, 0x2040), range(0x2194, 0x2196),         # Latin Extended-A, dashes and quotes, arrows
           (0x221A, 0x221E, 0x2248, 0x2260, 0x2264, 0x2265))                          # root, infinity, about, unequal, at most, at least
KEPT = {c for part in NEEDED + WELCOME for c in part}
DISTANCE_MAX = 255


class BadFont(Exception):
    """What is wrong with a font, in words."""


def cut(data, start, length, what):
    if start + length > len(data):
        raise BadFont(f"ends within {what}: {len(data)} bytes, {start + length} needed")
    return data[start:start + length]


def glyphs_of(data, start, count, glyph_bytes):
    if count == 0 or count > GLYPHS_MAX:
        raise BadFont(f"claims {count} glyphs")
    body = cut(data, start, count * glyph_bytes, "its glyphs")
    return [body[i * glyph_bytes:(i + 1) * glyph_bytes] for i in range(count)]


def check_size(width, height):
    if (width, height) != (WIDTH, HEIGHT):
        raise BadFont(f"has glyphs of {width}x{height} dots; {WIDTH}x{HEIGHT} are wanted")


def psf1_characters(table):
    """For each glyph the single characters it stands for; sequences of several characters are left out."""
    if len(table) % 2:
        raise BadFont("has a Unicode table of an odd length")
    glyph, in_sequence = [], False
    for (word,) in struct.iter_unpack("<H", table):
        if word == PSF1_SEPARATOR:
            yield glyph
            glyph, in_sequence = [], False
        elif word == PSF1_SEQUENCE:
            in_sequence = True
        elif not in_sequence:
            glyph.append(word)


def psf2_characters(table):
    for entry in table.split(bytes([PSF2_SEPARATOR]))[:-1]:
        try:
            yield [ord(c) for c in entry.split(bytes([PSF2_SEQUENCE]))[0].decode()]
        except UnicodeDecodeError as error:
            raise BadFont(f"has a Unicode table that is not UTF-8: {error}") from None


def read_psf1(data):
    mode, height = cut(data, 2, 2, "its header")
    if not mode & PSF1_HAS_TABLE:
        raise BadFont("has no Unicode table")
    check_size(WIDTH, height)
    glyphs = glyphs_of(data, 4, 512 if mode & PSF1_512 else 256, height)
    return glyphs, list(psf1_characters(data[4 + len(glyphs) * height:]))


def read_psf2(data):
    _, header_bytes, flags, count, glyph_bytes, height, width = struct.unpack("<7I", cut(data, 4, 28, "its header"))
    if not flags & PSF2_HAS_TABLE:
        raise BadFont("has no Unicode table")
    check_size(width, height)
    if glyph_bytes != HEIGHT:
        raise BadFont(f"has {glyph_bytes} bytes a glyph; {HEIGHT} are wanted")
    glyphs = glyphs_of(data, header_bytes, count, glyph_bytes)
    return glyphs, list(psf2_characters(data[header_bytes + count * glyph_bytes:]))


def read_font(data):
    """The glyphs, and a dictionary from character to glyph number."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise BadFont(f"cannot be unpacked: {error}") from None
    if data[:2] == PSF1_MAGIC:
        glyphs, characters = read_psf1(data)
    elif data[:4] == PSF2_MAGIC:
        glyphs, characters = read_psf2(data)
    else:
        raise BadFont("is no PSF font: it begins with " + (data[:4].hex() or "nothing"))
    if len(characters) != len(glyphs):
        raise BadFont(f"has {len(glyphs)} glyphs, and a Unicode table for {len(characters)}")
    return glyphs, {c: number for number, entry in enumerate(characters) for c in entry}


def check_needed(glyph_of):
    missing = [c for part in NEEDED for c in part if c not in glyph_of]
    if missing:
        raise BadFont(f"lacks needed characters: {len(missing)}, the first of them U+{missing[0]:04X}")


def sort_glyphs(glyphs, glyph_of):
    """Numbers the glyphs by their first character; characters that are not kept, and glyphs that stand for none, are left out."""
    glyph_of = {c: glyph_of[c] for c in sorted(glyph_of) if c in KEPT}
    new_number = {}
    for old in glyph_of.values():
        new_number.setdefault(old, len(new_number))
    return [glyphs[old] for old in new_number], {c: new_number[old] for c, old in glyph_of.items()}


def make_ranges(glyph_of):
    """[first, last, glyph of first] for characters and glyphs that go up together."""
    ranges = []
    for c, glyph in sorted(glyph_of.items()):
        if ranges and ranges[-1][1] == c - 1 and glyph - ranges[-1][2] == c - ranges[-1][0]:
            ranges[-1][1] = c
        else:
            ranges.append([c, c, glyph])
    return ranges


def changes(glyph, model):
    """Where the two differ, each row seen against the one above it: what the row's byte is to be XORed with."""
    difference = int.from_bytes(glyph, "little") ^ int.from_bytes(model, "little")
    return (difference ^ difference << 8).to_bytes(HEIGHT + 1, "little")[:HEIGHT]


def pack_glyph(glyphs, number):
    """The distance back to the glyph that this one is most like, 0 for an empty one; which rows change; the changes."""
    models = [(0, bytes(HEIGHT))] + [(d, glyphs[number - d]) for d in range(1, min(number, DISTANCE_MAX) + 1)]
    packed = [(distance, changes(glyphs[number], model)) for distance, model in models]
    distance, rows = max(packed, key=lambda entry: entry[1].count(0))
    mask = sum(1 << row for row, change in enumerate(rows) if change)
    return struct.pack("<BH", distance, mask) + bytes(change for change in rows if change)


def symbol(name, align, lines):
    return [f"    .globl {name}", f"    .hidden {name}", f"    .p2align {align}", f"{name}:"] + lines


def assembly(glyphs, ranges, replacement):
    shorts = [f"    .short {first:#06x}, {last:#06x}, {glyph}" for first, last, glyph in ranges]
    packed = [pack_glyph(glyphs, number) for number in range(len(glyphs))]
    lines = ["    .byte " + ", ".join(f"{byte:#04x}" for byte in entry) for entry in packed]
    return "\n".join(["/* Made by tools/font.py. Contract: core/font.h. */", '    .section .rodata.font, "a", %progbits']
                     + symbol("font_packed", 0, lines) + symbol("font_ranges", 1, shorts)
                     + symbol("font_packed_bytes", 1, [f"    .short {sum(map(len, packed))}"])
                     + symbol("font_glyph_count", 1, [f"    .short {len(glyphs)}"])
                     + symbol("font_range_count", 1, [f"    .short {len(ranges)}"])
                     + symbol("font_replacement", 1, [f"    .short {replacement}"])
                     + ['    .section .note.GNU-stack, "", %progbits', ""])


def convert(data):
    glyphs, glyph_of = read_font(data)
    check_needed(glyph_of)
    glyphs, glyph_of = sort_glyphs(glyphs, glyph_of)
    return assembly(glyphs, make_ranges(glyph_of), glyph_of[REPLACEMENT])


def main(font, out):
    try:
        with open(font, "rb") as file:
            text = convert(file.read())
    except (OSError, BadFont) as error:
        return f"font.py: {font} {error}" if isinstance(error, BadFont) else f"font.py: {error}"
    with open(out, "w", encoding="ascii") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else "usage: font.py FONT.psf[.gz] OUT.S")
