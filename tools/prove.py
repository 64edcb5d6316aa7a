#!/usr/bin/python3
"""prove.py: Frama-C's WP proves readers of firmware's tables free of run-time errors: no access outside of what may be read or written, no
division by zero, no overflow of signed numbers, whatever the table holds.

The contracts stand in tests/proof/, loop invariants as comments in the sources. Provers: CVC4 and Z3, by Why3. Exit status 1 when a goal is not
proved."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[1]
LIMIT_S = 1800
JOBS = {
    "tests/proof/acpi.c": "acpi_read acpi_read8 acpi_read16 acpi_read32 acpi_read64 acpi_part acpi_next_record_of",
    "tests/proof/madt.c": "is_short read_line add_ioapic add_override add_nmi add_record acpi_get_interrupts read_processor is_among "
                          "sort_processor acpi_get_processors acpi_get_local_nmi",
}


def provers(folder):
    """The environment in which Why3 knows the provers of this machine, and nothing of the user's is changed."""
    environment = dict(os.environ, WHY3CONFIG=str(folder / "why3.conf"), HOME=str(folder))
    subprocess.run(["why3", "config", "detect"], env=environment, check=True, capture_output=True)
    return environment


def prove(file, functions, environment, top=TOP):
    """(goals proved, goals, what was said)."""
    said = subprocess.run(["nice", "frama-c", "-c11", "-machdep", "gcc_x86_64", "-cpp-extra-args=-Itests/proof/include -Icore/include "
                           "-Icore/x86_64/include -I. -DINGOT_DEBUG=0", "-wp", "-wp-rte", "-wp-prover", "cvc4,z3", "-wp-timeout", "60",
                           "-wp-par", "2", "-wp-fct", ",".join(functions.split()), file], cwd=top, env=environment, timeout=LIMIT_S,
                          capture_output=True, text=True).stdout
    goals = re.search(r"Proved goals:\s+(\d+) / (\d+)", said)
    return (int(goals[1]), int(goals[2]), said) if goals else (0, 1, said)


def main():
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        environment = provers(pathlib.Path(folder))
        for file, functions in JOBS.items():
            proved, goals, said = prove(file, functions, environment)
            print(f"{file}: {proved} of {goals} goals proved, for {len(functions.split())} functions", flush=True)
            if proved < goals:
                print("\n".join(line for line in said.splitlines() if "Valid" not in line))
                status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
