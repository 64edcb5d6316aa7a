"""Measured boot with a TPM that swtpm makes: the event log replays to the PCRs, and has core, configuration and command line in it; and
a TPM that dies costs a word of degraded=, nothing else."""
import hashlib
import os
import re
import signal
import struct
import subprocess
import time

import pytest

import build
from boots import LIMIT_S, chaos_esp
from qemu import Config

WORDS = "exit=qemu one two"
DEAD_LIMIT_S = 600
PCRS_READ = (0, 1, 2, 4, 5, 7, 8, 9)      # by chaos.efi


@pytest.fixture
def tpm(tmp_path):
    """A TPM 2.0: its process, and the arguments that put it into a machine."""
    state, socket = tmp_path / "tpm", tmp_path / "tpm.socket"
    state.mkdir()
    process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--ctrl", f"type=unixio,path={socket}", "--terminate"])
    deadline = time.monotonic() + LIMIT_S
    while not socket.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert socket.exists(), "swtpm has not started"

    def arguments(device):
        return ("-chardev", f"socket,id=tpm,path={socket}", "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", f"{device},tpmdev=tpm0")
    yield process, arguments
    if process.poll() is None:
        process.kill()
    process.wait()


def core_file():
    """The core's ELF, as the loader carries it."""
    with build.locked():
        build.make("APP=apps/hello", "build/x86_64/BOOTX64.EFI")
        return (build.OUT / "core.bin").read_bytes()


def replay(path):
    """What tpm2_eventlog says of SHA-256: the boot loader's events as {(PCR, text): digest}, and the PCRs that the log gives."""
    said = subprocess.run(["tpm2_eventlog", path], capture_output=True, text=True, check=True).stdout
    events = re.findall(r'PCRIndex: (\d+)\n  EventType: EV_IPL\n(?:.*\n)*?  - AlgorithmId: sha256\n    Digest: "(\w+)"\n(?:.*\n)*?      "(.*)\\0"\n', said)
    bank = re.search(r"^  sha256:\n((?:    \d+ *: 0x\w+\n)+)", said, re.MULTILINE)[1]
    return {(int(pcr), text): digest for pcr, digest, text in events}, {int(pcr): value for pcr, value in re.findall(r"(\d+) *: 0x(\w+)", bank)}


def read_pcrs(answer):
    """The PCRs in the answer to TPM2_PCR_Read."""
    code, = struct.unpack_from(">I", answer, 6)
    count, = struct.unpack_from(">I", answer, 24)
    assert (code, count) == (0, len(PCRS_READ)), answer[:40]
    return {pcr: answer[28 + index * 34 + 2:][:32].hex() for index, pcr in enumerate(PCRS_READ)}


@pytest.mark.parametrize("device", ["tpm-crb", pytest.param("tpm-tis", marks=pytest.mark.full)])
def test_the_log_replays_to_the_pcrs(machine, fault_seen, tpm, tmp_path, device):
    core, files = core_file(), chaos_esp(words=WORDS, chaos="tell-tpm=yes")
    running = machine(files, Config(extra=tpm[1](device)), cold=True)
    end = running.wait(LIMIT_S * 2)
    assert (end.how, end.status) == ("exit", 0) and "efi: tpm: words in PCR 8, files in PCR 9\n" in running.text, running.text
    assert "tpm" not in re.search(r"^READY.*", running.text, re.MULTILINE)[0]
    (tmp_path / "log").write_bytes(bytes.fromhex(re.search(r"CHAOS-LOG ([0-9a-f]+)", running.text)[1]))
    events, replayed = replay(tmp_path / "log")
    assert events == {
        (8, WORDS): hashlib.sha256(WORDS.encode() + b"\0").hexdigest(),
        (9, "ingot.cfg"): hashlib.sha256(files["ingot/ingot.cfg"]).hexdigest(),
        (9, "ingot core"): hashlib.sha256(core).hexdigest()}
    read = read_pcrs(bytes.fromhex(re.search(r"CHAOS-PCRS ([0-9a-f]+)", running.text)[1]))
    assert read == {pcr: replayed[pcr] for pcr in read}
    fault_seen("A30.present", running.text)


@pytest.mark.full
def test_a_tpm_that_dies_is_told(machine, fault_seen, tpm):
    """Between the firmware's last measurement and our first: OVMF starts nothing that it cannot measure."""
    running = machine(chaos_esp(words=WORDS, chaos="wait=yes"), Config(extra=tpm[1]("tpm-crb")), cold=True)
    assert running.wait_for(r"chaos: waiting", LIMIT_S * 2), running.text
    os.kill(tpm[0].pid, signal.SIGKILL)
    running.send("\r")
    assert running.wait_for(r"main returned 0", DEAD_LIMIT_S), running.text      # QEMU's own status is about its lost TPM
    assert re.search(r"efi: tpm: W lost, not measured: ", running.text) and re.search(r"^READY degraded=\S*\btpm\b", running.text, re.MULTILINE), running.text
    fault_seen("A30.dies", running.text)
