"""`make run` and `make debug`, as a person would call them."""
import os
import subprocess

import pytest

import build

APP = "tests/boot/app"


def make(*arguments, **environment):
    """Status and words of a make that finds its application built already."""
    with build.locked():
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(["make", "-C", build.TOP, "-s", f"APP={APP}", *arguments], env=dict(kept, **environment), timeout=180,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    return done.returncode, done.stdout + done.stderr


def test_run_shows_the_serial_port_and_succeeds():
    status, said = make("run", "ARGS=print:seen")
    assert status == 0 and "words: seen" in said, said


@pytest.mark.parametrize("args, status, sentence", [
    ("return:42", 42, "ended with 42"), ("fail-assert", 120, "ended with 120 (a panic)"),
    ("exit=poweroff return:5", 0, "switched itself off"), ("exit=reset return:5", 0, "reset itself")])
def test_run_tells_how_it_ended(args, status, sentence, tmp_path):
    done = subprocess.run([build.TOP / "tools/run.py", build.loader(APP), "--image", tmp_path / "image"], stdin=subprocess.DEVNULL,
                          env=dict(os.environ, INGOT_ARGS=args), capture_output=True, text=True, errors="replace", timeout=180)
    assert done.returncode == status, done.stdout + done.stderr
    assert sentence in done.stderr


def test_run_ends_at_its_limit(tmp_path):
    done = subprocess.run([build.TOP / "tools/run.py", build.loader(APP), "--image", tmp_path / "image", "--limit", "8"],
                          stdin=subprocess.DEVNULL, env=dict(os.environ, INGOT_ARGS="exit=halt return:0"), capture_output=True, timeout=180)
    assert done.returncode == 124


def test_run_with_a_firmware_that_is_not_there():
    status, said = make("run", "FIRMWARE=/nowhere/OVMF_CODE.fd")
    assert status != 0 and "firmware /nowhere/OVMF_CODE.fd" in said and "not there" in said


def test_display_of_the_session_is_not_the_guests():
    status, said = make("run", "ARGS=print:seen", DISPLAY=":0")
    assert status == 0 and "words: seen" in said, said


def test_debug_stops_where_the_core_starts():
    status, said = make("debug", "GDBFLAGS=-batch -ex backtrace -ex 'print *block'")
    assert status == 0, said
    assert "core_start (" in said and "magic = 3550612528298936142" in said, said
