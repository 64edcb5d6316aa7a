#!/usr/bin/python3
"""coverage.py --host FOLDER [--programs PROGRAM...] [--boots] [--list]: runs host tests that count, boots images that do, and prints how many lines
and branches of loader, parsers, core and drivers were reached. Loader and parsers by the host tests alone, which have all of their inputs in
hand; core and drivers by both.

Loader and parsers must reach 95 % of their branches, and each branch that is not reached must stand in tests/coverage.txt with a reason:
a line `file: how many of: the source line` below a comment that is the reason. What stands there and is reached after all is an error too.
--list prints what is missing there, in its form. Real machines' tables (the folder that INGOT_SHARED names) are part of the tests: without
them there are figures only."""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

import gcov_lines
import mkimage
import qemu

TOP = pathlib.Path(__file__).resolve().parents[1]
REASONS = TOP / "tests/coverage.txt"
BRANCHES_WANTED = 0.95
PROGRAM_LIMIT_S = 600
ARGUMENTS = {"test_loader_seeds": ["--seeds", "0", "50000"]}       # of 200,000
GROUPS = (                     # the first that fits
    ("loader", r"efi/"),
    ("parsers", r"core/(handoff|option|acpi\w*|smbios|font|utf8|ansi|seed|memory|expression)\.[ch]"),
    ("drivers", r"drivers/"),
    ("core", r"core/"),
)
GUARDED = ("loader", "parsers")
BOOTS = (                      # application, words, machine: built with COVERAGE=1
    ("apps/hello", "exit=qemu", qemu.Config(display="std")),
    ("tests/boot/apps/selftest", "exit=qemu operations=20000", qemu.Config()),
    ("tests/boot/apps/smp", "exit=qemu", qemu.Config(smp="4")),
    ("tests/boot/app", "exit=qemu fail-assert", qemu.Config()),
)
BOOT_LIMIT_S = 900
TARGET = TOP / "build/coverage/target"


