#!/usr/bin/python3
"""test.py [--full] --host PROGRAM... --fuzz NAME...: runs all tests and closes with one line, `N passed, N failed` (and `, N skipped`).

In order, the quickest first: check.py, the host programs (cmocka), the fuzz targets on their corpus (with --full a minute each, and a minute for
a build with a mistake that must be found), pytest on tests/ (tools, host, boot), the list of faults (faults.py) against what they have reported.
With `make test`, what they need has been built before.
What a host program prints in lines that begin with `ran ` is shown: how many cases its generators made."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

import faults

TOP = pathlib.Path(__file__).resolve().parents[1]
HOST_LIMIT_S = 3600            # ten million seeds in the full run
PYTEST_LIMIT_S, PYTEST_FULL_LIMIT_S = 3600, 6 * 3600
FUZZ_S = 60
BOOTED = ("apps/monitor", "apps/hello", "tests/boot/app", "tests/boot/apps/faults",
          "tests/boot/apps/selftest", "tests/boot/apps/audit", "tests/boot/apps/processors", "tests/boot/apps/conformance")
WORKERS = "2"                  # boots at once: each is a QEMU that fills a CPU


class Tally:
    """What has been counted so far, and what is to be told at the end."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.notes = []

    def add(self, part, passed, failed, skipped, took_s):
        passed, failed = int(passed), int(failed)      # a bool counts as one
        self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
        skips = f", {skipped} skipped" if skipped else ""
        print(f"{part}: {passed} passed, {failed} failed{skips} ({took_s:.1f} s)", flush=True)

    def close(self):
        """The one line, and the exit status. That nothing ran is a failure."""
        for note in self.notes:
            print(note)
        if self.passed + self.failed == 0:
            self.failed = 1
            print("test: no test ran")
        print(f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else ""))
        return 1 if self.failed else 0


