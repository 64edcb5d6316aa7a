"""polls.py: every loop of core, drivers and loader that looks at hardware is listed with its bound; what it finds, and what it leaves."""
import pytest

import polls


def test_every_loop_has_its_bound():
    assert list(polls.check(polls.listed(), polls.all_found())) == []


@pytest.mark.parametrize("code, heads", [
    ("while (port_read8(0x64) & 2)\n        ;", ["while (port_read8(0x64) & 2)"]),
    ("for (;;) { if (mmio_read32(a) & 1) break; }", ["for (;;)"]),
    ("do { x = time_ns(); } while (x < end);", ["do while (x < end);"]),
    ("do x = helper(); while (x);", ["do while (x);"]),                   # a function of the file that reads
    ("for (int i = 0; i < 3; i++) sum += i;", []),
    ("/* while (port_read8(1)) */ f(\"while (time_ns())\");", []),
    ("for (int i = 0; i < 3; i++) while (!atomic_load(&p)) cpu_relax();", ["for (int i = 0; i < 3; i++)", "while (!atomic_load(&p))"]),
])
def test_loops_are_found(code, heads):
    source = f"static int helper(void)\n{{\n    return port_read8(1);\n}}\n\nvoid subject(void)\n{{\n    {code}\n}}\n"
    assert [head for name, head, _ in polls.found_in(source) if name == "subject"] == heads


def test_what_is_not_listed_or_not_run_is_told(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/a.c").write_text("void runs_it(void)\n")
    loop = ("core/a.c", "f", "for (;;)")
    assert list(polls.check({}, [(*loop, 7)], tmp_path)) == ["core/a.c:7: a loop of f() that is not listed: for (;;)"]
    assert list(polls.check({loop: ("10 reads", "a.c:runs_it")}, [(*loop, 7)], tmp_path)) == []
    assert "nothing runs it" in list(polls.check({loop: ("10 reads", "a.c:gone")}, [(*loop, 7)], tmp_path))[0]
    assert list(polls.check({loop: ("items: ports", "-")}, [], tmp_path)) == ["no such loop: core/a.c | f | for (;;)"]
