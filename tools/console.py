#!/usr/bin/python3
"""console.py SOURCE: reads a log as it comes, colours and filters it, marks panics and says where their addresses lie.

SOURCE is a serial port or a pseudo-terminal (/dev/ttyUSB0), tcp:HOST:PORT or unix:PATH (a server's socket, QEMU's for example), a file,
which is followed as it grows, or - for what is piped in. Lines may be text or JSON (log=json); both are shown the same way.
Addresses in a panic are looked up in the core's ELF (addr2line), wherever the loader put it: the log says so."""
import argparse
import json
import os
import pathlib
import re
import socket
import stat
import subprocess
import sys
import termios
import time
import tty

from elftools.elf.elffile import ELFFile

TOP = pathlib.Path(__file__).resolve().parents[1]
LEVELS = ["none", "error", "warn", "info", "debug"]
COLORS = {"error": "\033[1;31m", "warn": "\033[1;33m", "debug": "\033[2m", "panic": "\033[1;37;41m", "place": "\033[36m"}
PLAIN = "\033[0m"
POLL_S = 0.2
LINE = re.compile(r"\[ *(?P<time>\d+\.\d{6})\] (?P<cpu>\d+) (?P<level>error|warn|info|debug) +(?P<subsystem>[^ :]+): (?P<text>.*)")
AT_IMAGE = re.compile(r"at (0x[0-9a-f]+) \(image \+ (0x[0-9a-f]+)\)")
CORE_AT = re.compile(r"\bcore at (0x[0-9a-f]+)\b")
ADDRESS = re.compile(r"\b(?:0x([0-9a-f]{5,16})|([0-9a-f]{16}))\b")


def printable(text):
    return "".join(c for c in text if c.isprintable() or c == "\t")


class Line:
    """One line of a log in either form; level is raw where it has no prefix."""

    def __init__(self, shown):
        self.shown, self.level, self.subsystem, self.text = shown, "raw", "", shown
        if shown.startswith("{"):
            self._from_json(shown)
        elif (found := LINE.fullmatch(shown)):
            self.level, self.subsystem, self.text = found["level"], found["subsystem"], found["text"]

    def _from_json(self, shown):
        try:
            fact = json.loads(shown)
            ns, cpu, level, subsystem, text = (fact[name] for name in ("ns", "cpu", "level", "subsystem", "text"))
            ns, cpu = int(ns), int(cpu)
        except (ValueError, KeyError, TypeError):
            return
        self.level, self.subsystem, self.text = (printable(str(word)) for word in (level, subsystem, text))
        self.shown = self.text if self.level == "raw" else \
            f"[{ns // 10 ** 9:5}.{ns // 1000 % 10 ** 6:06}] {cpu} {self.level:<5} {self.subsystem}: {self.text}"

    @property
    def is_panic(self):
        return self.level == "raw" and self.text.startswith("PANIC ")


class Core:
    """The core's ELF: names for addresses, once it is known how far it was moved. Without a file nothing is named."""

    def __init__(self, path):
        self.path, self.moved, self.start, self.text = path, 0, 0, (0, 0)
        if path is None:
            return
        with open(path, "rb") as file:
            elf = ELFFile(file)
            symbols = elf.get_section_by_name(".symtab").get_symbol_by_name("core_start_address")
            section = elf.get_section_by_name(".text")
            self.start = symbols[0]["st_value"] if symbols else 0
            self.text = section["sh_addr"], section["sh_addr"] + section["sh_size"]

    def learn(self, text):
        """Takes from a line where the image is."""
        if (found := AT_IMAGE.search(text)):
            address, offset = (int(number, 16) for number in found.groups())
            self.moved = address - offset - self.start
        elif (found := CORE_AT.search(text)):
            self.moved = int(found[1], 16) - self.start

    def places(self, text):
        """(address, words) for each address of code in text; an inlined function is followed by those that it is part of."""
        found = dict.fromkeys(int(a or b, 16) for a, b in ADDRESS.findall(text))
        ours = [address for address in found if self.text[0] <= address - self.moved < self.text[1]]
        if not ours:
            return []
        done = subprocess.run(["addr2line", "-e", self.path, "-fip", *(hex(address - self.moved) for address in ours)],
                              capture_output=True, text=True)
        words = re.split(r"\n(?! \(inlined)", done.stdout.strip())
        return [(address, re.sub(r" \(discriminator \d+\)|(?<= at )(\./)+", "", where).replace("\n ", ", ")) for address, where in zip(ours, words)]


