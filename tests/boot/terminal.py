"""A terminal of our own, for what the target sends to its serial port: what must then be on its screen as well.

Source: ECMA-48, "Control Functions for Coded Character Sets": CR, LF, BS, and CUB, CUP to the first place, ED, EL, SGR, DECTCEM."""
import re

SEQUENCE = re.compile(rb"\x1b\[([0-9;?=]*)([A-Za-z])")


class Terminal:
    """Text in rows; what goes beyond the last column goes on in the next row. Past the last row, all of it moves up by `scroll` rows."""

    def __init__(self, columns, rows, scroll=1):
        self.columns, self.rows, self.scroll = columns, rows, scroll
        self.cells, self.row, self.column, self.rest = [[]], 0, 0, b""

    def feed(self, data):
        data, at = self.rest + data, 0
        while at < len(data):
            if data[at] != 0x1B:
                self._put(data[at])
                at += 1
                continue
            sequence = SEQUENCE.match(data, at)
            if not sequence:
                break
            self._obey(sequence.group(1).decode(), sequence.group(2).decode())
            at = sequence.end()
        self.rest = data[at:]

    def _next_row(self):
        self.column = 0
        self.row += 1
        if self.row == len(self.cells):
            self.cells.append([])
        if len(self.cells) > self.rows:
            del self.cells[:self.scroll]
            self.row -= self.scroll

    def _put(self, byte):
        if byte == 0x0D:
            self.column = 0
        elif byte == 0x0A:
            self._next_row()
        elif byte == 0x08:
            self.column -= self.column > 0
        elif byte >= 0x20:
            if self.column == self.columns:
                self._next_row()
            line = self.cells[self.row]
            line += " " * (self.column + 1 - len(line))
            line[self.column] = chr(byte)
            self.column += 1

    def _obey(self, parameter, final):
        if final == "D":
            self.column = max(0, min(self.column, self.columns - 1) - int(parameter or 1))
        elif final == "K":
            del self.cells[self.row][self.column:]
        elif final == "H":
            self.row = self.column = 0
        elif final == "J":
            self.cells = [[] for _ in self.cells]

    @property
    def line(self):
        """The row that the cursor is in."""
        return "".join(self.cells[self.row])

    @property
    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.cells).rstrip()
