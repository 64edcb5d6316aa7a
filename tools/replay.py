#!/usr/bin/python3
"""replay.py record LOADER.EFI FOLDER | replay FOLDER [-- more for gdb]: a boot in QEMU that is written down instruction by instruction, and
the same boot again, as often as one likes, under gdb, which can then step backwards: reverse-stepi, reverse-step. (QEMU 7.2 ends at reverse-continue.)

One CPU, no KVM. What is typed on the serial port is part of the record. The application's words come from INGOT_ARGS, as in run.py; MACHINE, MEM,
DISPLAY and FIRMWARE by --machine and the like, which the replay must have from the same machine: they are kept beside the trace.

Going back is done by starting again from the nearest moment that was kept and running up to just before now. Two are kept: power-on, and the
core's first line of C. `monitor savevm NAME` in gdb keeps one more.

Source: QEMU's docs/system/replay.rst and docs/devel/replay.rst."""
import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import qemu
import run

TICK_SHIFT = 5                 # an instruction takes 2^5 ns
LIMIT_S = 900


class Recorded(qemu.Machine):
    """A machine whose every input is written to the folder's trace, or taken from it."""

    def __init__(self, config, folder, mode, **more):
        super().__init__(config, folder / "image", cold=True, accelerate=False, **more)
        self.folder, self.mode = folder, mode

    def command(self, incoming=None):
        """Disk and firmware as they are, with what is written kept apart; the disk's answers are inputs too, which blkreplay sees to."""
        code, variables, _ = qemu.find_firmware(self.config.firmware)
        moments = self.folder / "moments"
        serial = ["-chardev", "stdio,id=serial,signal=off", "-serial", "chardev:serial"]
        return [qemu.QEMU, *qemu.guest_arguments(self.config, False), "-accel", "tcg", "-no-reboot", "-display", "none", "-nic", "none",
                "-icount", f"shift={TICK_SHIFT},rr={self.mode},rrfile={self.folder / 'trace'}",
                "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
                "-drive", f"if=pflash,unit=1,format=raw,snapshot=on,file={variables}",
                "-drive", f"if=none,id=image,format=raw,snapshot=on,file={self.image}", "-drive", "if=none,driver=blkreplay,image=image,id=d0",
                "-drive", f"if=none,id=moments,format=qcow2,file={moments}",
                *(serial if self.serial_arguments is None else self.serial_arguments), *self.host_extra, *self.qmp.arguments()]

    def start(self, incoming=None):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", self.folder / "moments", "1G"], check=True, timeout=60)
        super().start(incoming)


def record(loader, folder, config, words, **more):
    """A machine that records from power-on; everything that the replay needs is in the folder afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    run.make_image(loader, words, folder / "image")
    (folder / "config.json").write_text(json.dumps(dataclasses.asdict(config)))
    core = pathlib.Path(loader).with_name("core.elf")
    (folder / "core.elf").write_bytes(core.read_bytes())
    return Recorded(config, folder, "record", **more)


def replay(folder, **more):
    """The machine that was recorded."""
    config = json.loads((folder / "config.json").read_text())
    return Recorded(qemu.Config(**{**config, "extra": tuple(config["extra"])}), folder, "replay", **more)


def gdb_commands(stub):
    """To the core's first line of C, where a moment is kept to come back to."""
    return [word for command in ("set pagination off", "set confirm off", f"target remote {stub}", "monitor savevm power-on", "thbreak core_start",
                                 "continue", "monitor savevm core") for word in ("-ex", command)]


def main_record(args):
    if args.smp != "1":
        sys.exit("replay: QEMU records machines with one CPU only")
    config = qemu.Config(machine=args.machine, mem=args.mem, firmware=args.firmware, display=args.display)
    with record(args.loader, args.folder, config, os.environ.get("INGOT_ARGS", ""),
                serial_arguments=["-chardev", "stdio,id=serial,signal=off", "-serial", "chardev:serial"]) as machine:
        status = run.report(machine.wait(None if sys.stdin.isatty() else LIMIT_S))
    print(f"replay: {(args.folder / 'trace').stat().st_size >> 20} MiB in {args.folder}; `make replay` goes through it with gdb", file=sys.stderr)
    return status


def main_replay(args):
    if not (args.folder / "trace").is_file():
        sys.exit(f"replay: nothing was recorded in {args.folder}: make record comes first")
    log = args.folder / "serial"
    with tempfile.TemporaryDirectory() as stub:
        with replay(args.folder, host_extra=["-S", "-gdb", f"unix:{stub}/gdb,server=on,wait=off"],
                    serial_arguments=["-chardev", f"file,id=serial,path={log}", "-serial", "chardev:serial"]):
            print(f"replay: the serial port is written to {log}", file=sys.stderr)
            status = subprocess.run(["gdb", "-q", "-nx", args.folder / "core.elf", *gdb_commands(f"{stub}/gdb"), *args.gdb]).returncode
    return status


def main():
    defaults = qemu.Config()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    what = parser.add_subparsers(dest="what", required=True)
    one = what.add_parser("record")
    one.add_argument("loader", type=pathlib.Path)
    one.add_argument("folder", type=pathlib.Path)
    for name in ("machine", "smp", "mem", "firmware", "display"):
        one.add_argument(f"--{name}", default=getattr(defaults, name))
    what.add_parser("replay").add_argument("folder", type=pathlib.Path)
    ours, gdb = sys.argv[1:], []
    if "--" in ours:
        ours, gdb = ours[:ours.index("--")], ours[ours.index("--") + 1:]
    args = parser.parse_args(ours)
    args.gdb = gdb
    try:
        sys.exit(main_record(args) if args.what == "record" else main_replay(args))
    except qemu.Unavailable as why:
        sys.exit(f"replay: {why}")


if __name__ == "__main__":
    main()
