"""2,000 boots in a row of the image that `make image` makes: each reaches READY, with nothing missing but the screen. 50 of them begin at
power-on, the others where the firmware was frozen."""
import re

import build
import mkimage
import pytest
from boots import LIMIT_S
from qemu import Config, Machine

BOOTS, PART = 2000, 50         # the first part is cold


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Made as the Makefile makes it."""
    out = tmp_path_factory.mktemp("default") / "ingot.img"
    mkimage.make(out, {"EFI/BOOT/BOOTX64.EFI": build.loader("apps/monitor").read_bytes(),
                       **{name: (build.TOP / "esp" / file).read_bytes() for name, file in (("ingot/ingot.cfg", "ingot.cfg"), ("startup.nsh", "startup.nsh"))}})
    return out


@pytest.mark.full
@pytest.mark.parametrize("part", range(BOOTS // PART))
def test_each_of_many_boots_is_ready(image, part):
    for number in range(part * PART, (part + 1) * PART):
        with Machine(Config(), image, cold=part == 0) as running:
            ready = running.wait_for(r"^(READY|PANIC|REFUSED).*\n", 2 * LIMIT_S)
            assert ready and re.match(r"READY degraded=display 1 cpu", ready[0]), f"boot {number}\n{running.text}"
