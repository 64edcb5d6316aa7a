#!/usr/bin/python3
"""faults.py run | judge [--full]: the list of faults (tests/faults.toml), what each must end in, and what was seen.

run      runs all that reports to the list, host programs and boots, and judges
judge    prints the table of what has been seen since clear(), and closes with counts; --full wants the rows too that only test-full runs

An outcome is one letter: R READY, D READY degraded=, X REFUSED, H PANIC, L the log of the last run told by the next. Who makes a fault happen
reports its row, the letter that it saw and the text; nobody else says what was seen. A row that nobody reported, one with another outcome or without
the words that it wants, and a report for a row that does not exist, fail."""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[1]
LIST = TOP / "tests/faults.toml"
SEEN = TOP / "build/faults"
BY_BOOT = {"chaos", "words", "machine", "app", "tables"}           # a row with one of these is made by tests/boot/test_fault_list.py
KEYS = BY_BOOT | {"rig", "fault", "want", "says", "by", "full", "later", "needs", "cold", "display"}
HOST_LIMIT_S, BOOT_LIMIT_S = 900, 7200


def load(path=LIST):
    """Rows by id, which is section.name; one that makes no sense is an error."""
    with open(path, "rb") as file:
        rows = {f"{group}.{name}": row for group, members in tomllib.load(file).items() for name, row in members.items()}
    for name, row in rows.items():
        unknown = set(row) - KEYS
        makers = ("by" in row) + bool(BY_BOOT & set(row)) + ("later" in row)
        if unknown or row.get("rig") not in tuple("MCQGTF") or makers != 1 or ("want" in row) == ("later" in row):
            raise ValueError(f"{path.name}: {name}: {unknown or 'wants a rig, an outcome, and one who makes it; or a reason'}")
    return rows


def clear():
    SEEN.mkdir(parents=True, exist_ok=True)
    for old in SEEN.iterdir():
        old.unlink()


def listen():
    """Everybody who is started from here on reports; what was seen before is forgotten."""
    clear()
    os.environ["INGOT_FAULTS"] = str(SEEN)


def outcome_of(text, lacks=()):
    """The letter of a boot's text; "-" where it ends in silence. What the machine lacks on purpose does not count as degraded."""
    if re.search(r"^efi: run \d+ (was cut off|ended)", text, re.MULTILINE):
        return "L"
    if re.search(r"^PANIC ", text, re.MULTILINE):
        return "H"
    if re.search(r"^REFUSED |^BdsDxe: failed to load .*: Access Denied|^Verification failed: .*Security", text, re.MULTILINE):
        return "X"                     # by the loader; by the firmware or shim, which do not start it
    ready = re.search(r"^READY (?:degraded=(\S+))?", text, re.MULTILINE)
    if not ready or "main returned" not in text:
        return "-"
    return "D" if set((ready.group(1) or "").split(",")) - {"", *lacks} else "R"


def report(name, outcome, text):
    """One more line of evidence. Host programs write the same (tests/host/fault_seen.h)."""
    SEEN.mkdir(parents=True, exist_ok=True)
    with open(SEEN / name, "a") as file:
        file.write(f"\f{outcome}{text}")


def seen_of(name):
    """What was reported for a row: (outcome, text) each."""
    path = SEEN / name
    return [(part[:1], part[1:]) for part in path.read_text(errors="replace").split("\f")[1:]] if path.exists() else []


def has(folder):
    """Whether what a row needs is there: a folder, or the one that an environment variable names; INGOT_SHARED is beside the tree."""
    return not folder or pathlib.Path(folder if folder.startswith("/") else os.environ.get(folder, TOP.parent / "shared")).is_dir()


def judge_row(row, seen, full):
    """What was seen, in words for the table, and whether it is good; None: nothing had to be."""
    if "later" in row:
        return f"later: {row['later']}", None
    if not seen:
        must = (full or not row.get("full")) and has(row.get("needs"))
        return ("NOT RUN", False) if must else ("not run", None)
    skipped = [text for outcome, text in seen if outcome == "s"]
    if skipped:
        return f"skipped: {skipped[0]}", None
    others = sorted({outcome for outcome, _ in seen} - {row["want"]})
    if others:
        return f"{''.join(others)}: ANOTHER OUTCOME", False
    for words in row.get("says", ()):
        if not all(re.search(words, text, re.MULTILINE) for _, text in seen):
            return f"{row['want']}, but not: {words}", False
    return row["want"], True


def judge(full=False, only_bad=False):
    """Prints the table, or the rows that are not as they must be; then the counts: good, bad, and not run, which it returns."""
    rows = load()
    good = bad = idle = 0
    for name, row in rows.items():
        words, verdict = judge_row(row, seen_of(name), full)
        good, bad, idle = good + (verdict is True), bad + (verdict is False), idle + (verdict is None)
        if verdict is False or not only_bad:
            print(f"{name:15} {row['rig']}  {row.get('want', '-')} -> {words:10} {row['fault']}")
    for name in sorted(path.name for path in SEEN.iterdir() if path.name not in rows) if SEEN.is_dir() else ():
        bad += 1
        print(f"{name:15} is reported, but not in {LIST.name}")
    print(f"faults: {len(rows)} rows: {good} as they must be, {bad} not, {idle} not run or for later")
    return good, bad, idle


def run_all(rows):
    """Whether everybody who reports ended well."""
    makers = {row["by"] for row in rows.values() if "by" in row}
    host = sorted(name for name in makers if not name.startswith("test_"))
    environment = dict(os.environ, INGOT_FAULTS_ONLY="1")
    commands = [([f"build/host/test_{name}"], HOST_LIMIT_S) for name in host]
    commands += [([sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "-n", "2", "--tb=short", "tests/boot"], BOOT_LIMIT_S)]
    good = True
    for command, limit_s in commands:
        done = subprocess.run(command, cwd=TOP, env=environment, stdin=subprocess.DEVNULL, timeout=limit_s, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode:
            print(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
            good = False
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("run", "judge"))
    parser.add_argument("--full", action="store_true")
    args = parser.parse_args()
    good = True
    if args.what == "run":
        listen()
        good = run_all(load())
    _, bad, _ = judge(args.full or args.what == "run")
    sys.exit(bool(bad) or not good)


if __name__ == "__main__":
    main()
