"""analyse.py: each tool finds what was planted for it, suppressions fit or are told, and the tree has no findings."""
import pytest

import analyse

DOUBLE_FREE = "#include <stdlib.h>\nvoid twice(void)\n{\n    char *block = malloc(8);\n\n    if (!block)\n        return;\n" \
              "    block[0] = 1;\n    free(block);\n    free(block);\n}\nvoid twice(void);\n"
FLAGS = ["-std=gnu11"]


def rules(folder, text=""):
    (folder / "findings.txt").write_text(text)
    return analyse.Suppressions(folder / "findings.txt")


@pytest.mark.parametrize("tool, check", [("gcc", "-Wanalyzer-double-free"), ("clang-tidy", "clang-analyzer-unix.Malloc"),
                                         ("cppcheck", "doubleFree")])
def test_planted_bug_is_found_and_can_be_suppressed(tmp_path, tool, check):
    (tmp_path / "a.c").write_text(DOUBLE_FREE)
    found = analyse.analyse([tool], [("a.c", FLAGS)], rules(tmp_path), tmp_path)
    assert len(found) == 1 and found[0].startswith("a.c:10: ") and check in found[0]
    assert analyse.analyse([tool], [("a.c", FLAGS)], rules(tmp_path, rf"a.c | {check} | free\(block | planted"), tmp_path) == []


def test_what_suppresses_nothing_is_told(tmp_path):
    (tmp_path / "a.c").write_text("int one(void);\nint one(void)\n{\n    return 1;\n}\n")
    found = analyse.analyse(["cppcheck"], [("a.c", FLAGS)], rules(tmp_path, "# of old\na.c | doubleFree | free | gone\n"), tmp_path)
    assert found == ["findings.txt:2: suppresses nothing: a.c doubleFree free"]


def test_a_reason_is_wanted(tmp_path):
    with pytest.raises(SystemExit, match="wants FILE"):
        rules(tmp_path, "a.c | doubleFree | free\n")


def test_what_cannot_be_compiled_is_a_finding(tmp_path):
    (tmp_path / "a.c").write_text('#include "nowhere.h"\n')
    assert analyse.analyse(["gcc"], [("a.c", FLAGS)], rules(tmp_path), tmp_path)


def test_core_drivers_and_loader_have_no_findings():
    assert analyse.analyse(["cppcheck"], analyse.sources(("core", "drivers", "efi")), analyse.Suppressions(analyse.SUPPRESSED)) == []


@pytest.mark.full
@pytest.mark.parametrize("tool", analyse.COMMANDS)
def test_tree_has_no_findings(tool):
    assert analyse.analyse([tool], analyse.sources(), analyse.Suppressions(analyse.SUPPRESSED)) == []