class Console:
    def __init__(self, core, out, level="debug", only=(), without=(), color=True):
        self.core, self.out, self.color = core, out, color
        self.level, self.only, self.without = LEVELS.index(level), set(only), set(without)
        self.in_panic = False

    def wants(self, line):
        if line.level not in LEVELS:
            return True
        return LEVELS.index(line.level) <= self.level and line.subsystem not in self.without and \
            (not self.only or line.subsystem in self.only)

    def write(self, text, kind):
        color = COLORS.get(kind, "") if self.color else ""
        self.out.write(f"{color}{text}{PLAIN if color else ''}\n")

    def show(self, shown):
        line = Line(shown)
        self.core.learn(line.text)
        if line.is_panic:
            self.in_panic = True
            self.write("=" * 20 + " panic " + "=" * 20, "panic")
        elif line.level != "raw":
            self.in_panic = False
        if self.wants(line):
            self.write(line.shown, "panic" if line.is_panic else line.level)
        if self.in_panic:
            for address, where in self.core.places(line.text):
                self.write(f"      {address:#x} is {where}", "place")
        self.out.flush()


def harmless(data):
    """Text without what could steer this terminal."""
    return printable(re.sub(r"\x1b\[[0-9;?]*[@-~]", "", data.decode(errors="replace")))


def lines_of(pieces):
    """Lines from pieces of bytes. What is left at the end counts as one."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (harmless(line.rstrip(b"\r")) for line in lines)
    if rest:
        yield harmless(rest.rstrip(b"\r"))


def from_descriptor(number):
    while True:
        try:
            piece = os.read(number, 65536)
        except OSError:              # a pseudo-terminal whose other side is gone
            return
        if not piece:
            return
        yield piece


def from_file(path, follow):
    with open(path, "rb") as file:
        while True:
            if (piece := file.read(65536)):
                yield piece
            elif not follow:
                return
            else:
                time.sleep(POLL_S)


def from_socket(peer):
    while (piece := peer.recv(65536)):
        yield piece


def set_speed(number, baud):
    """8N1 at that speed, bytes as they come."""
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        sys.exit(f"console: {baud} baud is no speed that this system knows")
    tty.setraw(number, termios.TCSANOW)
    attributes = termios.tcgetattr(number)
    attributes[4] = attributes[5] = speed
    termios.tcsetattr(number, termios.TCSANOW, attributes)


def open_source(source, baud, follow):
    """Pieces of bytes as they come."""
    if source == "-":
        return from_descriptor(sys.stdin.fileno())
    if source.startswith("tcp:"):
        host, _, port = source[4:].rpartition(":")
        return from_socket(socket.create_connection((host, int(port))))
    if source.startswith("unix:"):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(source[5:])
        return from_socket(peer)
    if not stat.S_ISCHR(os.stat(source).st_mode):
        return from_file(source, follow)
    number = os.open(source, os.O_RDWR | os.O_NOCTTY)
    set_speed(number, baud)
    return from_descriptor(number)


def words(text):
    return [word for word in text.split(",") if word]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--baud", type=int, default=115200, help="of a serial port (115200)")
    parser.add_argument("--level", choices=LEVELS, default="debug", help="show lines up to this one; lines without a level are always shown")
    parser.add_argument("--only", type=words, default=[], metavar="SUBSYSTEM,...")
    parser.add_argument("--without", type=words, default=[], metavar="SUBSYSTEM,...")
    parser.add_argument("--core", type=pathlib.Path, default=TOP / "build/x86_64/core.elf", help="the ELF that runs (build/x86_64/core.elf)")
    parser.add_argument("--color", choices=["auto", "always", "never"], default="auto")
    parser.add_argument("--once", action="store_true", help="a file is read to its end and not followed")
    args = parser.parse_args()
    if not args.core.exists():
        print(f"console: {args.core} is not there: addresses are not named", file=sys.stderr)
        args.core = None
    color = args.color == "always" or (args.color == "auto" and sys.stdout.isatty())
    console = Console(Core(args.core), sys.stdout, args.level, args.only, args.without, color)
    try:
        for line in lines_of(open_source(args.source, args.baud, not args.once)):
            console.show(line)
    except (OSError, ValueError) as error:
        sys.exit(f"console: {args.source}: {error}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
