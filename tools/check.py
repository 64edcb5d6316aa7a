#!/usr/bin/python3
"""check.py: quick facts about the sources, without building them. One line for each that does not hold, then exit status 1.

arrows   who may include whom (ARROWS); a folder is a boundary
rooms    the names at the top
style    width, tabs, spaces at the ends of lines, notes about unfinished work
headers  every header compiles alone
shell    shellcheck has nothing to say"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
ROOMS = {"Makefile", "README.md", "LICENSE", ".gitignore", ".ci", "efi", "core", "drivers", "apps", "esp", "tests", "tools"}
WIDTH = 160
FREESTANDING = r"<std(int|def|bool|arg|atomic|align)\.h>|<limits\.h>|<float\.h>"
INGOT = r"<ingot/\w+\.h>"
OTHERS = r'"(\w+/)?\w+\.c"'                  # what such an application is built around: programs of others, as they are
C_LIBRARY = r"<(sys/)?\w+\.h>"                # for applications whose app.mk asks for it, and for what it stands on
ARROWS = [                     # sources, what they may include; the first that fits holds
    (r"core/include/ingot/.*", [FREESTANDING, INGOT]),
    (r"core/(\w+)/include/ingot/.*", [FREESTANDING, INGOT]),
    (r"core/handoff\.h", [FREESTANDING]),
    (r"core/[^/]+\.[ch]", [FREESTANDING, INGOT, r'"core/\w+\.h"']),
    (r"core/(\w+)/.*", [FREESTANDING, INGOT, r'"core/\w+\.h"', r'"core/{1}/\w+\.h"']),
    (r"drivers/.*", [FREESTANDING, INGOT]),
    (r"apps/(main|include/limits)\.h", []),
    (r"apps/libc/.*", [FREESTANDING, INGOT, C_LIBRARY, r'"\w+\.h"', r'"(arch|bits)/.*\.h"']),
    (r"apps/(\w+)/.*", [FREESTANDING, INGOT, r'"\w+\.h"', r"<(math|immintrin)\.h>"]),
    (r"efi/[^/]+\.[chS]", [FREESTANDING, r'"efi/\w+\.h"', r'"core/handoff\.h"', r"<efi\w*\.h>"]),
    (r"efi/(\w+)/.*", [FREESTANDING, r'"efi/\w+\.h"', r'"efi/{1}/\w+\.h"', r'"core/handoff\.h"', r"<efi\w*\.h>"]),
    (r"(tests|tools)/.*", [r".*"]),
]
CPU_WORDS = r"\b(__asm__|asm)\b"               # belongs into a CPU's folder
CPU_FOLDERS = r"(core|efi)/\w+/|tests/|tools/|apps/"
UNFINISHED = r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"
TEXT_SUFFIXES = {".c", ".h", ".S", ".ld", ".py", ".sh", ".mk", ".md", ".cfg", ".nsh", ".lds"}


def sources():
    """Paths of the tree's own files, relative to the top: what git knows or would add; without git, all but what is made."""
    try:
        listed = subprocess.run(["git", "-C", TOP, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
        if listed.returncode == 0:
            return sorted(name for name in listed.stdout.splitlines() if (TOP / name).is_file())
    except FileNotFoundError:
        pass
    found = (path.relative_to(TOP) for path in TOP.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.parts[0] not in ("build", ".git") and "__pycache__" not in path.parts)


def has_library(folder):
    """Whether an application asks for the C library."""
    settings = TOP / folder / "app.mk"
    return settings.exists() and re.search(r"^LIBC *:?= *1$", settings.read_text(), re.MULTILINE) is not None


def check_arrows(names):
    for name in names:
        if not name.endswith((".c", ".h", ".S", ".inc")):
            continue
        rule = next(((match, allowed) for pattern, allowed in ARROWS if (match := re.fullmatch(pattern, name))), None)
        if rule is None:
            yield f"{name}: no rule says what it may include"
            continue
        match, allowed = rule
        if name.startswith("apps/") and has_library(pathlib.Path(name).parent):
            allowed = [*allowed, C_LIBRARY, OTHERS]
        allowed = [pattern.replace("{1}", match.group(1)) if "{1}" in pattern else pattern for pattern in allowed]
        for number, line in enumerate((TOP / name).read_text().splitlines(), 1):
            included = re.match(r'\s*#\s*include\s*([<"][^>"]+[>"])', line)
            if included and not any(re.fullmatch(pattern, included.group(1)) for pattern in allowed):
                yield f"{name}:{number}: may not include {included.group(1)}"
            if name.endswith((".c", ".h")) and re.search(CPU_WORDS, line) and not re.match(CPU_FOLDERS, name):
                yield f"{name}:{number}: assembly outside a CPU's folder"


def check_rooms(names):
    for room in sorted({name.split("/")[0] for name in names} - ROOMS):
        yield f"{room}: not a room of this house"
    for name in names:
        if name.endswith(".py") and not name.startswith(("tests/", "tools/")):
            yield f"{name}: Python belongs into tests/ and tools/"


def is_text(name):
    return pathlib.Path(name).suffix in TEXT_SUFFIXES or name == "Makefile"


def check_style(names):
    for name in filter(is_text, names):
        text = (TOP / name).read_text()
        makefile = name.endswith((".mk", "Makefile"))
        if text and not text.endswith("\n"):
            yield f"{name}: the last line has no end"
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > WIDTH and not name.endswith(".md"):
                yield f"{name}:{number}: {len(line)} columns, more than {WIDTH}"
            if "\t" in line and not makefile:
                yield f"{name}:{number}: a tab"
            if line != line.rstrip():
                yield f"{name}:{number}: space at the end of the line"
            if re.search(UNFINISHED, line):
                yield f"{name}:{number}: a note about unfinished work"
        if name.endswith(".h") and "#pragma once" not in text:
            yield f"{name}: no #pragma once"


def header_flags(name):
    """Compiler flags for a header on its own; None where it belongs to the tests."""
    arch = os.environ.get("ARCH", "x86_64")
    public = ["-Icore/include", f"-Icore/{arch}/include", "-DINGOT_DEBUG=0"]
    if name.startswith("efi/"):
        return ["-I.", "-I/usr/include/efi", f"-I/usr/include/efi/{arch}", "-DGNU_EFI_USE_MS_ABI", "-fshort-wchar"]
    if "/include/ingot/" in name and name.startswith("core/"):
        return public
    return [*public, "-I."] if name.startswith(("core/", "drivers/")) else None


def check_header(name):
    flags = header_flags(name)
    if flags is None:
        return []
    done = subprocess.run(["gcc", "-std=gnu11", "-ffreestanding", "-mno-red-zone", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                           *flags, "-x", "c", "-"], input=f'#include "{name}"\n' if "/ingot/" not in name else
                          f"#include <ingot/{pathlib.Path(name).name}>\n", cwd=TOP, capture_output=True, text=True)
    wrong = [line for line in done.stderr.splitlines() if "error:" in line] or ["gcc failed"]
    return [f"{name}: does not compile alone: {wrong[0]}"] if done.returncode else []


def check_headers(names):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for wrong in pool.map(check_header, [name for name in names if name.endswith(".h")]):
            yield from wrong


def check_shell(names):
    scripts = [name for name in names if name.endswith(".sh") or name == ".ci/run"]
    done = subprocess.run(["shellcheck", "-f", "gcc", *scripts], cwd=TOP, capture_output=True, text=True)
    yield from done.stdout.splitlines()
    if done.returncode > 1:
        yield f"shellcheck: {done.stderr.strip()}"


CHECKS = {"arrows": check_arrows, "rooms": check_rooms, "style": check_style, "headers": check_headers, "shell": check_shell}


def main():
    names, count = sources(), 0
    for kind, check in CHECKS.items():
        for wrong in check(names):
            print(f"check: {kind}: {wrong}")
            count += 1
    print(f"check: {len(names)} files, {count} findings")
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
