#!/usr/bin/python3
"""analyse.py [TOOL...]: what gcc -fanalyzer, clang-tidy and cppcheck have to say of the sources that run on the target (all three unless named).

What is no mistake is suppressed in tests/analysis/findings.txt, a line each with its reason; a line that suppresses nothing any longer is a
finding itself. Checks that are off for all files are in CHECKS_OFF, with why. Exit status 1 when there are findings."""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
SUPPRESSED = TOP / "tests/analysis/findings.txt"
WORKERS = 2
LIMIT_S = 300                  # one file, one tool, on a loaded machine

FREESTANDING = ["-std=gnu11", "-ffreestanding", "-fno-strict-aliasing", "-mno-red-zone"]
CORE = [*FREESTANDING, "-DINGOT_DEBUG=0", "-Icore/include", "-Icore/x86_64/include", "-I."]
EFI = [*FREESTANDING, "-DGNU_EFI_USE_MS_ABI", "-fshort-wchar", "-isystem", "/usr/include/efi", "-isystem", "/usr/include/efi/x86_64", "-I."]
FOLDERS = {"core": CORE, "drivers": CORE, "apps": CORE, "efi": EFI}

CHECKS_ON = ("clang-analyzer-*", "bugprone-*", "cert-*", "concurrency-*", "misc-*", "portability-*")
CHECKS_OFF = {
    # clang-tidy
    "clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling": "wants memcpy_s and its like, which nobody has",
    "clang-analyzer-optin.performance.Padding": "taste",
    "bugprone-easily-swappable-parameters": "taste",
    "bugprone-branch-clone": "two cases that do the same are two facts",
    "bugprone-suspicious-string-compare": "taste: strcmp as a truth",
    "bugprone-narrowing-conversions": "text is made of ints: gcc defines the conversion, -Wall sees constants that do not fit",
    "bugprone-reserved-identifier": "__start_ and __stop_ are the linker's names of a section's ends",
    "cert-dcl37-c": "the same by another name", "cert-dcl51-cpp": "the same by another name",
    "cert-dcl16-c": "taste: the suffix of an integer", "cert-err33-c": "knows the C library's functions, not ours of the same name",
    "concurrency-mt-unsafe": "knows the C library's functions, not ours of the same name",
    "misc-no-recursion": "tools/stack.py looks for it in the linked program, indirect calls included",
    # cppcheck
    "comparePointers": "the linker's ends of a section are no two objects", "subtractPointers": "likewise",
    "variableScope": "taste", "constParameter": "taste, and wrong for what is called by pointer", "constVariable": "taste",
    "shadowFunction": "-Wshadow is what holds", "shadowVariable": "-Wshadow is what holds; this one sees into macros",
    "clarifyCalculation": "taste: a & b ? c : d", "redundantContinue": "taste: the body of a loop that has none",
    "unusedStructMember": "registers and tables are described whole",
}


def names_in(folder):
    return sorted(str(path.relative_to(TOP)) for path in (TOP / folder).rglob("*.c"))


def sources(folders=FOLDERS):
    """(file, compiler flags) of all C that runs on the target."""
    return [(name, FOLDERS[folder]) for folder in folders for name in names_in(folder)]


def gcc_command(name, flags):
    general = [] if name.startswith("apps/") else ["-mgeneral-regs-only"]
    return ["gcc", *flags, *general, "-O2", "-fanalyzer", "-fdiagnostics-plain-output", "-c", "-o", "/dev/null", name]


def tidy_command(name, flags):
    checks = ",".join(["-*", *CHECKS_ON, *("-" + check for check in CHECKS_OFF)])
    return ["clang-tidy", "--quiet", f"--checks={checks}", name, "--", *flags]


def cppcheck_command(name, flags):
    wanted = [flag for flag in flags if flag.startswith(("-D", "-I"))]
    system = [f"-I{flag}" for flag in flags if flag.startswith("/")]
    return ["cppcheck", "--quiet", "--std=c11", "--platform=unix64", "--enable=warning,portability,performance,style",
            "--suppress=missingInclude", "--suppress=*:/usr/include/*", *(f"--suppress={check}" for check in CHECKS_OFF if "-" not in check),
            "--template={file}:{line}:1: warning: {message} [{id}]", *wanted, *system, name]


COMMANDS = {"gcc": gcc_command, "clang-tidy": tidy_command, "cppcheck": cppcheck_command}


def look(tool, name, flags, top):
    """Findings of one tool in one file, as (file, line, check, text). A tool that fails has found that."""
    try:
        done = subprocess.run(["nice", *COMMANDS[tool](name, flags)], cwd=top, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return {(name, 0, tool, f"not ended after {LIMIT_S} s")}
    found = set()
    for line in (done.stdout + done.stderr).splitlines():
        match = re.match(r"([^ :]+):(\d+):\d+: (?:warning|error): (.*?)(?: \[CWE-\d+\])? \[([\w.,+-]+)(?:,-warnings-as-errors)?\]$", line)
        if match:
            path = pathlib.Path(match[1])
            at = str(path.relative_to(top)) if path.is_absolute() and path.is_relative_to(top) else match[1]
            found.add((at, int(match[2]), match[4], match[3]))
    if done.returncode and not found:
        found.add((name, 0, tool, (done.stderr or done.stdout or "failed").strip().splitlines()[-1]))
    return found


class Suppressions:
    """Lines `FILE | CHECK | REGEXP | REASON`: a finding of that check in that file, whose source line fits, is none."""

    def __init__(self, path):
        self.rules, self.used, self.path = [], set(), path
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                parts = [part.strip() for part in line.split(" | ")]
                if len(parts) != 4 or not all(parts):
                    raise SystemExit(f"{path}:{number}: wants FILE | CHECK | REGEXP | REASON")
                self.rules.append((number, *parts))

    def has(self, file, check, source):
        hits = [number for number, name, rule, pattern, _ in self.rules if name == file and rule in check.split(",") and re.search(pattern, source)]
        self.used.update(hits)
        return bool(hits)

    def idle(self, tools, files):
        """Rules that fitted nothing, of the tools that ran and the files that were looked at."""
        for number, name, rule, pattern, _ in self.rules:
            tool = "gcc" if rule.startswith("-W") else "clang-tidy" if "-" in rule else "cppcheck"
            if tool in tools and name in files and number not in self.used:
                yield f"{self.path.name}:{number}: suppresses nothing: {name} {rule} {pattern}"


def source_line(top, file, number):
    try:
        return (top / file).read_text().splitlines()[number - 1] if number else ""
    except OSError:
        return ""


def analyse(tools, files, suppressions, top=TOP):
    """All findings that are not suppressed, as lines."""
    found = set()
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for findings in pool.map(lambda job: look(*job, top), [(tool, *file) for tool in tools for file in files]):
            found |= findings
    lines = [f"{file}:{line}: {text} [{check}]" for file, line, check, text in sorted(found, key=str)
             if not suppressions.has(file, check, source_line(top, file, line))]
    return lines + list(suppressions.idle(tools, {name for name, _ in files}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tools", nargs="*", choices=[*COMMANDS, []], metavar="TOOL")
    tools = parser.parse_args().tools or list(COMMANDS)
    files = sources()
    lines = analyse(tools, files, Suppressions(SUPPRESSED))
    print("\n".join(lines), end="\n" if lines else "")
    print(f"analyse: {', '.join(tools)}: {len(files)} files, {len(lines)} findings")
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
