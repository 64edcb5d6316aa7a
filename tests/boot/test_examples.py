"""Examples are what their pages say: the first comment of each holds how it is started and what will be seen, and a boot is held against it.

A page's indented lines are, in this order: `make run` with its variables, and behind "What you will see" one step each:
    you type: TEXT                       on the serial port; Ctrl-D as such
    you press: KEY...                    on the keyboard, by QEMU's names
    on the screen: TEXT                  is there, in the console's font
    the middle of the screen turns: COLOR...                             one after the other
    the middle of the screen, from left to right: COLOR...               side by side
    the foot of the screen, from left to right: from COLOR to COLOR
    the speaker plays: FREQUENCY Hz
    anything else                        is a line on the serial port, behind those of before; ... stands for anything"""
import contextlib
import itertools
import pathlib
import re
import shlex
import statistics
import time
import wave

import pytest

import screen
from boots import LIMIT_S, Run, esp
from qemu import Config
from qmp import QmpGone

TOP = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ["apps/hello", *(f"apps/examples/{folder.name}" for folder in sorted((TOP / "apps/examples").iterdir()))]
SLOW = {"apps/examples/library"}        # it compiles a library
COLORS = {"black": (0, 0, 0), "white": (255, 255, 255), "red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255),
          "yellow": (255, 255, 0), "cyan": (0, 255, 255), "magenta": (255, 0, 255)}
PANIC_STATUS = 120
SPEAKER_STEP = "the speaker plays"


class Page:
    """An example's first comment: the variables of its `make run`, and the steps of what will be seen."""

    def __init__(self, app):
        comment = re.match(r"/\*(.*?)\*/", (TOP / app / "main.c").read_text(), re.DOTALL).group(1)
        lines = [line for line in re.findall(r"^ \*( .*)", comment.rstrip(), re.MULTILINE)]
        seen_from = next(number for number, line in enumerate(lines) if line.startswith(" What you will see"))
        started = next(line for line in lines[:seen_from] if line.startswith("     make run"))
        self.variables = dict(word.split("=", 1) for word in shlex.split(started)[2:])
        self.steps = [line[5:].rstrip() for line in lines[seen_from:] if line.startswith("     ")]

    def config(self):
        return Config(smp=self.variables.get("SMP", "1"), display=self.variables.get("DISPLAY", "none"))

    def ends_with(self):
        return PANIC_STATUS if any(step.startswith("PANIC") for step in self.steps) else 0


def line_pattern(step):
    """A line of the serial port; the log's time, CPU and level stand before it, or blanks."""
    return r"^(?:\[[ .\d]+\] \d+ \w+ +| *)" + ".*".join(map(re.escape, step.split("..."))) + "$"


def row_colors(dump, y):
    """The names of the colours of a line of pixels, those side by side once."""
    names = {color: name for name, color in COLORS.items()}
    line = dump.line(y)
    return [names.get(color, color) for color, _ in itertools.groupby(tuple(line[at:at + 3]) for at in range(0, len(line), 3))]


def wave_hz(path):
    """The frequency of what was heard, by how far one rising edge is from the next."""
    with wave.open(str(path)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        samples = memoryview(file.readframes(file.getnframes())).cast("h")[::channels].tolist()
    edges = [at for at in range(1, len(samples)) if samples[at - 1] <= 0 < samples[at]]
    return rate / statistics.mean(sorted(b - a for a, b in zip(edges, edges[1:]))[len(edges) // 4:-len(edges) // 4])


class Look:
    """One run of an example: a method for each kind of step."""

    def __init__(self, running, folder):
        self.running, self.dump_path, self.lines = running, folder / "dump", []

    def line(self, step):
        self.lines.append(line_pattern(step))
        assert self.running.wait_for(r"[\s\S]*?".join(self.lines), LIMIT_S), f"{step}\n{self.running.text}"

    def typed(self, text):
        self.running.send({"Ctrl-D": "\x04"}.get(text, text))

    def pressed(self, keys):
        with contextlib.suppress(QmpGone):      # the last key may end the machine before QEMU has answered for it
            self.running.type_keys(*keys.split())

    def wait_for_screen(self, look, wanted):
        """Until what look() makes of a screen dump is what is wanted; that dump."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            dump = screen.read_ppm(self.running.screendump(self.dump_path))
            seen = look(dump)
            if wanted(seen):
                return dump
            assert time.monotonic() < deadline, seen
            time.sleep(0.02)

    def wait_for_colors(self, wanted, y_of):
        return self.wait_for_screen(lambda dump: row_colors(dump, y_of(dump)), wanted)

    def on_screen(self, text):
        """At any scale: pictures beside it are no text at any."""
        self.wait_for_screen(lambda dump: [screen.text_of(dump, scale) for scale in (1, 2, 3)], lambda seen: any(text in one for one in seen))

    def turns(self, colors):
        for color in colors.split() * 2:
            self.wait_for_colors(lambda seen, color=color: seen[len(seen) // 2] == color and len(seen) in (1, 3), lambda dump: dump.height // 2)

    def side_by_side(self, colors):
        self.wait_for_colors(lambda seen: seen == colors.split(), lambda dump: dump.height // 2)

    def ramp(self, ends):
        first, last = re.fullmatch(r"from (\w+) to (\w+)", ends).groups()
        dump = self.wait_for_colors(lambda seen: (seen[0], seen[-1]) == (first, last), lambda dump: dump.height - 1)
        line = dump.line(dump.height - 1)
        levels = [line[at] for at in range(0, len(line), 3)]
        assert levels == sorted(levels) and len(set(levels)) == 256


STEPS = {"you type": Look.typed, "you press": Look.pressed, "on the screen": Look.on_screen,
         "the middle of the screen turns": Look.turns, "the middle of the screen, from left to right": Look.side_by_side,
         "the foot of the screen, from left to right": Look.ramp, SPEAKER_STEP: lambda look, hz: None}


@pytest.mark.parametrize("app", [pytest.param(app, marks=pytest.mark.full) if app in SLOW else app for app in EXAMPLES])
def test_what_you_will_see(machine, tmp_path, app):
    page = Page(app)
    sound = tmp_path / "sound.wav"
    speaker = ["-audiodev", f"wav,id=speaker,path={sound}", "-machine", "pcspk-audiodev=speaker"]
    tones = [step.split(": ")[1] for step in page.steps if step.startswith(SPEAKER_STEP)]
    running = machine(esp(app, f"exit=qemu {page.variables.get('ARGS', '')}"), page.config(), host_extra=speaker if tones else ())
    look = Look(running, tmp_path)
    for step in page.steps:
        kind, _, rest = step.partition(": ")
        STEPS[kind](look, rest) if kind in STEPS else look.line(step)
    run = Run(running)
    assert (run.end.how, run.end.status) == ("exit", page.ends_with()), f"{run.end}\n{run.text}"
    for tone in tones:
        assert abs(wave_hz(sound) - int(tone.removesuffix(" Hz"))) < 5, wave_hz(sound)


def test_the_readme_gives_an_order_to_all():
    listed = re.findall(r"^\d+\. `(apps/[\w/]+)`", (TOP / "README.md").read_text(), re.MULTILINE)
    assert listed[0] == EXAMPLES[0] and sorted(listed) == sorted(EXAMPLES), listed
