"""Every command of the monitor, typed by pexpect on the serial line of `make run` as a person would, and on the keyboard of a machine whose
screen is compared with what went to its serial line."""
import contextlib
import os
import re
import sys
import time

import pexpect
import pytest

import build
import screen
from boots import LIMIT_S, esp
from command_cases import CASES, answer_to_wrong, completions, helps
from qemu import Config
from qmp import QmpError
from terminal import Terminal

APP = "apps/monitor"
START_S, ANSWER_S = 300, 120       # a busy host may be slow
PROMPT = "\r> \x1b[K"
NEW_LINE = r"\r+\n"                # the terminal adds a CR of its own
CTRL_U = "\x15"


class Line:
    """The serial line of a machine that run.py started."""

    def __init__(self, folder, words="exit=qemu"):
        self.child = pexpect.spawn(sys.executable, [str(build.TOP / "tools/run.py"), str(build.loader(APP)), "--image", str(folder / "image"), "--smp", "2"],
                                   env=dict(os.environ, INGOT_ARGS=words), timeout=ANSWER_S, encoding="utf-8", codec_errors="replace")
        self.child.delaybeforesend = None
        self.child.expect_exact("`help` lists its commands", timeout=START_S)
        self.child.expect_exact(PROMPT)

    def ask(self, line):
        """What a line's commands print; lines of the log are left out."""
        self.child.send(f"{line}\r")
        self.child.expect(re.escape(f"\r> {line}\x1b[K") + NEW_LINE)
        self.child.expect_exact(PROMPT)
        said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", self.child.before)
        return "\n".join(row for row in said.split("\n") if not re.match(r"\[ *\d+\.\d+\] ", row)).strip("\n")

    def complete(self, typed):
        """The line that Tab makes of what is typed; it is taken back."""
        self.child.send(f"{typed}\t")
        self.child.expect(rf"\r> ({re.escape(typed)}[^\x1b\r]+)\x1b\[K")
        line = self.child.match.group(1)
        self.child.send(CTRL_U)
        self.child.expect_exact(PROMPT)
        return line

    def end(self):
        """run.py's status, and its words."""
        self.child.expect(pexpect.EOF, timeout=ANSWER_S)
        self.child.close()
        return self.child.exitstatus, self.child.before


@pytest.fixture
def line(tmp_path):
    lines = []

    def start(words="exit=qemu"):
        lines.append(Line(tmp_path, words))
        return lines[-1]

    yield start
    for one in lines:
        one.child.close(force=True)


def test_every_command_on_the_serial_line(line):
    user = line()
    text = helps(user.ask("help"))
    assert list(text) == sorted(text) and set(text) == set(CASES), "each command has its row of cases, and each row its command"
    for name, cases in CASES.items():
        assert cases.ends or cases.uses, name
        assert user.ask(f"help {name}") == f"{name} {text[name]}"
        for call, pattern in cases.uses:
            said = user.ask(call)
            assert re.search(pattern, said), f"{call}: {said}"
        for call, sentence in cases.wrong:
            assert user.ask(call) == answer_to_wrong(name, sentence, text[name]), call
        for typed, wanted in cases.completes:
            assert user.complete(typed) == wanted, typed
    for typed, wanted, listed in completions(list(text)):
        if listed:
            user.child.send(f"{typed}\t")
            user.child.expect(NEW_LINE + " ".join(listed) + NEW_LINE)
            user.child.send(CTRL_U)
            user.child.expect_exact(PROMPT)
        else:
            assert user.complete(typed) == wanted, typed
    user.child.send("exit 2+5\r")
    assert user.end()[0] == 7


def test_ctrl_c_ends_what_a_line_says(line):
    """Also where the command that runs is not the one that was typed; and nothing of it comes later."""
    user = line()
    for call in ("repeat 100 trace 10M/4096", "dump 0x1500000 16M; version", "run primes 4G-1"):
        user.child.send(f"{call}\r")
        user.child.expect(re.escape(f"\r> {call}\x1b[K") + NEW_LINE)
        user.child.send("\x03")
        user.child.expect(rf"\w+: interrupted{NEW_LINE}")
        user.child.expect_exact(PROMPT)
        assert "build" not in user.child.before
        assert user.ask("in 0x3fd").startswith("port 0x03fd")
    user.child.send("reboot\r")
    status, said = user.end()
    assert status == 0 and "reset itself" in said, said


# ---- keyboard and screen ----

