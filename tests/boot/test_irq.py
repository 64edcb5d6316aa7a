"""What is out of order among interrupts is told, and the machine goes on."""
import re

import pytest

from qemu import Config

APP = "tests/boot/apps/selftest"


@pytest.fixture
def told(boot):
    """Lines of the log of one check that went well, from its start on."""
    def run(words, config=Config()):
        text = boot(APP, words, config).must_be_good().text
        return re.search(r"^READY.*", text, re.MULTILINE | re.DOTALL).group()
    return run


def test_unclaimed_vector_is_told(told):
    text = told("irq-unclaimed")
    assert len(re.findall(r"warn  irq: vector 233 came on cpu 0, and nobody is attached to it: passed over", text)) == 1, text


def test_storm_is_masked_and_told(told, fault_seen):
    text = told("line-storm")
    fault_seen("E8.storm", text)
    assert len(re.findall(r"warn  irq: hpet: a storm, 4000 interrupts in \d+ us on line 16: masked", text)) == 1, text


def test_line_of_nobody_is_told_once(told, fault_seen):
    text = told("line-nobody")
    fault_seen("E7.line", text)
    assert len(re.findall(r"warn  irq: not this one: vector \d+ came, and no handler says that it is his; told once", text)) == 1, text


def test_no_vector_left_and_no_such_line_are_told(told):
    text = told("irq-vectors line-refused")
    assert re.search(r"warn  irq: many: no vector is left on cpu 0", text), text
    assert re.search(r"warn  irq: hpet: no interrupt controller has line 5000", text), text
