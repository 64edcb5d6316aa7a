"""check.py sees each thing that it looks for, and test.py counts what there was."""
import pathlib

import pytest

import check
import test as test_tool


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Writes files into a tree of their own, and returns what a check finds there."""
    monkeypatch.setattr(check, "TOP", tmp_path)

    def findings(kind, files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return list(check.CHECKS[kind](sorted(files)))
    return findings


@pytest.mark.parametrize("name, line, allowed", [
    ("apps/hello/main.c", "#include <ingot/log.h>", True),
    ("apps/hello/main.c", '#include "parts.h"', True),
    ("apps/hello/main.c", '#include "core/log.h"', False),
    ("apps/hello/main.c", "#include <stdio.h>", False),
    ("drivers/hpet.c", "#include <ingot/mmio.h>", True),
    ("drivers/hpet.c", '#include "core/clock.h"', False),
    ("core/log.c", '#include "core/log.h"', True),
    ("core/log.c", '#include "core/x86_64/cpu.h"', False),
    ("core/log.c", '#include "efi/map.h"', False),
    ("core/log.c", "#include <efi.h>", False),
    ("core/x86_64/trap.c", '#include "core/x86_64/cpu.h"', True),
    ("core/x86_64/trap.c", '#include "core/aarch64/cpu.h"', False),
    ("core/include/ingot/log.h", '#include "core/log.h"', False),
    ("core/handoff.h", "#include <ingot/log.h>", False),
    ("efi/main.c", "#include <efi.h>", True),
    ("efi/main.c", '#include "core/handoff.h"', True),
    ("efi/main.c", '#include "core/log.h"', False),
    ("efi/main.c", "#include <ingot/log.h>", False),
    ("core/log.c", '    __asm__ volatile("hlt");', False),
    ("core/x86_64/cpu.c", '    __asm__ volatile("hlt");', True),
])
def test_arrows(tree, name, line, allowed):
    assert (tree("arrows", {name: f"{line}\n"}) == []) == allowed


def test_rooms(tree):
    assert tree("rooms", {"core/a.c": "", "tests/x.py": ""}) == []
    assert len(tree("rooms", {"src/a.c": "", "core/x.py": ""})) == 2


@pytest.mark.parametrize("text, finding", [
    ("x" * 161 + "\n", "161 columns"),
    ("\tint x;\n", "a tab"),
    ("int x; \n", "space at the end"),
    ("/* " + "TO" + "DO: all */\n", "unfinished"),
    ("int x;", "the last line has no end"),
])
def test_style(tree, text, finding):
    found = tree("style", {"core/a.c": text})
    assert len(found) == 1 and finding in found[0]


def test_style_wants_headers_to_be_read_once(tree):
    assert tree("style", {"core/a.h": "int x;\n"}) == ["core/a.h: no #pragma once"]
    assert tree("style", {"core/core.mk": "a:\n\ttrue\n", "core/a.h": "#pragma once\n"}) == []


def test_headers_compile_alone(tree):
    good, bad = "#pragma once\n#include <stdint.h>\nuint8_t a(void);\n", "#pragma once\nuint8_t a(void);\n"
    assert tree("headers", {"core/include/ingot/a.h": good, "core/b.h": good}) == []
    found = tree("headers", {"core/include/ingot/a.h": bad})
    assert len(found) == 1 and "does not compile alone" in found[0]


def test_shell(tree):
    assert tree("shell", {"tools/a.sh": "#!/bin/sh\necho yes\n"}) == []
    assert tree("shell", {"tools/a.sh": "#!/bin/sh\necho $1\n"}) != []


@pytest.mark.parametrize("said, status, counts", [
    ("1..2\nok 1 - a\nok 2 - b\n", 0, (2, 0, 0)),
    ("1..2\nok 1 - a\nnot ok 2 - b\n", 1, (1, 1, 0)),
    ("1..2\nok 1 - a\nok 2 # SKIP b\n", 0, (1, 0, 1)),
    ("1..2\nok 1 - a\n==1==ERROR: AddressSanitizer\n", 1, (1, 1, 0)),      # ended early
    ("1..2\nok 1 - a\n", 0, (1, 1, 0)),
    ("1..1\nok 1 - a\n", 1, (1, 1, 0)),                                     # leaked at its end
    ("", 0, (0, 1, 0)),                                                     # no test at all
])
def test_host_programs_are_counted(said, status, counts):
    assert test_tool.host_counts(said, status) == counts


def test_pytest_report_is_counted(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure message="no"/></testcase>'
                      '<testcase name="c"><skipped message="no stick"/></testcase><testcase name="d"><error message="no"/></testcase>'
                      '</testsuite></testsuites>')
    assert test_tool.pytest_results(report) == (1, 2, 1, ["skipped: c: no stick"])
    assert test_tool.pytest_results(pathlib.Path("/nowhere"))[:2] == (0, 1)


@pytest.mark.parametrize("counts, line, status", [
    ((5, 0, 0), "5 passed, 0 failed", 0), ((5, 1, 0), "5 passed, 1 failed", 1), ((5, 0, 2), "5 passed, 0 failed, 2 skipped", 0),
    ((0, 0, 0), "0 passed, 1 failed", 1), ((0, 0, 4), "0 passed, 1 failed, 4 skipped", 1)])
def test_closing_line(capsys, counts, line, status):
    tally = test_tool.Tally()
    tally.add("part", *counts, took_s=0)
    assert tally.close() == status
    assert capsys.readouterr().out.splitlines()[-1] == line
