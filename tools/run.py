#!/usr/bin/python3
"""run.py LOADER.EFI [options] [-- more for gdb]: boots the loader in QEMU with its serial port here (make run), or under gdb (make debug).

The application's words come from the environment variable INGOT_ARGS, and go into the image's \\ingot\\ingot.cfg. Unless they say
otherwise, exit=qemu is added, and the exit status of this command is what main returned (0 to 100), or 120 after a panic."""
import argparse
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

import mkimage
import qemu

STATUS_LIMIT, STATUS_FAILED = 124, 125         # as timeout(1) has them
BATCH_LIMIT_S = 300                            # nobody looks on


def command_line(words):
    """The text of ingot.cfg."""
    options = words.split(" -- ")[0].split()
    return words if any(word.startswith("exit=") for word in options) else f"exit=qemu {words}".strip()


def make_image(loader, words, out):
    files = {"EFI/BOOT/BOOTX64.EFI": pathlib.Path(loader).read_bytes(), "ingot/ingot.cfg": f"{command_line(words)}\n".encode()}
    mkimage.make(out, files)
    return out


def has_window(kind):
    """Whether this QEMU was built with a window of that kind, and this terminal is in a graphical session."""
    if not (os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")):
        return False
    kinds = subprocess.run([qemu.QEMU, "-display", "help"], capture_output=True, text=True, timeout=60).stdout
    return kind in kinds.split()


def choose_window(display):
    """QEMU's -display, and what to tell about it."""
    if display == "none":
        return "none", ""
    if has_window("gtk"):
        return "gtk", ""
    return "vnc=127.0.0.1:0,to=9", "; the screen is on VNC, 127.0.0.1:5900 or the next free port"


def report(end):
    """Words for how it ended, and our exit status."""
    if end.said:
        print(end.said, file=sys.stderr)
    if end.how == "exit":
        if end.status:
            print(f"run: the application ended with {end.status}" + (" (a panic)" if end.status == 120 else ""), file=sys.stderr)
        return end.status
    if end.how == "limit":
        print("run: stopped at the time limit", file=sys.stderr)
        return STATUS_LIMIT
    print({"poweroff": "run: the machine switched itself off", "reset": "run: the machine reset itself",
           "stopped": "run: stopped"}.get(end.how, "run: QEMU failed"), file=sys.stderr)
    return STATUS_FAILED if end.how == "failed" else 0


def run(args, config, image):
    window, told = choose_window(config.display)
    if sys.stdin.isatty():
        print(f"run: serial port below; Ctrl-A X ends QEMU{told}", file=sys.stderr)
    limit_s = args.limit or (None if sys.stdin.isatty() else BATCH_LIMIT_S)
    serial = ["-chardev", "stdio,id=serial,mux=on,signal=off", "-serial", "chardev:serial", "-mon", "chardev=serial"]
    with qemu.Machine(config, image, cold=args.cold, window=window, serial_arguments=serial) as machine:
        return report(machine.wait(limit_s))


def debug(args, config, image):
    """QEMU waits, gdb is attached to it, with a breakpoint on the core's first C function."""
    log = f"{args.core}.serial"
    with tempfile.TemporaryDirectory() as folder:
        serial = ["-chardev", f"file,id=serial,path={log}", "-serial", "chardev:serial"]
        host = ["-S", "-gdb", f"unix:{folder}/gdb,server=on,wait=off"]
        print(f"debug: the serial port is written to {log}", file=sys.stderr)
        with qemu.Machine(config, image, cold=args.cold, serial_arguments=serial, host_extra=host):
            return subprocess.run(["gdb", "-q", "-nx", args.core, "-ex", "set pagination off", "-ex", "set confirm off",
                                   "-ex", f"target remote {folder}/gdb", "-ex", "hbreak core_start", "-ex", "continue",
                                   *args.gdb]).returncode


def follow(path, words):
    """Shows what comes from the machine's serial line until it says these words; then the line is free for gdb."""
    text = b""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)
        line.settimeout(BATCH_LIMIT_S)
        while words not in text or not text.endswith(b"\n"):
            data = line.recv(4096)
            if not data:
                return
            sys.stderr.buffer.write(data)
            sys.stderr.flush()
            text += data


def debug_line(args, config, image):
    """gdb on the machine's serial port, where its own stub waits for it."""
    with tempfile.TemporaryDirectory() as folder:
        serial = ["-chardev", f"socket,id=serial,path={folder}/line,server=on,wait=off", "-serial", "chardev:serial"]
        with qemu.Machine(config, image, cold=args.cold, serial_arguments=serial):
            follow(f"{folder}/line", b"debug: waiting for gdb")
            return subprocess.run(["gdb", "-q", "-nx", args.core, "-ex", "set pagination off", "-ex", "set confirm off",
                                   "-ex", f"target remote {folder}/line", *args.gdb]).returncode


def main():
    defaults = qemu.Config()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("loader")
    parser.add_argument("--image", default="build/run.img", help="the disk image to write and run")
    parser.add_argument("--debug", dest="core", help="run under gdb, with the symbols of this ELF")
    parser.add_argument("--line", action="store_true", help="with --debug: by the machine's own stub on its serial port")
    parser.add_argument("--cold", action="store_true", help="from power-on, not from the frozen firmware")
    parser.add_argument("--limit", type=float, help="seconds")
    for name in ("machine", "smp", "mem", "firmware", "display", "cpu", "disk"):
        parser.add_argument(f"--{name}", default=getattr(defaults, name))
    ours, gdb = sys.argv[1:], []
    if "--" in ours:
        ours, gdb = ours[:ours.index("--")], ours[ours.index("--") + 1:]
    args = parser.parse_args(ours)
    args.gdb = gdb
    config = qemu.Config(machine=args.machine, smp=args.smp, mem=args.mem, firmware=args.firmware, display=args.display,
                         cpu=args.cpu, disk=args.disk)
    image = args.loader if args.disk == "pxe" else make_image(args.loader, os.environ.get("INGOT_ARGS", ""), args.image)
    try:
        sys.exit((debug_line if args.line else debug if args.core else run)(args, config, image))
    except qemu.Unavailable as why:
        print(f"run: {why}", file=sys.stderr)
        sys.exit(STATUS_FAILED)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
