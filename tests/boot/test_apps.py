"""The applications that measure and draw: their tables add up, and the screen shows what they say."""
import itertools
import re
import struct
import time

import pytest

import held_cpu
import screen
from boots import esp
from qemu import Config

LIMIT_S = 120                  # a busy host shares its CPUs among the machine's
WIDTH, HEIGHT = 640, 480


def run_to_end(machine, app, words, cpus, display="std"):
    """A machine on which main has returned 0, its log there and its screen as main left it."""
    running = machine(esp(app, f"exit=halt mode={WIDTH}x{HEIGHT} {words}"), Config(smp=str(cpus), display=display))
    assert running.wait_for(r"main returned 0", LIMIT_S), running.text
    return running


def pixel(dump, x, y):
    return tuple(dump.line(y)[3 * x:3 * x + 3])


# ---- jitter ----

def jitter_rows(text):
    """{(cpu, phase): {column: number}}; smi is None where the CPU does not count them."""
    names = re.search(r"^jitter +(cpu irq .*)", text, re.MULTILINE).group(1).split()[2:]
    rows = {}
    for line in re.findall(r"^jitter-row +(.*)", text, re.MULTILINE):
        cpu, phase, *values = line.split()
        assert len(values) == len(names), line
        rows[cpu, phase] = dict(zip(names, (None if value == "-" else float(value) if "." in value else int(value) for value in values)))
    return rows


def jitter_lists(text, kind, mark):
    """{(cpu, phase): [(number, number), ...]}"""
    return {(cpu, phase): [tuple(map(int, pair.split(mark))) for pair in pairs.split()]
            for cpu, phase, pairs in re.findall(rf"^jitter-{kind} +(\w+) (on|off) *(.*)", text, re.MULTILINE)}


def check_jitter_sums(rows, cpus):
    for phase in ("on", "off"):
        ones = [rows[str(cpu), phase] for cpu in range(cpus)]
        for name in ("loops", "watched_ns", "gaps", "lost_ns"):
            assert rows["all", phase][name] == sum(one[name] for one in ones), name
        assert rows["all", phase]["worst_ns"] == max(one["worst_ns"] for one in ones)
        assert rows["all", phase]["min_ps"] == min(one["min_ps"] for one in ones)


def check_jitter_row(row, bins, worst):
    assert row["loops"] > row["gaps"] and row["watched_ns"] > 0 and row["min_ps"] <= row["median_ps"], row
    assert abs(row["lost_ppm"] - row["lost_ns"] * 1e6 / row["watched_ns"]) < 0.01, row
    assert row["worst_ns"] <= row["lost_ns"] <= row["watched_ns"], row
    assert row["gaps"] == sum(count for _, count in bins), (row, bins)
    assert sum(start * count for start, count in bins) <= row["lost_ns"], (row, bins)
    assert worst == sorted(worst, reverse=True) and (worst[:1] or [(0, 0)]) == [(row["worst_ns"], row["worst_at_ns"])], (row, worst)


PANEL, BINS_AT, BIN_WIDTH, ROWS_Y, ROWS_ROOM, ROW_MAX = 308, 40, 9, 104, 232, 128      # of the picture at 640x480
BINS = [digit * 10 ** power for power in range(2, 9) for digit in (1, 2, 5)][:19]


