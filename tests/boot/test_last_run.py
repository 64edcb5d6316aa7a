"""A run that ends in any bad way is found in \\ingot\\last.log by the next boot, after a reset that keeps memory; the volume is sound after each.
What a recorder that was hit reads like is in tests/host/test_last_run.c and test_loader.c."""
import json
import random
import re
import struct
import subprocess
import time

import pytest

import build
import mkimage
import soak
from boots import LIMIT_S, chaos_esp, esp
from qemu import Config

APP = "tests/boot/apps/recorder"
TCO = ("-global", "ICH9-LPC.noreboot=false")
RECORDER, RECORDER_BYTES, STAGE_OFFSET, HEADER_BYTES = 0x1FE0000, 128 << 10, 40, 64      # core/handoff.h, efi/recorder.c
STAGE_EXIT = 12
ESP_OFFSET = mkimage.ESP_START_MIB << 20
TWO = Config(smp="2")


def on_volume(running, name):
    """The text of a file in \\ingot, or None."""
    got = subprocess.run(["mtype", "-i", f"{running.image}@@{ESP_OFFSET}", f"::/ingot/{name}"], capture_output=True)
    return got.stdout.decode() if got.returncode == 0 else None


def volume_must_be_sound(running):
    faults = soak.esp_faults(running.image)
    assert not faults, faults


def reset(running):
    """Presses the button. Returns how much was said before."""
    said = len(running.text)
    running.qmp.command("system_reset")
    return said


def next_boot(running, folder, headline, says=r"last_run: end \d, saved 1, \d+ bytes"):
    """Waits until the boot behind the end has told of it; what the file says."""
    assert running.wait_for(rf"^efi: run 1 {headline}", LIMIT_S), running.text
    assert running.wait_for(rf"warn  last: run 1 {headline}.*; see \\ingot\\last\.log", LIMIT_S), running.text
    assert running.wait_for(says, LIMIT_S), running.text
    log = on_volume(running, "last.log")
    assert re.match(rf"run 1 {headline}", log), log
    volume_must_be_sound(running)
    return log


def wait_for_runs(running, count, line):
    """Waits until so many runs have said this line themselves: what is told of the last one does not begin like it."""
    deadline = time.monotonic() + LIMIT_S
    while len(re.findall(f"^{line}", running.text, re.MULTILINE)) < count:
        assert time.monotonic() < deadline, running.text
        time.sleep(0.1)


WAITS = r"\[[ \d.]+\] 0 info  app: ending by wait"


def start(machine, words, config=Config(), exit_policy="exit=qemu panic=halt"):
    running = machine(esp(APP, f"{exit_policy} {words}"), config, writable=True)
    running.qmp.command("set-action", reboot="reset")
    return running


def without_times(text):
    """The recorder has a line when it is made, which may be before the clock's speed is known."""
    return [re.sub(r"^\[ *\d+\.\d+\]", "", line) for line in text.splitlines() if re.match(r"efi: |\[ *\d+\.|READY|PANIC|  ", line)]


def must_have_all_lines(log, text, last):
    """All that came over the serial port, up to the line last, is in the file, in order."""
    lines = without_times(text)
    wanted = lines[:next(number for number, line in enumerate(lines) if re.search(last, line)) + 1]
    assert wanted == without_times(log)[:len(wanted)], log


def panics(*ways):
    return [pytest.param(*way, id=way[0], marks=[] if way[0] in ("overflow",) else pytest.mark.full) for way in ways]


@pytest.mark.parametrize("word, sentence, config", panics(
    ("divide", "DIVIDE: ", Config()), ("read-null", "NULL-DEREF: ", Config()), ("assert", "ASSERT: cpu_count", Config()),
    ("panic", "PROGRAM: asked for by the test", Config()), ("overflow", "STACK-OVERFLOW: ", Config()), ("other-panics", "PROGRAM: on cpu 1", TWO)))
