"""Every boot ends in words, and by the policy that was asked for."""
import re
import time

import pytest

from boots import esp, wait_for_screen
from qemu import Config

APP = "tests/boot/app"
STATUS_PANIC = 120


@pytest.mark.parametrize("value", [0, 1, 42, 100])
def test_main_returns_the_exit_status(boot, value):
    boot(APP, f"return:{value}").must_be_good(value)


@pytest.mark.parametrize("value", ["101", "-1"])
def test_a_value_that_is_no_status_is_told(boot, value):
    run = boot(APP, f"return:{value}").must_be_good(100)
    assert re.search(rf"main's value {value} ", run.text), run.text


def test_poweroff(machine):
    run = machine(esp(APP, "exit=poweroff return:3"))
    assert run.wait(60).how == "poweroff", run.text
    assert "main returned 3" in run.text


def test_reset(machine):
    run = machine(esp(APP, "exit=reset return:3"))
    assert run.wait(60).how == "reset", run.text


def sleeps(machine, limit_s=10):
    """Whether the CPU comes to lie in HLT."""
    deadline = time.monotonic() + limit_s
    while "HLT=1" not in machine.qmp.human("info registers"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.parametrize("words", ["exit=halt", "", "exit=nonsense"])
def test_halt(machine, words):
    run = machine(esp(APP, f"{words} return:3"))
    assert run.wait_for(r"halted", 60), run.text
    assert sleeps(run), "the CPU does not sleep"
    assert run.process.poll() is None


PANICS = [                     # button, what the panic says
    ("read-nowhere", r"^PANIC \S+: .*0x10\b"),
    ("write-text", r"^PANIC \S+: .*"),
    ("jump-wild", r"^PANIC \S+: .*"),
    ("fail-assert", r"^PANIC ASSERT: value == NULL is not true, in fail_assert"),
]


@pytest.mark.parametrize("button, sentence", PANICS)
def test_panic_ends_in_words_and_in_a_status(boot, button, sentence):
    run = boot(APP, button)
    assert (run.end.how, run.end.status) == ("exit", STATUS_PANIC), f"{run.end}\n{run.text}"
    assert re.search(sentence, run.text, re.MULTILINE), run.text
    assert len(re.findall(r"^PANIC", run.text, re.MULTILINE)) == 1, run.text
    assert re.search(r"^  on cpu 0 at 0x[0-9a-f]+ ", run.text, re.MULTILINE), run.text
    assert re.search(r"^  called from 0x[0-9a-f]+", run.text, re.MULTILINE), run.text


@pytest.mark.parametrize("button, sentence", PANICS)
def test_panic_is_on_the_screen(machine, tmp_path, button, sentence):
    running = machine(esp(APP, f"exit=halt {button}"), Config(display="std"))
    assert running.wait_for(r"^PANIC ", 90), running.text
    seen = wait_for_screen(running, r"called from", tmp_path / "dump")
    assert re.search(sentence, seen, re.MULTILINE), seen
    assert re.search(r"on cpu 0 at 0x", seen), seen


def test_panic_policies(machine):
    run = machine(esp(APP, "panic=poweroff fail-assert"))
    assert run.wait(60).how == "poweroff", run.text
    run = machine(esp(APP, "panic=reset fail-assert"))
    assert run.wait(60).how == "reset", run.text


@pytest.mark.parametrize("words, expected", [
    ("print:plain", "plain"), ('"print:two words"', "two words"), ("-- print:behind", "behind"), ("print:\N{GREEK SMALL LETTER MU}", "")])
def test_words_reach_main(boot, words, expected):
    run = boot(APP, words).must_be_good()
    assert f"words: {expected}" in run.text, run.text