def bars(dump, phase, number, cpus):
    """How many bars stand in the column of fields of bin `number`."""
    x = 8 + (PANEL + 8 if phase == "off" else 0) + BINS_AT + number * BIN_WIDTH + 2
    column = [pixel(dump, x, y) for y in range(ROWS_Y, ROWS_Y + cpus * min(ROW_MAX, ROWS_ROOM // cpus))]
    return sum(colored for colored, _ in itertools.groupby(column, key=lambda color: max(color) - min(color) > 60))


@pytest.mark.parametrize("cpus", [pytest.param(1, marks=pytest.mark.full), 4])
def test_jitter(machine, tmp_path, cpus):
    running = run_to_end(machine, "apps/jitter", "1", cpus)
    rows, bins, worst = jitter_rows(running.text), jitter_lists(running.text, "bins", ":"), jitter_lists(running.text, "worst", "@")
    assert len(rows) == 2 * (cpus + 1), running.text
    check_jitter_sums(rows, cpus)
    for (cpu, phase), row in rows.items():
        check_jitter_row(row, bins.get((cpu, phase), []), worst.get((cpu, phase), []) if cpu != "all" else [(row["worst_ns"], row["worst_at_ns"])])
    assert re.search(r"interrupts on: 1 of 1 s", running.text), running.text

    dump = screen.read_ppm(running.screendump(tmp_path / "dump"))
    assert re.search(rf"jitter   {cpus} CPUs?  .*MHz   done +2 of 2 s", screen.row_text(dump, 8, 1)), screen.row_text(dump, 8, 1)
    for phase, (number, start) in itertools.product(("on", "off"), enumerate(BINS)):
        seen = sum(any(at == start for at, _ in bins.get((str(cpu), phase), [])) for cpu in range(cpus))
        assert bars(dump, phase, number, cpus) == seen, (phase, start, bins)


def test_jitter_without_a_display(machine):
    running = run_to_end(machine, "apps/jitter", "1", 2, display="none")
    check_jitter_sums(jitter_rows(running.text), 2)


HELD_S, HELD_THREAD = 1.5, 2   # CPU 1


def hold_inside(stub, thread, function):
    """Holds a CPU while it is in a function of jitter's, and lets all others run."""
    places = sorted(held_cpu.symbols("apps/jitter").values())
    start = held_cpu.symbols("apps/jitter")[function]
    past = next(place for place in places if place > start)
    for _ in range(100):
        stub.stop()
        inside = start <= stub.rip(thread) < past
        stub.run(without=[thread] if inside else [])
        time.sleep(HELD_S if inside else 0.05)
        if inside:
            stub.stop()
            stub.run()
            return
    raise AssertionError(f"it is never in {function}")


def test_jitter_sees_that_a_cpu_was_held(stubbed):
    running, stub = stubbed(esp("apps/jitter", "exit=halt 4"), Config(smp="2"))
    stub.run()
    before = running.wait_for(r"^\[ *(\d+\.\d+)\] .*interrupts on: 1 of 4 s", LIMIT_S)
    assert before, running.text
    hold_inside(stub, HELD_THREAD, "watch")
    after = running.wait_for(r"^\[ *(\d+\.\d+)\] .*interrupts off: 1 of 4 s", LIMIT_S)
    assert after and running.wait_for(r"main returned 0", LIMIT_S), running.text
    rows = jitter_rows(running.text)            # on a slow host its time may be up before it is found there: then in the second half
    row = max((rows["1", "on"], rows["1", "off"]), key=lambda row: row["worst_ns"])
    assert row["worst_ns"] > (HELD_S - 0.1) * 1e9, running.text
    assert float(before.group(1)) < row["worst_at_ns"] / 1e9, running.text


# ---- mandel ----

SHADES, TOP, EDGE = 1024, 32, 8
KEYS = [(0x08, 0x10, 0x38), (0x18, 0x48, 0x98), (0x48, 0xb0, 0xd8), (0xf4, 0xf6, 0xe8),
        (0xf8, 0xc0, 0x40), (0xc8, 0x50, 0x28), (0x48, 0x14, 0x38), (0x08, 0x10, 0x38)]
INSIDE = (0x04, 0x06, 0x10)


def log2_straight(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0] * 2.0 ** -52 - 1023


def mandel_color(x, y, most):
    """The colour of a pixel of the picture: of the set from -0.65 - i 1.25 down to -0.65 + i 1.25."""
    width, height = WIDTH - EDGE, HEIGHT - TOP
    step = 2.5 / height
    point = complex(-0.65 + (x - width * 0.5) * step, (y - height * 0.5) * step)
    z, count = 0j, 0
    while count < most and z.real * z.real + z.imag * z.imag <= 256:
        z = complex(z.real * z.real - z.imag * z.imag + point.real, 2 * z.real * z.imag + point.imag)
        count += 1
    square = z.real * z.real + z.imag * z.imag
    if square <= 256:
        return INSIDE
    smooth = count + 1 - log2_straight(log2_straight(square) / 8)
    key, part = divmod(int(log2_straight(smooth + 1) * 340) % SHADES * (len(KEYS) - 1), SHADES)
    return tuple((one * (SHADES - part) + other * part) // SHADES for one, other in zip(KEYS[key], KEYS[key + 1]))


def mandel_rows(text):
    """[[cpus, ns, percent, iterations], ...]"""
    return [list(map(int, line.split())) for line in re.findall(r"^mandel-row +(.*)", text, re.MULTILINE)]


@pytest.mark.parametrize("cpus, passes", [(1, [1]), (4, [1, 2, 4])])
def test_mandel(machine, tmp_path, cpus, passes):
    running = run_to_end(machine, "apps/mandel", "40 once", cpus)
    rows = mandel_rows(running.text)
    assert [row[0] for row in rows] == passes, running.text
    assert len({row[3] for row in rows}) == 1 and rows[0][3] > 0, "each pass draws the same picture"
    assert all(row[2] == rows[0][1] * 100 // row[1] for row in rows), rows

    dump = screen.read_ppm(running.screendump(tmp_path / "dump"))
    points = list(itertools.product(range(3, WIDTH - EDGE, 21), range(2, 350, 17)))       # above the table
    wrong = [(x, y) for x, y in points if pixel(dump, x, TOP + y) != mandel_color(x, y, 40)]
    assert not wrong, f"{len(wrong)} of {len(points)}: {wrong[:5]}"
    assert len({pixel(dump, x, TOP + y) for x, y in points}) > 50, "a picture has many colours"
    assert re.search(rf"mandel   {cpus} CPUs?: \d+\.\d\d times as fast", screen.row_text(dump, 4, 1).strip()), screen.row_text(dump, 4, 1)


@pytest.mark.parametrize("words, seen, key", [("40", r"times as fast as one", "q"), ("1000000", r"1 of 2 CPUs.*: \d+ %", "\x1b")])
def test_mandel_is_left_by_a_key(machine, words, seen, key):
    running = machine(esp("apps/mandel", f"exit=halt mode={WIDTH}x{HEIGHT} {words}"), Config(smp="2", display="std"))
    assert running.wait_for(seen, LIMIT_S), running.text
    running.send(key)
    assert running.wait_for(r"left by a key[^$]*main returned 0", LIMIT_S), running.text


def test_mandel_without_a_display(boot):
    run = boot("apps/mandel", "40", Config(smp="2")).must_be_good()
    assert re.search(r"no display: .* into memory", run.text) and len(mandel_rows(run.text)) == 2, run.text
