#!/usr/bin/python3
"""gcov_lines.py LOG... --out FOLDER: makes .gcda files of what images built with COVERAGE=1 have sent over the serial line, with their .gcno beside
them, for gcov and gcovr. Several logs of the same image are added up (gcov-tool). What is cut, lost or damaged is named, and is an error.

A file is `gcov file NAME`, lines `gcov NUMBER BASE64`, and `gcov end BYTES SUM`; the sum is Adler's without its 1 (core/coverage.c)."""
import argparse
import base64
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[1]


class Damaged(Exception):
    """What came over the line is not what was sent."""


def checksum(data):
    low = high = 0
    for byte in data:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return high << 16 | low


def files(text):
    """{name: content} of a log."""
    found, name, parts = {}, None, []
    for line in re.findall(r"^(?:\[[^\]]*\] )?gcov (.*)$", text.replace("\r", ""), re.MULTILINE):
        words = line.split()
        if words[0] == "file":
            name, parts = line[5:], []
        elif words[0] == "end":
            data = b"".join(parts)[:int(words[1])]
            if name is None or len(data) != int(words[1]) or checksum(data) != int(words[2], 16):
                raise Damaged(f"{name}: {len(data)} of {words[1]} bytes, sum {checksum(data):08x}, wanted {words[2]}")
            found[name], name = data, None
        elif name is None or int(words[0]) != len(parts):
            raise Damaged(f"{name}: line {words[0]} came where {len(parts)} was to come")
        else:
            parts.append(base64.b64decode(words[1]))
    if name is not None:
        raise Damaged(f"{name}: its end is missing")
    return found


def place(name):
    """Where an object lies in the tree, whatever the compiler called it."""
    path = pathlib.Path(name)
    return (path.relative_to(TOP) if path.is_absolute() else path)


def write(found, folder):
    for name, data in found.items():
        path = folder / place(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def add_up(logs, folder):
    """All logs' counters into the folder, each beside its .gcno."""
    shutil.rmtree(folder, ignore_errors=True)
    for number, log in enumerate(logs):
        found = files(pathlib.Path(log).read_text(errors="replace"))
        if not found:
            raise Damaged(f"{log}: no counters in it")
        with tempfile.TemporaryDirectory() as one:
            one = pathlib.Path(one)
            write(found, one / "new")
            if number:
                subprocess.run(["gcov-tool", "merge", one / "new", folder, "-o", one / "both"], check=True, capture_output=True, timeout=300)
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(one / ("both" if number else "new"), folder)
    for path in folder.rglob("*.gcda"):
        shutil.copy((TOP / path.relative_to(folder)).with_suffix(".gcno"), path.with_suffix(".gcno"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("logs", nargs="+")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    try:
        add_up(args.logs, args.out)
    except Damaged as why:
        sys.exit(f"gcov_lines: {why}")


if __name__ == "__main__":
    main()