def test_a_panic_is_found(machine, fault_seen, tmp_path, word, sentence, config):
    running = start(machine, word, config, "panic=halt")
    assert running.wait_for(r"^\[.*halted", LIMIT_S), running.text
    before = running.text
    reset(running)
    log = next_boot(running, tmp_path, f"ended in PANIC {sentence}")
    must_have_all_lines(log, before, "halted")
    assert re.search(rf"warn  last: \| PANIC {sentence}", running.text) and "last_run: end 3, saved 1" in running.text, running.text
    fault_seen("F6.panic", running.text)


@pytest.mark.full
@pytest.mark.parametrize("act, sentence", [
    (lambda running: running.inject_nmi(), "NMI: "),
    (lambda running: running.qmp.human("mce 0 9 0xbd000000000000c0 5 0x12345678 0x8c"), "MACHINE-CHECK: ")], ids=["nmi", "machine-check"])
def test_a_panic_from_outside_is_found(machine, tmp_path, act, sentence):
    running = start(machine, "wait", exit_policy="panic=halt")
    assert running.wait_for("ending by wait", LIMIT_S), running.text
    act(running)
    assert running.wait_for(r"^\[.*halted", LIMIT_S), running.text
    reset(running)
    next_boot(running, tmp_path, f"ended in PANIC {sentence}")


@pytest.mark.full
def test_a_panic_that_resets_by_itself_is_found(machine, tmp_path):
    running = start(machine, "divide", exit_policy="panic=reset")
    assert "reset: " in next_boot(running, tmp_path, "ended in PANIC DIVIDE: ")


@pytest.mark.parametrize("word", ["triple-fault", pytest.param("reset-port", marks=pytest.mark.full)])
def test_an_end_without_a_word_is_found(machine, fault_seen, tmp_path, word):
    running = start(machine, word)
    log = next_boot(running, tmp_path, "was cut off by a reset, a fault or a hang, in the core, at its stage: main")
    assert log.endswith(f"ending by {word}\n") and log.count("\nefi: ") > 5, log
    for row in {"triple-fault": ("E6.triple", "F6.triple"), "reset-port": ("F6.port",)}[word]:
        fault_seen(row, running.text)


@pytest.mark.parametrize("word, config, last", [
    pytest.param("hang", Config(), "ending by hang", marks=pytest.mark.full),
    pytest.param("hang-all", TWO, r"cpu \d hangs", marks=pytest.mark.full),
    pytest.param("wait", Config(), "ending by wait", marks=pytest.mark.full)], ids=["hang", "hang-all", "wait"])
def test_a_hang_and_the_reset_button(machine, fault_seen, tmp_path, word, config, last):
    running = start(machine, f"log=now {word}", config)        # nobody else sends the lines of who hangs with interrupts off
    for _ in range(int(config.smp)):
        assert running.wait_for(last, LIMIT_S), running.text
    if word == "hang-all":
        assert running.wait_for(r"cpu 0 hangs", LIMIT_S) and running.wait_for(r"cpu 1 hangs", LIMIT_S), running.text
    reset(running)
    log = next_boot(running, tmp_path, "was cut off by a reset, a fault or a hang, in the core, at its stage: main")
    assert re.search(last, log), log
    fault_seen("F6.button", running.text)


@pytest.mark.full
def test_a_hang_that_the_watchdog_ends(machine, fault_seen, tmp_path):
    running = machine(esp("tests/boot/apps/watchdog", "log=now hang"), Config(extra=TCO), writable=True)
    running.qmp.command("set-action", reboot="reset")
    log = next_boot(running, tmp_path, "was cut off by a reset", r"last reset: watchdog \(TCO\)")
    assert "hanging with interrupts off" in log, log
    fault_seen("E12.hang", running.text)


