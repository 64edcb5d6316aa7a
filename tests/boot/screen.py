"""Reads a screen dump back into text: cells of the font that the core draws with, at any whole scale.

A cell's background is its most frequent colour; its other pixels are the glyph."""
import dataclasses
import functools
import pathlib

import font

FONT = pathlib.Path("/usr/share/consolefonts/Unifont-APL8x16.psf.gz")      # Debian package psf-unifont
UNREADABLE = "\N{REPLACEMENT CHARACTER}"


@functools.lru_cache(maxsize=None)
def characters():
    """{dots: character}; where several characters look the same, an ASCII one."""
    glyphs, glyph_of = font.read_font(FONT.read_bytes())
    return {glyphs[number]: chr(character) for character, number in sorted(glyph_of.items(), reverse=True) if character >= font.SPACE}


@dataclasses.dataclass
class Dump:
    """A screen dump: three bytes a pixel."""
    width: int
    height: int
    pixels: bytes

    def line(self, y):
        return self.pixels[y * self.width * 3:(y + 1) * self.width * 3]


def read_ppm(path):
    data = pathlib.Path(path).read_bytes()
    magic, width, height, top = data.split(maxsplit=4)[:4]
    assert magic == b"P6" and top == b"255"
    return Dump(int(width), int(height), data[len(data) - int(width) * int(height) * 3:])


@functools.lru_cache(maxsize=100000)
def read_cell(dots):
    """The character of a cell, whose pixels are given line by line."""
    pixels = [dots[at:at + 3] for at in range(0, len(dots), 3)]
    background = max(set(pixels), key=pixels.count)
    set_dots = "".join("0" if pixel == background else "1" for pixel in pixels)
    glyph = int(set_dots, 2).to_bytes(font.HEIGHT, "big")
    inverse = bytes(byte ^ 0xFF for byte in glyph)
    return characters().get(glyph) or characters().get(inverse) or UNREADABLE


def row_text(dump, y, scale):
    """A row of cells as text. Of each dot that is drawn as a block, the upper left pixel is looked at."""
    lines = [dump.line(y + dot * scale) for dot in range(font.HEIGHT)]
    if all(line == line[:3] * dump.width for line in lines):
        return ""
    if scale > 1:
        lines = [b"".join(line[at:at + 3] for at in range(0, len(line), 3 * scale)) for line in lines]
    cell_bytes = 3 * font.WIDTH
    cells = range(0, len(lines[0]) // cell_bytes * cell_bytes, cell_bytes)
    return "".join(read_cell(b"".join(line[at:at + cell_bytes] for line in lines)) for at in cells).rstrip()


def text_of(dump, scale):
    """All rows of cells, without spaces at their ends."""
    cell_height = font.HEIGHT * scale
    return "\n".join(row_text(dump, y, scale) for y in range(0, dump.height - cell_height + 1, cell_height))


def read_text(path):
    """The text on the screen, at the scale at which most of it can be read."""
    dump = read_ppm(path)
    texts = [text_of(dump, scale) for scale in (1, 2, 3)]
    return min(texts, key=lambda text: (text.count(UNREADABLE), -len(text.strip())))
