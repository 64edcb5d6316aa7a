#!/usr/bin/python3
"""docs.py: makes the reference of <ingot/*.h> under build/docs/: html/index.html, and man pages for `man -M build/docs/man`.

What Doxygen has to complain about is an error, but for types, fields and values that need no words beside their names."""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
OUT = TOP / "build/docs"
NEEDS_NO_WORDS = re.compile(r"\((variable|enumvalue|enumeration|typedef)\) .*is not documented|Compound .* is not documented|"
                            r"Member \w+ \(macro definition\) .*is not documented")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "warnings").unlink(missing_ok=True)
    status = subprocess.run(["doxygen", "tools/Doxyfile"], cwd=TOP, stdin=subprocess.DEVNULL).returncode
    wrong = [line for line in (OUT / "warnings").read_text().splitlines() if line and not NEEDS_NO_WORDS.search(line)]
    for line in wrong:
        print(f"docs: {line}")
    if status or wrong:
        sys.exit(1)
    print("docs: build/docs/html/index.html, and: man -M build/docs/man timer_arm")


if __name__ == "__main__":
    main()