@pytest.mark.full
def test_of_a_long_run_the_end_is_found(machine, tmp_path):
    running = start(machine, "many")
    assert running.wait_for("line 4000 of 4000", LIMIT_S), running.text
    reset(running)
    log = next_boot(running, tmp_path, "was cut off by a reset")
    numbers = [int(number) for number in re.findall(r"line (\d+) of 4000", log)]
    assert numbers == list(range(numbers[0], 4001)) and len(numbers) > 500 and "lines are missing here" in log, log
    assert len(log) <= RECORDER_BYTES


def test_a_hang_behind_exit_boot_services_is_named(stubbed, tmp_path):
    running, stub = stubbed(esp(APP, "exit=qemu wait"), writable=True)
    running.qmp.command("set-action", reboot="reset")
    while True:                # from one stage to the next
        assert stub.run_to(RECORDER + STAGE_OFFSET, LIMIT_S, kind=2, size=8), running.text
        if struct.unpack("<I", stub.read_memory(RECORDER + STAGE_OFFSET, 4))[0] == STAGE_EXIT:
            break
    running.qmp.command("system_reset")
    stub.run()
    log = next_boot(running, tmp_path, "was cut off by a reset, a fault or a hang, in the loader, behind its stage: exit")
    assert "efi: core: embedded" in log and "jumping" not in log, log


@pytest.mark.full
def test_a_hang_at_the_core_s_first_instruction_is_named(stubbed, tmp_path):
    running, stub = stubbed(esp(APP, "exit=qemu wait"), writable=True)
    running.qmp.command("set-action", reboot="reset")
    assert stub.run_to(build.core_base(APP), LIMIT_S), running.text
    running.qmp.command("system_reset")
    stub.run()
    log = next_boot(running, tmp_path, "was cut off by a reset, a fault or a hang, in the loader, behind its stage: jump")
    assert re.search(r"jumping to 0x[0-9a-f]+\n$", log), log


@pytest.mark.full
def test_a_firmware_that_hangs_in_exit_boot_services_is_named(machine, tmp_path):
    running = machine(chaos_esp(APP, "exit=qemu wait", "exit-hangs=yes"), writable=True)
    running.qmp.command("set-action", reboot="reset")
    assert running.wait_for("efi: core: embedded", LIMIT_S), running.text
    running.wait_for("no line comes behind it", 3)
    reset(running)
    headline = "was cut off by a reset, a fault or a hang, in the loader, behind its stage: paging"
    assert running.wait_for(rf"^efi: run 1 {headline}", LIMIT_S) and running.wait_for(r"its log is in \\ingot\\last.log", LIMIT_S), running.text
    assert on_volume(running, "last.log").startswith(f"run 1 {headline}")
    volume_must_be_sound(running)


@pytest.mark.full
def test_a_refusal_is_found(machine, tmp_path):
    """Its memory goes back to the firmware, which does not come to need it."""
    running = machine(esp(APP, "core=\\nothing"), writable=True)
    running.qmp.command("set-action", reboot="reset")
    assert running.wait_for(r"REFUSED READ", LIMIT_S), running.text
    reset(running)
    assert running.wait_for(r"^efi: run 1 ended in REFUSED READ: \\nothing", LIMIT_S), running.text
    assert running.wait_for(r"its log is in \\ingot\\last.log", LIMIT_S), running.text
    volume_must_be_sound(running)


def test_a_run_that_ended_well_leaves_nothing(machine, tmp_path):
    running = machine(esp("apps/hello", "exit=reset"), writable=True)
    running.qmp.command("set-action", reboot="reset")
    wait_for_runs(running, 2, "READY")
    assert "efi: run" not in running.text and on_volume(running, "last.log") is None


@pytest.mark.full
def test_the_log_before_the_last_is_kept_and_no_more(machine, tmp_path):
    running = start(machine, "wait again")
    for run in (1, 2, 3):
        wait_for_runs(running, run, WAITS)
        reset(running)
        assert running.wait_for(rf"last: run {run} was cut off", LIMIT_S), running.text
    assert on_volume(running, "last.log").startswith("run 3 ") and on_volume(running, "last.1.log").startswith("run 2 ")
    listed = subprocess.run(["mdir", "-b", "-i", f"{running.image}@@{ESP_OFFSET}", "::/ingot"], capture_output=True, text=True).stdout
    assert len(re.findall(r"last", listed)) == 2, listed
    volume_must_be_sound(running)


