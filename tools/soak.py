#!/usr/bin/python3
"""soak.py [--hours H | --rounds N] [--seed S]: boots under load, each ended at a random moment by a reset or a power cut. One line a round,
a summary, and exit status 1 where a boot behind it did not say READY, or the EFI system partition was not whole.

What is done, and when, follows from the seed (when, by the host's clock: another run comes close to the same moment, not more).
A reset keeps memory, so the next boot finds how the run ended; a power cut is QEMU killed, and the same disk started again."""
import argparse
import collections
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP / "tools"), str(TOP / "tests/boot")]

import build                   # noqa: E402  the path must be set first
import mkimage                 # noqa: E402
import qemu                    # noqa: E402

READY_LIMIT_S = 400            # a cold boot takes 5 s; on a host that is shared by many, far longer
FIRMWARE_PART = 0.15           # of all ends come while the firmware still runs
SPAN_S = 4.0                   # behind the loader's start the others come within so much, most of them early
RESETS_MAX = 5                 # of one machine
ESP_OFFSET, ESP_BYTES = mkimage.ESP_START_MIB << 20, mkimage.ESP_MIB << 20
STARTED = r"^BdsDxe: starting"
KEYS = "0123456789 abc\t\b"       # what is typed may reach the firmware of the next boot, where Esc leads into its menus

Load = collections.namedtuple("Load", "name app words config typed")
LOADS = [
    Load("idle", "apps/hello", "exit=halt", qemu.Config(), False),
    Load("prompt, keys", "apps/monitor", "exit=halt", qemu.Config(), True),
    Load("log flood", "tests/boot/apps/log", "exit=reset flood", qemu.Config(smp="2"), False),
    Load("interrupt storms", "tests/boot/apps/selftest", "exit=reset operations=20000 timer-flood irq line timer-1000", qemu.Config(), False),
    Load("CPUs", "tests/boot/apps/smp", "exit=reset", qemu.Config(smp="4"), False),
    Load("screen", "apps/hello", "exit=reset", qemu.Config(display="std"), False),
]


def esp_faults(image, files=()):
    """What is wrong with the file system in an image, and with the files that it began with; empty: nothing."""
    with tempfile.TemporaryDirectory() as folder:
        fat = pathlib.Path(folder) / "fat"
        with open(image, "rb") as disk:
            disk.seek(ESP_OFFSET)
            fat.write_bytes(disk.read(ESP_BYTES))
        done = subprocess.run(["/usr/sbin/fsck.fat", "-n", fat], capture_output=True, text=True, timeout=60)
        said = done.stdout if done.returncode or re.search("(?i)dirty|differ|error|orphan", done.stdout) else ""
        for name, content in dict(files).items():
            got = subprocess.run(["mtype", "-i", fat, f"::/{name}"], capture_output=True, timeout=60)
            if got.stdout != content:
                said += f"{name} is not what it was\n"
    return said


