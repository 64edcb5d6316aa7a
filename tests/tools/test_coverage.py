"""coverage.py compares what was not reached with the reasons that are given for it."""
import collections
import pathlib
import subprocess

import pytest

import coverage

TOP = pathlib.Path(__file__).resolve().parents[2]
FILE = """; words
# A reason
efi/a.c: 2 of: if (a || b)
efi/b.c: up to 1 of: while (c)
""".splitlines()


def found(**places):
    return collections.Counter({(f"efi/{name}.c", text): count for name, (text, count) in places.items()})


def test_what_is_explained_is_not_told(capsys):
    assert coverage.compare(found(a=("if (a || b)", 2), b=("while (c)", 1)), *coverage.explained(FILE)) == 0
    assert coverage.compare(found(a=("if (a || b)", 2)), *coverage.explained(FILE)) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("places, told", [
    ({"a": ("if (a || b)", 3)}, "efi/a.c: 3 branches not taken, 2 have a reason: if (a || b)"),
    ({"a": ("if (a || b)", 1)}, "efi/a.c: 1 branches not taken, 2 have a reason: if (a || b)"),
    ({"a": ("if (a || b)", 2), "c": ("for (;;)", 1)}, "efi/c.c: 1 branches not taken, 0 have a reason: for (;;)"),
])
def test_what_is_not_or_no_longer_true_is_told(capsys, places, told):
    assert coverage.compare(found(**places), *coverage.explained(FILE)) == 1
    assert capsys.readouterr().out.strip() == told


def test_a_line_without_a_reason_is_refused():
    with pytest.raises(SystemExit, match="neither a reason nor"):
        coverage.explained(["efi/a.c: 2 of: if (a)"])


@pytest.mark.full
def test_all_is_reached_or_explained():
    done = subprocess.run(["make", "-C", TOP, "-s", "coverage"], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0 or "without real machines" in done.stderr, done.stdout + done.stderr
