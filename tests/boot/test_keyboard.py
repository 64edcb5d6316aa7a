"""A keyboard and a screen are enough: what is typed on it, in each layout, is answered there. Without a controller the boot goes on."""
import contextlib
import re
import time

import pytest

from boots import esp, wait_for_screen
from qemu import Config
from qmp import QmpGone

LIMIT_S = 120
PAUSE_S = 0.05
NAMES = {" ": "spc", "\n": "ret", "-": "minus", ";": "semicolon", ",": "comma", ".": "dot", "/": "slash", "[": "bracket_left"}
READY = r"(?m)^>( |$)"


def by_monitor(running, key):
    running.qmp.human(f"sendkey {key}")


def by_events(running, key):
    """Each key of a chord down, then up again."""
    keys = [{"type": "key", "data": {"key": {"type": "qcode", "data": name}}} for name in key.split("-")]
    for down in (True, False):
        events = [{**event, "data": {**event["data"], "down": down}} for event in (keys if down else keys[::-1])]
        running.qmp.command("input-send-event", events=events)


def type_keys(running, keys, press=by_monitor):
    """The keys of a US keyboard that have these characters, whatever the guest makes of them; a list holds names."""
    for key in keys:
        press(running, NAMES.get(key, key))
        time.sleep(PAUSE_S)


def type_exit(running, status):
    """The last key may end the machine before QEMU has answered for it."""
    type_keys(running, f"exit {status}")
    with contextlib.suppress(QmpGone):
        type_keys(running, "\n")
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", status), end


@pytest.fixture
def monitor(machine, tmp_path):
    """A machine with a screen and no serial port, at its prompt; and a function that waits for the screen."""
    def start(words="", **config):
        running = machine(esp("apps/monitor", f"exit=qemu {words}"), Config(display="std", serial="none", **config))

        def wait(pattern):
            seen = wait_for_screen(running, pattern, tmp_path / "dump", LIMIT_S)
            assert re.search(pattern, seen), seen
            return seen

        wait(READY)
        return running, wait
    return start


@pytest.mark.parametrize("press", [by_monitor, pytest.param(by_events, marks=pytest.mark.full)])
def test_the_prompt_answers_a_keyboard(monitor, press):
    running, wait = monitor()
    wait(r"i8042: a keyboard answers, by interrupts")
    type_keys(running, "help\n", press)
    wait(r"keyboard +\[us\|de\|fr\]")
    type_keys(running, ["x", "shift-1", "shift-minus", "shift-y", "7", "backspace", "8", "left", "9", "end", "a", "ret"], press)
    wait(r"x!_Y98a: no such command")
    type_keys(running, "keyboard de\nyz-;[\n", press)
    wait(r"zy: no such command")                        # the prompt takes no other letters than ASCII's
    type_keys(running, "kezboard fr\n", press)          # z and y are still those of the layout before
    type_keys(running, ["q", "2", "alt_r-0", "ret"], press)
    wait(r"a@: no such command")
    type_keys(running, ["up", "up", "end", "ctrl-q"], press)
    wait(r"> keyboard fr")


def test_ctrl_c_ends_a_command(monitor):
    running, wait = monitor()
    type_keys(running, "repeat 1000000000 history\n")
    wait(r"(?m)^ +1  repeat 1000000000 history")
    type_keys(running, ["ctrl-c"])
    type_exit(running, 7)


def test_keys_typed_during_a_command_are_kept(monitor):
    running, wait = monitor()
    type_keys(running, "repeat 3 help\n")
    type_exit(running, 9)


@pytest.mark.full
def test_a_layout_by_option(monitor):
    running, wait = monitor("keyboard=de")
    type_keys(running, "yz\n")
    wait(r"zy: no such command")


@pytest.mark.full
def test_without_a_controller(machine):
    running = machine(esp("apps/monitor", "exit=qemu"), Config(machine="q35,i8042=off"), cold=True)
    assert running.wait_for(r"i8042: left: ", LIMIT_S), running.text
    running.send("exit 5\r")
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 5), end


def test_what_is_typed_on_the_serial_line_during_a_command_is_kept(machine):
    """More than a FIFO holds."""
    running = machine(esp("apps/monitor", "exit=qemu"))
    assert running.wait_for(READY, LIMIT_S), running.text
    running.send("repeat 20 help\r" + "".join(f"x{number:03}\r" for number in range(30)) + "exit 6\r")
    end = running.wait(LIMIT_S)
    assert (end.how, end.status) == ("exit", 6), f"{end}\n{running.text}"
    assert re.findall(r"x\d+(?=: no such)", running.text) == [f"x{number:03}" for number in range(30)], running.text
    assert "lost" not in running.text, running.text