KEYS = dict(zip(" -=[];',./\\`\t", ("spc", "minus", "equal", "bracket_left", "bracket_right", "semicolon", "apostrophe", "comma", "dot", "slash", "backslash",
                                   "grave_accent", "tab")))
SHIFTED = dict(zip("!@#$%^&*()_+{}:\"<>?|~", "1234567890-=[];',./\\`"))
BURST = 4                          # a PS/2 keyboard keeps sixteen codes
SCROLL_ROWS = int(re.search(r"DISPLAY_SCROLL_ROWS *= *(\d+)", (build.TOP / "core/display.h").read_text()).group(1))


def key_of(character):
    """QEMU's names of the keys of a US keyboard that make a character."""
    if character in SHIFTED or character.isupper():
        return ["shift", *key_of(SHIFTED.get(character, character.lower()))]
    return [KEYS.get(character, character)]


class Desk:
    """A machine with a keyboard, a screen, and a serial line on which nobody types."""

    def __init__(self, machine, path):
        self.machine, self.path, self.seen = machine, path, 0
        assert machine.wait_for(r"i8042: a keyboard answers", LIMIT_S), machine.text
        self.terminal = Terminal(*self.size(), SCROLL_ROWS)
        self.wait(lambda: self.terminal.line == "> ")
        self.press(["ctrl", "l"])
        self.wait(lambda: self.terminal.line == "> " and self.terminal.row == 0)

    def size(self):
        dump = screen.read_ppm(self.machine.screendump(self.path))
        return dump.width // 8, dump.height // 16

    def press(self, *chords):
        for chord in chords:
            for down in (True, False):
                self.machine.qmp.command("input-send-event", events=[
                    {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": name}}} for name in (chord if down else chord[::-1])])

    def wait(self, is_true):
        """Until it is so of the terminal that the serial line is shown on."""
        deadline = time.monotonic() + ANSWER_S
        while True:
            with self.machine.changed:
                self.terminal.feed(bytes(self.machine.serial_bytes[self.seen:]))
                self.seen = len(self.machine.serial_bytes)
            if is_true():
                return
            assert time.monotonic() < deadline, self.terminal.text
            with self.machine.changed:
                if len(self.machine.serial_bytes) == self.seen:
                    self.machine.changed.wait(1)

    def type(self, text):
        """Not faster than it is echoed."""
        before = self.terminal.line
        for at in range(0, len(text), BURST):
            self.press(*map(key_of, text[at:at + BURST]))
            self.wait(lambda so_far=before + text[:at + BURST]: self.terminal.line == so_far)

    def enter(self, line):
        """Types a line, and waits for the next prompt. The machine is idle then."""
        self.type(line)
        self.press(["ret"])
        self.wait(lambda: self.terminal.line == "> ")

    def clear(self):
        self.press(["ctrl", "u"], ["ctrl", "l"])
        self.wait(lambda: self.terminal.row == 0 and self.terminal.line == "> ")

    def compare(self):
        """The screen shows what the terminal does."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            self.wait(lambda: True)
            shown = screen.text_of(screen.read_ppm(self.machine.screendump(self.path)), 1).rstrip()
            if shown == self.terminal.text:
                return
            assert time.monotonic() < deadline, f"screen:\n{shown}\nserial line:\n{self.terminal.text}"


def test_every_command_on_keyboard_and_screen(machine, tmp_path):
    """A picture of each: its completion, its help, a use and a wrong one."""
    desk = Desk(machine(esp(APP, "exit=qemu mode=800x600"), Config(display="std", smp="2")), tmp_path / "dump")
    typed = {wanted.strip(): start for start, wanted, listed in completions(sorted(CASES)) if not listed}
    for name, cases in CASES.items():
        desk.clear()
        if name in typed:
            desk.type(f"help {typed[name]}")
            desk.press(["tab"])
            desk.wait(lambda said=f"> help {name} ": desk.terminal.line == said)
            desk.enter("")
        else:
            desk.enter(f"help {name}")
        assert re.search(rf"(?m)^{name} .*: \w", desk.terminal.text), desk.terminal.text
        for call, _ in cases.uses[:1] + cases.wrong[:1]:
            desk.enter(call)
        desk.compare()
    desk.clear()
    desk.type("poweroff")
    with contextlib.suppress(QmpError):        # the key that ends the machine may get no answer, or a late one
        desk.press(["ret"])
    assert desk.machine.wait(LIMIT_S).how == "poweroff"