def run(command, limit_s, **environment):
    """Output and exit status; a program that does not end is ended, with a status that says so."""
    try:
        done = subprocess.run(command, cwd=TOP, env=dict(os.environ, **environment), stdin=subprocess.DEVNULL, timeout=limit_s,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    except subprocess.TimeoutExpired as why:
        said = (why.stdout or b"").decode(errors="replace") if isinstance(why.stdout, bytes) else why.stdout or ""
        return f"{said}\nnot ended after {limit_s} s\n", 124
    return done.stdout, done.returncode


def run_check(tally):
    started = time.monotonic()
    said, status = run([sys.executable, "tools/check.py"], 120)
    if status:
        print(said, end="")
    tally.add("check", status == 0, status != 0, 0, time.monotonic() - started)


def host_counts(said, status):
    """Passed, failed and skipped of a cmocka program's TAP output. One that ends early or in an error has failed at least once."""
    skipped = len(re.findall(r"^ok \d+ .*# SKIP|^not ok \d+ .*# SKIP", said, re.MULTILINE))
    passed = len(re.findall(r"^ok \d+", said, re.MULTILINE)) - len(re.findall(r"^ok \d+ .*# SKIP", said, re.MULTILINE))
    failed = len(re.findall(r"^not ok \d+(?!.*# SKIP)", said, re.MULTILINE))
    planned = sum(int(count) for count in re.findall(r"^1\.\.(\d+)", said, re.MULTILINE))
    if failed == 0 and (status or passed + skipped == 0 or passed + skipped < planned):
        failed = 1
    return passed, failed, skipped


def run_host(tally, programs):
    """As many at once as there are workers; told in their order."""
    def timed(program):
        started = time.monotonic()
        return *run([program], HOST_LIMIT_S, CMOCKA_MESSAGE_OUTPUT="TAP"), time.monotonic() - started

    with concurrent.futures.ThreadPoolExecutor(int(WORKERS)) as pool:
        for program, (said, status, took_s) in zip(programs, pool.map(timed, programs)):
            tell_host(tally, program, said, status, took_s)


def tell_host(tally, program, said, status, took_s):
    passed, failed, skipped = host_counts(said, status)
    if failed:
        print(said, end="" if said.endswith("\n") else "\n")
        print(f"{program} ended with status {status}")
    for line in re.findall(r"^(?:# )?(ran .*)", said, re.MULTILINE):
        print(f"  {line}")
    tally.notes += [f"skipped: {program}: {line}" for line in re.findall(r"^(?:not )?ok \d+ .*# SKIP.*", said, re.MULTILINE)]
    tally.add(pathlib.Path(program).name, passed, failed, skipped, took_s)


def run_fuzz(tally, names):
    started, failed = time.monotonic(), 0
    for name in names:
        corpus = TOP / "tests/fuzz/corpus" / name
        said, status = run([f"build/host/fuzz_{name}", "-runs=0", str(corpus)], 300)
        if status or not any(corpus.iterdir()):
            print(said, end="")
            print(f"fuzz_{name}: status {status} on {corpus}")
            failed += 1
    if names:
        tally.add("fuzz corpus", len(names) - failed, failed, 0, time.monotonic() - started)


def fuzz(program, name, folder):
    """FUZZ_S seconds from the corpus on; what is new goes to folder. Output, and the status that libFuzzer ended with."""
    words = TOP / f"tests/fuzz/{name}.dict"
    folder.mkdir(parents=True, exist_ok=True)
    return run([f"build/host/{program}", f"-max_total_time={FUZZ_S}", "-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={folder}/",
                *([f"-dict={words}"] if words.exists() else []), str(folder), f"tests/fuzz/corpus/{name}"], FUZZ_S + 240)


def run_fuzz_long(tally, names):
    """Each target finds nothing in a minute; and with a mistake in its sources it does, or it could not have found anything."""
    for name in names:
        started = time.monotonic()
        said, status = fuzz(f"fuzz_{name}", name, TOP / "build/fuzz" / name)
        with tempfile.TemporaryDirectory() as folder:
            planted, found = fuzz(f"fuzz_{name}_broken", name, pathlib.Path(folder))
        if status:
            print(said[-4000:])
        if not found:
            print(f"fuzz_{name}: the mistake of tests/fuzz/broken/{name}.sed was not found in {FUZZ_S} s\n{planted[-400:]}")
        tally.add(f"fuzz_{name}", (status == 0) + (found != 0), (status != 0) + (found == 0), 0, time.monotonic() - started)


def pytest_results(report):
    """Counts and skip reasons of a JUnit report; one failure when there is none."""
    if not report.exists():
        return 0, 1, 0, []
    passed = failed = skipped = 0
    reasons = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif skip is not None:
            skipped += 1
            reasons.setdefault(skip.get("message"), []).append(case.get("name"))
        else:
            passed += 1
    return passed, failed, skipped, [f"skipped: {', '.join(names)}: {reason}" for reason, names in reasons.items()]


def run_build(tally):
    """The images that boot tests start. When one cannot be built, that is one failure, and nothing is booted."""
    started = time.monotonic()
    sys.path.append(str(TOP / "tests/boot"))
    import build
    try:
        for app in BOOTED:
            build.loader(app)
    except RuntimeError as why:
        print(why)
        tally.add("build", 0, 1, 0, time.monotonic() - started)
        return False
    tally.add("build", len(BOOTED), 0, 0, time.monotonic() - started)
    return True


def run_pytest(tally, full, with_boots):
    started = time.monotonic()
    report = TOP / "build/pytest.xml"
    report.unlink(missing_ok=True)
    folders = [folder for folder in ("tests/tools", "tests/host", "tests/boot") if any((TOP / folder).glob("test_*.py"))]
    if not with_boots:
        folders.remove("tests/boot")
    limit_s = PYTEST_FULL_LIMIT_S if full else PYTEST_LIMIT_S
    try:
        status = subprocess.run([sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "-n", WORKERS, "--dist",
                                 "worksteal" if has_worksteal() else "load", "--durations=5", "--tb=short", f"--junitxml={report}",
                                 "-m", "full or not full" if full else "not full", *folders],
                                cwd=TOP, stdin=subprocess.DEVNULL, timeout=limit_s).returncode
    except subprocess.TimeoutExpired:
        print(f"pytest: not ended after {limit_s} s")
        status = 124
    passed, failed, skipped, reasons = pytest_results(report)
    if status and failed == 0:
        print(f"pytest ended with status {status}")
        failed = 1
    tally.notes += reasons
    tally.add("pytest", passed, failed, skipped, time.monotonic() - started)


def run_faults(tally, full):
    """The list of faults, against what all of the above have reported."""
    started = time.monotonic()
    good, bad, _ = faults.judge(full, only_bad=True)
    tally.add("faults", good, bad, 0, time.monotonic() - started)


def has_worksteal():
    """pytest-xdist 3.2 and later; Debian 12 has 3.1."""
    import xdist
    return tuple(int(part) for part in xdist.__version__.split(".")[:2]) >= (3, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="also the tests marked full")
    parser.add_argument("--host", nargs="*", default=[])
    parser.add_argument("--fuzz", nargs="*", default=[])
    args = parser.parse_args()
    tally = Tally()
    faults.listen()
    run_check(tally)
    run_host(tally, args.host)
    run_fuzz(tally, args.fuzz)
    if args.full:
        run_fuzz_long(tally, args.fuzz)
    run_pytest(tally, args.full, run_build(tally))
    run_faults(tally, args.full)
    sys.exit(tally.close())


if __name__ == "__main__":
    main()
