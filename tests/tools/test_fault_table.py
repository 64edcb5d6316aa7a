"""The list of faults: what is in it makes sense, and what was not seen, or seen otherwise, is found."""
import pytest

import faults

ROW = {"rig": "M", "fault": "something", "want": "R", "says": ["^W: ."], "by": "loader"}


def test_the_list_is_sound():
    rows = faults.load()
    assert len(rows) > 250 and {row["rig"] for row in rows.values()} == set("MCQGTF")
    hosts = {row["by"] for row in rows.values() if "by" in row and not row["by"].startswith("test_")}
    assert all((faults.TOP / f"tests/host/test_{name.removesuffix('_debug')}.c").exists() for name in hosts), hosts
    boots = {row["by"] for row in rows.values() if row.get("by", "").startswith("test_")}
    assert all((faults.TOP / f"tests/boot/{name}.py").exists() for name in boots), boots


@pytest.mark.parametrize("line", ['x = {rig="M", fault="f", want="R"}', 'x = {rig="Z", fault="f", want="R", by="b"}', 'x = {rig="M", fault="f", by="b"}',
                                  'x = {rig="M", fault="f", want="R", by="b", wants="R"}', 'x = {rig="M", fault="f", want="R", by="b", chaos="c"}'])
def test_a_row_that_makes_no_sense(tmp_path, line):
    (tmp_path / "list").write_text(f"[A1]\n{line}\n")
    with pytest.raises(ValueError):
        faults.load(tmp_path / "list")


@pytest.mark.parametrize("text, lacks, letter", [
    ("READY 1 cpu\nmain returned 0", (), "R"), ("READY degraded=serial,nx 1 cpu\nmain returned 0", (), "D"),
    ("READY degraded=display 1 cpu\nmain returned 0", ("display",), "R"), ("READY degraded=display,nx 1 cpu\nmain returned 0", ("display",), "D"),
    ("READY 1 cpu\nREADY", (), "-"), ("nothing", (), "-"), ("REFUSED READ: x", (), "X"), ("READY 1 cpu\nPANIC X: y", (), "H"),
    ("PANIC X: y\nefi: run 1 ended in PANIC X: y\nREADY\nmain returned", (), "L"), ("he said PANIC", (), "-")])
def test_outcomes(text, lacks, letter):
    assert faults.outcome_of(text, lacks) == letter


@pytest.mark.parametrize("seen, full, good", [
    ([("R", "W: x")], False, True), ([("R", "W: x"), ("R", "a\nW: y")], False, True), ([("R", "W: x"), ("R", "")], False, False),
    ([("D", "W: x")], False, False), ([("R", "W: x"), ("H", "W: x")], False, False), ([], False, False), ([("s", "no QEMU")], False, None)])
def test_judging(seen, full, good):
    assert faults.judge_row(ROW, seen, full)[1] is good


def test_rows_that_need_not_be_run(tmp_path, monkeypatch):
    assert faults.judge_row({**ROW, "full": True}, [], False)[1] is None
    assert faults.judge_row({**ROW, "full": True}, [], True)[1] is False
    monkeypatch.setenv("INGOT_TEST_FOLDER", str(tmp_path / "absent"))
    assert faults.judge_row({**ROW, "needs": "INGOT_TEST_FOLDER"}, [], True)[1] is None
    assert faults.judge_row({"rig": "Q", "fault": "f", "later": "why"}, [], True)[1] is None


def test_reports_are_kept_and_strangers_are_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(faults, "SEEN", tmp_path / "seen")
    faults.report("A1.once", "R", "one\ntwo")
    faults.report("A1.once", "H", "")
    assert faults.seen_of("A1.once") == [("R", "one\ntwo"), ("H", "")]
    faults.report("Z9.nobody", "R", "")
    faults.judge(only_bad=True)
    assert "Z9.nobody" in capsys.readouterr().out