class Soak:
    """The state of a run: its random numbers, its disks, what was counted and found."""

    def __init__(self, seed, folder, loads=LOADS, tell=print):
        self.random, self.folder, self.loads, self.tell = random.Random(seed), pathlib.Path(folder), loads, tell
        self.count, self.faults, self.slowest_s = collections.Counter(), [], 0.0
        self.files, self.images = {}, {}

    def image(self, load):
        """A load's disk: made once, and then as its runs leave it."""
        if load not in self.images:
            self.files[load] = {"EFI/BOOT/BOOTX64.EFI": build.loader(load.app).read_bytes(), "ingot/ingot.cfg": f"{load.words}\n".encode()}
            self.images[load] = self.folder / f"{len(self.images)}.img"
            mkimage.make(self.images[load], self.files[load])
        return self.images[load]

    def fault(self, what, text=""):
        self.faults.append(what)
        self.tell(f"FAULT {what}\n{text}")

    # ---- one machine ----

    def wait_for_new(self, machine, said, pattern):
        """The first match behind so much text; None when the time is over."""
        deadline = time.monotonic() + READY_LIMIT_S
        while not (match := re.search(pattern, machine.text[said:], re.MULTILINE)):
            if machine.process.poll() is not None or time.monotonic() > deadline:
                return None
            time.sleep(0.01)
        return match

    def must_be_ready(self, machine, said, behind):
        started = time.monotonic()
        match = self.wait_for_new(machine, said, r"^(READY|PANIC|REFUSED)")
        if match and match[1] == "READY":
            self.count["READY"] += 1
            self.slowest_s = max(self.slowest_s, time.monotonic() - started)
            return True
        ended = "" if machine.process.poll() is None else f", {machine.wait(1)}"
        self.fault(f"behind {behind}: {match[1] if match else 'silence'}{ended}", machine.text[said:])
        return False

    def wait_for_the_moment(self, machine, said, typed):
        """Returns it in words: a part of a second in the firmware, or behind the loader's start, mostly in its first second."""
        if self.random.random() < FIRMWARE_PART:
            moment, words = self.random.uniform(0, 2), "the firmware's"
        else:
            self.wait_for_new(machine, said, STARTED)
            moment, words = SPAN_S * self.random.random() ** 3, "ours"
        keys = "".join(self.random.choices(KEYS, k=200)) if typed else ""
        end = time.monotonic() + moment
        try:
            machine.send(keys)
        except BrokenPipeError:
            self.fault(f"QEMU ended by itself: {machine.wait(1)}", machine.text)
        time.sleep(max(0, end - time.monotonic()))
        return f"at {moment:.3f} s, {words}"

    def end_at_random(self, load, resets):
        """Boots a load's disk, resets it so many times, and then cuts its power. The moment of that."""
        with qemu.Machine(load.config, self.image(load), writable=True) as machine:
            machine.qmp.command("set-action", reboot="reset")
            said = 0
            for _ in range(resets):
                moment = self.wait_for_the_moment(machine, said, load.typed)
                said = len(machine.text)
                machine.qmp.command("system_reset")
                self.count["resets"] += 1
                if not self.must_be_ready(machine, said, f"a reset of {load.name} {moment}"):
                    break
            moment = self.wait_for_the_moment(machine, said, load.typed)
            machine.process.kill()
            machine.process.wait()
            self.count["power cuts"] += 1
        return moment

    def must_boot(self, load, moment):
        """The disk that a cut left behind, before anything is written to it again and after."""
        for when in "before the next boot", "after it":
            faults = esp_faults(self.image(load), self.files[load])
            if faults:
                self.fault(f"the ESP behind a power cut of {load.name} {moment}, {when}", faults)
            if when.startswith("before"):
                with qemu.Machine(load.config, self.image(load), writable=True) as machine:
                    self.must_be_ready(machine, 0, f"a power cut of {load.name} {moment}")

    # ---- rounds ----

    def round(self, resets=None):
        """A machine that is reset some times or never, then its power is cut, then it is started again."""
        load = self.random.choice(self.loads)
        resets = self.random.choice([0, self.random.randint(1, RESETS_MAX)]) if resets is None else resets
        started = time.monotonic()
        moment = self.end_at_random(load, resets)
        self.must_boot(load, moment)
        self.count["rounds"] += 1
        self.tell(f"round {self.count['rounds']}: {load.name}: {resets} resets, power cut {moment} ({time.monotonic() - started:.1f} s)")

    def summary(self):
        words = ", ".join(f"{self.count[name]} {name}" for name in ("rounds", "resets", "power cuts", "READY"))
        return f"soak: {words}, the slowest after {self.slowest_s:.1f} s; {len(self.faults)} faults"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, help="instead of hours")
    parser.add_argument("--resets", type=int, help=f"of each machine, instead of up to {RESETS_MAX}")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    print(f"soak: seed {args.seed}", flush=True)
    end = time.monotonic() + args.hours * 3600
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(args.seed, folder, tell=lambda text: print(text, flush=True))
        try:
            while soak.count["rounds"] < args.rounds if args.rounds else time.monotonic() < end:
                soak.round(args.resets)
        except KeyboardInterrupt:
            print()
        print(soak.summary())
    sys.exit(1 if soak.faults else 0)


if __name__ == "__main__":
    main()