def run(program):
    """Runs a test; what it said if it failed."""
    program = (TOP / program).resolve()
    try:
        done = subprocess.run([program, *ARGUMENTS.get(program.name, [])], cwd=TOP, capture_output=True, text=True, errors="replace",
                              timeout=PROGRAM_LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"{program.name}: not ended after {PROGRAM_LIMIT_S} s"
    return f"{program.name}: status {done.returncode}\n{done.stdout[-2000:]}" if done.returncode else ""


def run_all(programs):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        failed = [said for said in pool.map(run, programs) if said]
    if failed:
        sys.exit("\n".join(failed))


def boot(number, app, words, config):
    """The log of a boot, with its counters."""
    out = "build/x86_64-coverage"
    subprocess.run(["make", "-s", "COVERAGE=1", f"APP={app}", f"{out}/BOOTX64.EFI"], cwd=TOP, check=True, timeout=PROGRAM_LIMIT_S)
    image, log = TOP / f"build/coverage/{number}.img", TOP / f"build/coverage/{number}.log"
    mkimage.make(image, {"EFI/BOOT/BOOTX64.EFI": (TOP / out / "BOOTX64.EFI").read_bytes(), "ingot/ingot.cfg": f"{words}\n".encode()})
    with qemu.Machine(config, image) as machine:
        machine.wait(BOOT_LIMIT_S)
        log.write_text(machine.text)
    return log


def boot_all():
    try:
        gcov_lines.add_up([boot(number, *one) for number, one in enumerate(BOOTS)], TARGET)
    except gcov_lines.Damaged as why:
        sys.exit(f"coverage: {why}")


def measure(folders):
    """{file: {line: (count, [count of each branch])}} of all objects in the folders, each line's counts added up."""
    ours = [word for folder in ("efi/", "core/", "drivers/") for word in ("--filter", folder)]
    done = subprocess.run(["gcovr", "-r", TOP, *ours, "--json", "-j", "2", "--gcov-ignore-parse-errors", *folders], cwd=TOP,
                          capture_output=True, text=True, timeout=PROGRAM_LIMIT_S)
    if done.returncode:
        sys.exit(f"coverage: gcovr failed\n{done.stderr}")
    return {file["file"]: {line["line_number"]: (line["count"], [branch["count"] for branch in line["branches"]])
                           for line in file["lines"] if not line.get("gcovr/noncode")}
            for file in json.loads(done.stdout)["files"]}


def group_of(name):
    return next((group for group, pattern in GROUPS if re.match(pattern, name)), None)


def print_figures(measured):
    """The table; the parts of branches that were reached, by group."""
    part = {}
    print(f"{'':10} {'lines':>16}  {'branches':>16}")
    for group in [group for group, _ in GROUPS]:
        lines = [line for name, file in measured.items() if group_of(name) == group for line in file.values()]
        branches = [count for _, counts in lines for count in counts]
        hit, taken = sum(count > 0 for count, _ in lines), sum(count > 0 for count in branches)
        part[group] = taken / len(branches) if branches else 0
        print(f"{group:10} {hit:5} of {len(lines):5} {hit / max(1, len(lines)):4.0%} {taken:6} of {len(branches):5} {part[group]:5.1%}")
    return part


def untaken(measured):
    """{(file, source line): branches of it that nobody took}, in loader and parsers."""
    found = collections.Counter()
    for name, file in measured.items():
        if group_of(name) in GUARDED:
            text = (TOP / name).read_text().splitlines()
            for number, (_, branches) in file.items():
                if missing := sum(count == 0 for count in branches):
                    found[name, text[number - 1].strip()] += missing
    return found


def explained(lines):
    """The same, as the file of reasons has it; and the places of which there may be fewer."""
    found, at_most, reason = collections.Counter(), set(), ""
    for number, line in enumerate(lines, 1):
        match = re.fullmatch(r"(\S+): (up to )?(\d+) of: (.+)", line)
        if line.startswith("#"):
            reason = line
        elif match and reason:
            found[match[1], match[4]] += int(match[3])
            at_most |= {(match[1], match[4])} if match[2] else set()
        elif not line:
            reason = ""
        elif not line.startswith(";"):
            sys.exit(f"{REASONS}:{number}: neither a reason nor `file: how many of: source line`")
    return found, at_most


def compare(found, reasons, at_most=(), as_list=False):
    """Prints where the two differ; how many places."""
    wrong = 0
    for name, text in sorted(found.keys() | reasons.keys()):
        seen, told = found[name, text], reasons[name, text]
        if seen == told or (seen < told and (name, text) in at_most):
            continue
        wrong += 1
        if as_list:
            print(f"{name}: {seen} of: {text}")
        else:
            print(f"{name}: {seen} branches not taken, {told} have a reason: {text}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", nargs="*", default=[])
    parser.add_argument("--host", default="build/coverage/host", help="where the host tests' counters lie")
    parser.add_argument("--boots", action="store_true")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    os.environ.setdefault("INGOT_SHARED", str(TOP / "../shared"))
    run_all(args.programs)
    measured = measure([args.host])
    if args.boots:
        boot_all()
    both = measure([args.host, TARGET]) if args.boots else measured
    part = print_figures({name: (measured if group_of(name) in GUARDED else both).get(name, {}) for name in both})
    if not pathlib.Path(os.environ["INGOT_SHARED"]).is_dir():
        sys.exit("coverage: without real machines' tables (INGOT_SHARED) the branches are not compared")
    wrong = compare(untaken(measured), *explained(REASONS.read_text().splitlines()), args.list)
    low = [group for group in GUARDED if part[group] < BRANCHES_WANTED]
    for group in low:
        print(f"coverage: {group}: {part[group]:.1%} of the branches, less than {BRANCHES_WANTED:.0%}")
    print(f"coverage: {wrong} places differ from {REASONS.relative_to(TOP)}")
    sys.exit(1 if wrong or low else 0)


if __name__ == "__main__":
    main()
