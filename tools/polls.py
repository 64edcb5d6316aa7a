#!/usr/bin/python3
"""polls.py [-v]: the loops of core, drivers and loader that look at hardware, at the clock or at another CPU, each with its bound.

A loop counts when its head or its body reads a register, the time or an atomic, or calls a function of the same file that does. Each stands in
tests/analysis/polls.txt: FILE | FUNCTION | HEAD | BOUND | what runs it to its bound, or `not run: ` and why. A loop that is not listed, and a
line without its loop, are findings. Exit status 1 when there are such."""
import argparse
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
LIST = TOP / "tests/analysis/polls.txt"
FOLDERS = ("core", "drivers", "efi")
READS = re.compile(r"\b(mmio_read\w*|mmio_probe\w*|port_read\w*|port_probe\w*|io_in\d*|io_read\w*|inb|inw|inl|msr_read\w*|rdmsr|rdtsc|rdrand\w*|rdseed\w*|"
                   r"time_ns|cpu_ticks\w*|delay_us|delay_ns|cpu_relax|cpu_wait|cpu_pause|io_pause|atomic_load\w*|atomic_exchange\w*|"
                   r"atomic_compare_exchange\w*|atomic_flag_test_and_set\w*|pci_read\w*|lapic_read\w*|ioapic_read\w*)\b|->read\(|->key\(")
KINDS = ("items", "CPU", "caller")     # bounds that no register can stretch: what there is; another CPU's work; what the caller asked for
LOOP = re.compile(r"\b(for|while|do)\b")


def without_comments(text):
    """The same text with comments and strings blanked, so that places stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.S)


def matching(text, at, opens, closes):
    """Behind the bracket that closes the one at at."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == opens) - (text[i] == closes)
        if depth == 0:
            return i + 1
    return len(text)


def statement_end(text, at):
    """Behind the statement that begins at at."""
    at += len(text[at:]) - len(text[at:].lstrip())
    if text[at:at + 1] == "{":
        return matching(text, at, "{", "}")
    word = re.match(r"(for|while|if|switch)\b\s*", text[at:])
    if word:
        end = statement_end(text, matching(text, at + word.end(), "(", ")"))
        other = re.match(r"\s*else\b", text[end:])
        return statement_end(text, end + other.end()) if word[1] == "if" and other else end
    if re.match(r"do\b", text[at:]):
        end = statement_end(text, at + 2)
        return text.index(";", end) + 1
    return text.find(";", at) + 1 or len(text)


def functions(text):
    """(name, start, end) of each function's body."""
    for match in re.finditer(r"^[A-Za-z_][^;{}()]*?\b(\w+)\s*\([^;{}]*\)[^;{}=]*\n\{", text, re.M):
        start = match.end() - 1
        yield match[1], start, matching(text, start, "{", "}")


def loops(text, start, end):
    """(head, all of it) of each loop in [start, end)."""
    at = start
    while (match := LOOP.search(text, at, end)):
        at = match.end()
        if match[1] == "do":
            stop = statement_end(text, match.start())
            body_end = statement_end(text, match.end())
            yield "do " + " ".join(text[body_end:stop].split()), text[match.start():stop], match.start()
        else:
            head = matching(text, text.index("(", at), "(", ")")
            if match[1] == "while" and is_end_of_do(text, start, match.start()):
                continue
            yield " ".join(text[match.start():head].split()), text[match.start():statement_end(text, head)], match.start()


def is_end_of_do(text, start, at):
    for match in re.finditer(r"\bdo\b", text[start:at]):
        begin = start + match.start()
        if statement_end(text, begin + 2) <= at < statement_end(text, begin):
            return True
    return False


def found_in(source):
    """(function, head, line) of the loops that look at hardware."""
    text = without_comments(source)
    bodies = list(functions(text))
    reading = {name for name, start, end in bodies if READS.search(text[start:end])}
    while True:
        calls = re.compile(r"\b(" + "|".join(map(re.escape, reading)) + r")\b") if reading else None
        more = {name for name, start, end in bodies if name not in reading and calls and calls.search(text[start:end])}
        if not more:
            break
        reading |= more
    calls = re.compile(r"\b(" + "|".join(map(re.escape, reading)) + r")\s*\(") if reading else None
    for name, start, end in bodies:
        for head, whole, at in loops(text, start, end):
            if READS.search(whole) or (calls and calls.search(whole)):
                yield name, head, text.count("\n", 0, at) + 1


def all_found(top=TOP):
    return [(str(path.relative_to(top)), name, head, line) for folder in FOLDERS for path in sorted((top / folder).rglob("*.c"))
            for name, head, line in found_in(path.read_text())]


def listed(path=LIST):
    """{(file, function, head): (bound, by)}"""
    entries = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            parts = [part.strip() for part in line.split(" | ")]
            if len(parts) != 5 or not all(parts):
                raise SystemExit(f"{path}:{number}: wants FILE | FUNCTION | HEAD | BOUND | BY")
            entries[tuple(parts[:3])] = tuple(parts[3:])
    return entries


def is_test(by, top=TOP):
    """FILE:NAME names a test, or several with commas between them."""
    for one in by.split(", "):
        file, _, name = one.partition(":")
        if not name or not (top / "tests" / file).is_file() or not re.search(rf"\b{name}\b", (top / "tests" / file).read_text()):
            return False
    return True


def check(entries, found, top=TOP):
    """Findings, as lines."""
    seen = set()
    for file, name, head, line in found:
        seen.add((file, name, head))
        if (file, name, head) not in entries:
            yield f"{file}:{line}: a loop of {name}() that is not listed: {head}"
    for (file, name, head), (bound, by) in entries.items():
        if (file, name, head) not in seen:
            yield f"no such loop: {file} | {name} | {head}"
        elif bound.split(":")[0] not in KINDS and not by.startswith("not run: ") and not is_test(by, top):
            yield f"{file}: {name}(): nothing runs it to its bound ({bound}): {by}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-v", action="store_true", help="also each loop with its bound")
    args = parser.parse_args()
    found, entries = all_found(), listed()
    wrong = list(check(entries, found))
    for file, name, head, line in found if args.v else ():
        print(f"{file}:{line}: {name}(): {': '.join(entries.get((file, name, head), ('not listed',)))}")
    print("\n".join(f"polls: {line} (tests/analysis/polls.txt)" for line in wrong), end="\n" if wrong else "")
    waits = [by for bound, by in entries.values() if bound.split(":")[0] not in KINDS]
    print(f"polls: {len(found)} loops look at hardware, clock or other CPUs; {len(waits)} of them wait, each with its bound, which tests reach in "
          f"{sum(not by.startswith('not run: ') for by in waits)}; {len(wrong)} findings")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
