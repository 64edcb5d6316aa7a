"""prove.py: all goals are proved; and with a bound left out they are not, or the proof would say nothing."""
import pathlib
import shutil

import pytest

import prove


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return prove.provers(tmp_path_factory.mktemp("why3"))


@pytest.mark.full
@pytest.mark.parametrize("file", prove.JOBS, ids=lambda file: pathlib.Path(file).stem)
def test_all_goals_are_proved(file, environment):
    proved, goals, said = prove.prove(file, prove.JOBS[file], environment)
    assert proved == goals and goals > 30, said


@pytest.mark.full
@pytest.mark.parametrize("source, right, wrong, file, function", [
    ("core/acpi.c", "bytes > window->bytes - offset)\n        return 0", "0)\n        return 0", "tests/proof/acpi.c", "acpi_read"),
    ("core/acpi_madt.c", "found->overrides == ACPI_OVERRIDES_MAX", "found->overrides > ACPI_OVERRIDES_MAX", "tests/proof/madt.c", "add_override"),
])
def test_a_bound_left_out_is_not_proved(source, right, wrong, file, function, environment, tmp_path):
    for folder in ("core", "tests/proof"):
        shutil.copytree(prove.TOP / folder, tmp_path / folder)
    text = (tmp_path / source).read_text()
    assert right in text
    (tmp_path / source).write_text(text.replace(right, wrong, 1))
    proved, goals, _ = prove.prove(file, function, environment, tmp_path)
    assert proved < goals
