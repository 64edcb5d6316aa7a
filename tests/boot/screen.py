"""Reads a screen dump back into text: cells of the font that the core draws with, at any whole scale.

A cell's background is its most frequent colour; its other pixels are the glyph. Glyphs come from the same PSF file as the core's.
Source: PSF version 2, as Linux' console tools have it (psf2_header)."""
import dataclasses
import functools
import glob
import gzip
import struct

FONTS = "/usr/share/consolefonts/Unifont-APL8x16.psf.gz"      # Debian package psf-unifont
GLYPH_WIDTH, GLYPH_HEIGHT = 8, 16


@functools.lru_cache(maxsize=None)
def glyphs():
    """{rows: character}, the first character of each glyph that is printable ASCII or else any."""
    data = gzip.open(glob.glob(FONTS)[0]).read()
    magic, _, header, has_table, count, glyph_bytes, height, width = struct.unpack_from("<8I", data)
    assert (magic, height, width, has_table) == (0x864AB572, GLYPH_HEIGHT, GLYPH_WIDTH, 1)
    table = data[header + count * glyph_bytes:].split(b"\xff")
    found = {}
    for index in range(count):
        rows = data[header + index * glyph_bytes:header + (index + 1) * glyph_bytes]
        for character in table[index].split(b"\xfe")[0].decode(errors="replace"):
            if rows not in found or character.isascii():
                found[rows] = character
    found[bytes(GLYPH_HEIGHT)] = " "
    found.pop(b"\xff" * GLYPH_HEIGHT, None)
    return found


@dataclasses.dataclass
class Dump:
    """A screen dump: three bytes a pixel."""
    width: int
    height: int
    pixels: bytes

    def row(self, x, y, count, scale):
        """count pixels of a line, each the upper left one of a block of scale pixels."""
        start = (y * self.width + x) * 3
        line = self.pixels[start:start + count * scale * 3]
        return [line[at:at + 3] for at in range(0, len(line), 3 * scale)]


def read_ppm(path):
    data = open(path, "rb").read()
    magic, width, height, top, pixels = data.split(maxsplit=3)[0], *data.split(maxsplit=4)[1:4], None
    assert magic == b"P6" and top == b"255"
    return Dump(int(width), int(height), data[len(data) - int(width) * int(height) * 3:])


def read_cell(dump, x, y, scale):
    """The character at a cell; "\N{REPLACEMENT CHARACTER}" for what is in no glyph."""
    rows = [dump.row(x, y + line * scale, GLYPH_WIDTH, scale) for line in range(GLYPH_HEIGHT)]
    flat = [pixel for row in rows for pixel in row]
    background = max(set(flat), key=flat.count)
    bits = bytes(sum((pixel != background) << (7 - at) for at, pixel in enumerate(row)) for row in rows)
    inverse = bytes(~byte & 0xFF for byte in bits)
    return glyphs().get(bits) or glyphs().get(inverse) or "\N{REPLACEMENT CHARACTER}"


def text_of(dump, scale):
    """All lines of cells, without spaces at their ends."""
    cell_width, cell_height = GLYPH_WIDTH * scale, GLYPH_HEIGHT * scale
    return "\n".join("".join(read_cell(dump, x, y, scale) for x in range(0, dump.width - cell_width + 1, cell_width)).rstrip()
                     for y in range(0, dump.height - cell_height + 1, cell_height))


def read_text(path):
    """The text on the screen, at the scale at which most of it can be read."""
    dump = read_ppm(path)
    texts = [text_of(dump, scale) for scale in (1, 2, 3)]
    return min(texts, key=lambda text: (text.count("\N{REPLACEMENT CHARACTER}"), -len(text.strip())))