@pytest.mark.full
def test_a_medium_that_cannot_be_written(machine, fault_seen):
    running = machine(esp(APP, "exit=qemu wait"), Config(disk="cd"))
    running.qmp.command("set-action", reboot="reset")
    assert running.wait_for("ending by wait", LIMIT_S), running.text
    reset(running)
    assert running.wait_for(r"its log is kept in memory only, not in \\ingot\\last.log: ", LIMIT_S), running.text
    assert running.wait_for(r"last: run 1 was cut off by .*; no file could be written", LIMIT_S), running.text
    assert running.wait_for(r"last_run: end 1, saved 0", LIMIT_S), running.text
    fault_seen("H9.cd", running.text)


def spoil(stub, case):
    """Random bits, a run of rubbish, or a hole."""
    choose = random.Random(case)
    for _ in range(1 << choose.randrange(8)):
        length = 1 if case % 3 == 0 else choose.randrange(1, 1500)
        where = choose.randrange(HEADER_BYTES if case % 4 else 0, RECORDER_BYTES // 8 - length)
        data = bytearray(stub.read_memory(RECORDER + where, length))
        for at in range(length):
            data[at] = data[at] ^ 1 << choose.randrange(8) if case % 3 == 0 else choose.randrange(256) if case % 3 == 1 else 0
        stub.write_memory(RECORDER + where, bytes(data))


@pytest.mark.full
def test_a_spoilt_recorder_gives_a_part_or_nothing(stubbed, tmp_path):
    """20 times in one machine: what is in the file was said by the run before, and the machine boots each time."""
    running, stub = stubbed(esp(APP, "exit=qemu wait again"), writable=True)
    running.qmp.command("set-action", reboot="reset")
    stub.run()
    told = whole = said = 0
    for case in range(20):
        wait_for_runs(running, case + 1, WAITS)
        run, said = running.text[said:], len(running.text)
        stub.stop()
        spoil(stub, case)
        running.qmp.command("system_reset")
        stub.run()
        wait_for_runs(running, case + 2, "READY")
        if not re.search(r"^efi: run \d+ ", running.text[said:], re.MULTILINE):
            continue
        lines = on_volume(running, "last.log").splitlines()[1:]
        rest = [line for line in lines if not re.fullmatch(r"\.\.\. \d+ lines are missing here \.\.\.", line)]
        wrong = set(without_times("\n".join(rest))) - set(without_times(run))
        assert not wrong, f"case {case}: {wrong}\nof\n{run}"
        volume_must_be_sound(running)
        told, whole = told + 1, whole + (len(lines) > 15)
    assert told >= 10 and whole, f"told {told}, whole {whole}"
    print(f"20 spoilt recorders: {told} told of")


def test_a_report_is_found_after_a_good_end(machine):
    """It is JSON, cut into lines, with lines of the log in between; how large it may get, the monitor says."""
    running = machine(esp("apps/monitor", 'exit=reset report "exit 0"'), TWO, writable=True)
    running.qmp.command("set-action", reboot="reset")
    assert running.wait_for(r"^efi: run 1 ended as it was asked to, and has left lines to be found", LIMIT_S), running.text
    assert running.wait_for(r"info  last: run 1 ended as .*; see \\ingot\\last\.log", LIMIT_S), running.text
    log = on_volume(running, "last.log")
    body = re.search(r"^-----BEGIN INGOT REPORT-----\n(.*)^-----END INGOT REPORT-----$", log, re.MULTILINE | re.DOTALL).group(1)
    report = json.loads("".join(line for line in body.splitlines() if not line.startswith("[")))
    assert report["result"] == 0 and [row["cpu"] for row in report["cpu"] if "cpu" in row] == [0, 1], report
    volume_must_be_sound(running)
