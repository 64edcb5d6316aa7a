"""Ends at random moments: the boot behind each says READY, and the EFI system partition is whole."""
import pytest

import mkimage
import soak


def run(tmp_path, seed, rounds, resets, loads=soak.LOADS):
    """What was counted."""
    said = []
    one = soak.Soak(seed, tmp_path, loads, said.append)
    for _ in range(rounds):
        one.round(resets)
    assert not one.faults, "\n".join(said)
    return one.count


@pytest.mark.full
def test_resets_and_power_cuts(tmp_path):
    counted = run(tmp_path, 1, 1, 2, [load for load in soak.LOADS if load.name == "prompt, keys"])
    assert counted["resets"] == 2 and counted["power cuts"] == 1 and counted["READY"] == 3, counted


@pytest.mark.full
def test_200_resets(tmp_path):
    counted = run(tmp_path, 2, 10, 20)
    assert counted["resets"] == 200 and counted["READY"] == 210, counted


@pytest.mark.full
def test_50_power_cuts(tmp_path):
    assert run(tmp_path, 3, 50, 0)["READY"] == 50


def test_what_is_not_whole_is_found(tmp_path):
    files = {"EFI/BOOT/BOOTX64.EFI": bytes(100000)}
    mkimage.make(tmp_path / "image", files)
    assert not soak.esp_faults(tmp_path / "image", files)
    assert "BOOTX64.EFI is not what it was" in soak.esp_faults(tmp_path / "image", {"EFI/BOOT/BOOTX64.EFI": b"other"})
    with open(tmp_path / "image", "r+b") as image:
        image.seek(soak.ESP_OFFSET + 32 * 512 + 8)        # behind the reserved sectors: the first file allocation table's third entry
        image.write(bytes(64))
    assert soak.esp_faults(tmp_path / "image")
