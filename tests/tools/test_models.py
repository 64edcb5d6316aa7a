"""Models of how CPUs start, of the log's ring and of stopping in a panic (tests/spin/*.pml): spin goes through all orders of their steps and finds
nothing wrong; and with the one mistake that each describes it does, or it could not have found anything."""
import pathlib
import re
import subprocess

import pytest

MODELS = sorted((pathlib.Path(__file__).resolve().parents[1] / "spin").glob("*.pml"))


def verify(model, folder, *defines):
    """(errors, states) of all orders of a model's steps. The search is never cut short."""
    subprocess.run(["spin", *defines, "-a", model], cwd=folder, check=True, capture_output=True)
    subprocess.run(["gcc", "-O1", "-w", "-DSAFETY", "-DVECTORSZ=2048", "-o", "pan", "pan.c"], cwd=folder, check=True)
    said = subprocess.run(["./pan", "-m1000000", "-w22"], cwd=folder, capture_output=True, text=True).stdout
    assert "Search not completed" not in said or "-DBROKEN" in defines, said
    return int(re.search(r"errors: (\d+)", said)[1]), int(re.search(r"(\d+) states, stored", said)[1])


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_model_holds_in_all_orders(model, tmp_path):
    errors, states = verify(model, tmp_path)
    assert errors == 0 and states > 500


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_mistake_is_found(model, tmp_path):
    assert verify(model, tmp_path, "-DBROKEN")[0] > 0


def test_there_are_three():
    assert [model.stem for model in MODELS] == ["ap_start", "log_ring", "panic_stop"]
