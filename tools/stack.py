#!/usr/bin/python3
"""stack.py [-v] core.elf loader.elf: the most stack that each way into the code can take, by the linked program's own instructions.

Every instruction that a function can reach is followed with the depth of the stack there: pushes, pops, sums on RSP, calls. A return must
find depth 0, so a mistake here does not stay hidden. Where a call goes by pointer, what may be called stands in tests/analysis/stack.txt,
each line with its reason, as do recursions with their bound, functions that end all (panic), and the stacks with their size and what
comes together on them. A function whose address is taken must be somebody's target. Exit status 1 when a stack may overflow its limit, or
when something is not known."""
import argparse
import bisect
import fnmatch
import pathlib
import re
import subprocess
import sys

from elftools.elf.elffile import ELFFile

TOP = pathlib.Path(__file__).resolve().parents[1]
FACTS = TOP / "tests/analysis/stack.txt"
JUMPS_MAX = 64                 # times that a depth may grow at one instruction before it is said to be endless
WORD = 8


class Unknown(Exception):
    """Something that the listed facts do not tell."""


class Facts:
    """tests/analysis/stack.txt: `KIND | NAME | VALUES | REASON` lines."""

    def __init__(self, path=FACTS):
        self.calls, self.recursion, self.ends, self.switches, self.unused, self.stacks = {}, {}, set(), set(), [], []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            parts = [part.strip() for part in line.split(" | ")]
            if len(parts) != 4 or not all(parts):
                raise SystemExit(f"{path}:{number}: wants KIND | NAME | VALUES | REASON")
            kind, name, values = parts[0], parts[1], parts[2].split()
            if kind == "call":
                self.calls[name] = values
            elif kind == "recursion":
                self.recursion[name] = int(values[0])
            elif kind == "end":
                self.ends |= set(name.split())
            elif kind == "switch":
                self.switches |= set(name.split())
            elif kind == "uncalled":
                self.unused += name.split()
            elif kind == "stack":
                self.stacks.append((name, values))
            else:
                raise SystemExit(f"{path}:{number}: there is no kind {kind}")


    def callees(self, caller):
        """What a caller's pointers lead to; None: not known. A name goes before a pattern."""
        pattern = next((name for name in self.calls if fnmatch.fnmatchcase(caller, name)), None)
        return self.calls.get(caller, self.calls.get(pattern))


class Program:
    """Instructions, functions and pointers of an ELF."""

    def __init__(self, path):
        self.path = path
        self.read_instructions()
        self.read_symbols()
        self.source = self.read_sources()

    def read_instructions(self):
        said = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "-M", "suffix", self.path], capture_output=True, text=True,
                              check=True).stdout
        self.instruction, self.order = {}, []
        for line in said.splitlines():
            match = re.match(r"\s*([0-9a-f]+):\t(?:(?:bnd|notrack|lock|rep\w*|data16|cs|gs|ds|nop) )*(\w+)\s*(.*?)(?:\s+#.*)?$", line)
            if match:
                address = int(match[1], 16)
                self.instruction[address] = (match[2], re.sub(r"\s*<.*", "", match[3]), line)
                self.order.append(address)
        self.next = dict(zip(self.order, self.order[1:]))

    def read_symbols(self):
        with open(self.path, "rb") as file:
            elf = ELFFile(file)
            text = [(s["sh_addr"], s["sh_addr"] + s["sh_size"]) for s in elf.iter_sections() if s["sh_flags"] & 4]
            self.names, self.address, self.functions, self.file, file = {}, {}, set(), {}, ""
            for symbol in elf.get_section_by_name(".symtab").iter_symbols():
                value, kind = symbol["st_value"], symbol["st_info"]["type"]
                if kind == "STT_FILE":
                    file = pathlib.PurePath(symbol.name).name
                elif symbol.name and kind in ("STT_FUNC", "STT_NOTYPE") and any(a <= value < b for a, b in text):
                    if kind == "STT_FUNC" or value not in self.names:
                        self.names[value] = symbol.name
                    self.address.setdefault(symbol.name, value)
                    self.file[value] = file
                    if kind == "STT_FUNC":
                        self.functions.add(value)
            self.starts = sorted(self.names)
            pointers, self.sections = self.read_pointers(elf)
            self.taken = pointers | self.read_leas({start for start, _ in text})

    def read_pointers(self, elf):
        """Functions whose address the data hold, where the loader relocates a word: all of them, and by section."""
        found, by_section, places = set(), {}, {}
        for section in elf.iter_sections():
            if section["sh_type"] == "SHT_RELA":
                places |= {r["r_offset"]: r["r_addend"] for r in section.iter_relocations()}
            elif section["sh_type"] == "SHT_RELR":
                places |= {r["r_offset"]: None for r in section.iter_relocations()}
        for section in elf.iter_sections():
            if section["sh_flags"] & 2 and section["sh_type"] == "SHT_PROGBITS":
                data, base = section.data(), section["sh_addr"]
                for place in [place for place in places if base <= place < base + len(data)]:
                    value = places[place] or int.from_bytes(data[place - base:place - base + WORD], "little")
                    if value in self.functions:
                        found.add(value)
                        by_section.setdefault(section.name, set()).add(value)
        return found, by_section

    def read_leas(self, borders):
        """Functions whose address an instruction takes; where the text begins, that is meant."""
        found = set()
        for mnemonic, _, line in self.instruction.values():
            match = re.search(r"# ([0-9a-f]+) <", line) if mnemonic.startswith(("lea", "mov")) else None
            if match and int(match[1], 16) in self.functions - borders:
                found.add(int(match[1], 16))
        return found

    def read_sources(self):
        """The innermost function, by the source, of each instruction that calls or jumps by pointer."""
        wanted = [a for a, (mnemonic, operand, _) in self.instruction.items() if operand.startswith("*")]
        said = subprocess.run(["addr2line", "-a", "-f", "-i", "-e", self.path, *map(hex, wanted)], capture_output=True, text=True,
                              check=True).stdout.splitlines()
        return {int(line, 16): f"{file_of(said[at + 2])}:{said[at + 1]}" for at, line in enumerate(said) if line.startswith("0x")}

    def function_of(self, address):
        return self.starts[bisect.bisect_right(self.starts, address) - 1]

    def name(self, address):
        return self.names.get(address, hex(address))


def file_of(place):
    """The file of addr2line's PATH:LINE, as the tree names it."""
    path = pathlib.PurePath(place.split(":")[0])
    return str(path.relative_to(TOP) if path.is_relative_to(TOP) else path)


class Walker:
    """The depths of one function, and whom it calls at which depth."""

    def __init__(self, program, facts, start):
        self.program, self.facts, self.start = program, facts, start
        self.depth, self.grown, self.work, self.switches = {}, {}, [], []
        self.own, self.calls = 0, {}
        self.end = next((s for s in program.starts if s > start and s in program.functions), 1 << 64)
        self.go(start, (0, None))
        while self.work or self.next_case():
            self.step(*self.work.pop())

    def go(self, address, state):
        """Continues at an address, unless it was seen as deep."""
        seen = self.depth.get(address)
        if seen and seen[0] >= state[0]:
            return
        self.grown[address] = self.grown.get(address, 0) + 1
        if self.grown[address] > JUMPS_MAX:
            raise Unknown(f"{self.program.name(self.start)}: the stack grows in a loop at {address:#x}")
        self.depth[address] = state
        self.work.append((address, state))

    def next_case(self):
        """A switch goes where nothing else went."""
        for state in self.switches:
            for address in self.program.order[bisect.bisect_left(self.program.order, self.start):]:
                if address >= self.end:
                    break
                if address not in self.depth and not self.program.instruction[address][0].startswith(("nop", "xchg", "data16")):
                    self.go(address, state)
                    return True
        return False

    def call(self, target, depth):
        self.calls[target] = max(self.calls.get(target, 0), depth)
        self.own = max(self.own, depth)

    def by_pointer(self, address, depth):
        caller = self.program.source[address]
        values = self.facts.callees(caller)
        if values is None:
            raise Unknown(f"{self.program.name(self.start)}: at {address:#x} {caller} calls by a pointer, and what is not listed")
        for value in values:
            for target in targets(self.program, value):
                self.call(target, depth)
        self.own = max(self.own, depth)

    def leave(self, address, target, state):
        """A jump: within the function, or a call instead of a return."""
        if self.start <= target < self.end or self.is_part(target):
            self.go(target, state)
        elif target in self.program.names:
            self.call(target, state[0])
        else:
            raise Unknown(f"{self.program.name(self.start)}: at {address:#x} a jump into the middle of {self.program.name(self.program.function_of(target))}")

    def is_part(self, target):
        """gcc puts what is seldom run elsewhere: a function and its .cold are one."""
        here, there = (self.program.name(self.program.function_of(a)) for a in (self.start, target))
        return there.endswith(".cold") and bare(there) == bare(here)

    def step(self, address, state):
        depth, frame = state
        mnemonic, operand, _ = self.program.instruction[address]
        following = self.program.next.get(address)
        self.own = max(self.own, depth)
        if mnemonic.startswith("call"):
            if operand.startswith("*"):
                self.by_pointer(address, depth + WORD)
            else:
                target = int(operand, 16)
                self.call(target, depth + WORD)
                if self.program.name(target) in self.facts.ends:
                    return
            if following is not None and following not in self.program.functions and following < self.end:
                self.go(following, state)
            return
        if mnemonic.startswith(("ret", "iret")):
            if depth and not mnemonic.startswith("iret"):
                raise Unknown(f"{self.program.name(self.start)}: at {address:#x} a return with {depth} bytes on the stack")
            return
        if mnemonic == "ud2":
            return
        if mnemonic.startswith("j"):
            if operand.startswith("*"):
                before = self.program.instruction[self.program.order[bisect.bisect_left(self.program.order, address) - 1]][0]
                if before.startswith("add") and self.facts.callees(self.program.source[address]) is None:
                    self.switches.append(state)
                else:
                    self.by_pointer(address, depth)
                return
            self.leave(address, int(operand, 16), state)
            if mnemonic.startswith("jmp"):
                return
            self.go_on(following, state)
            return
        after = effect(self.program, self.facts, self.start, address, state)
        if after is not None:
            self.go_on(following, after)

    def go_on(self, following, state):
        """The next instruction, which may be another function's: code in assembly runs on."""
        if following is None:
            return
        if following in self.program.functions:
            self.call(following, state[0])
        else:
            self.go(following, state)


def effect(program, facts, start, address, state):
    """(depth, depth that RBP points to) behind an instruction; None where another stack is taken."""
    depth, frame = state
    mnemonic, operand, line = program.instruction[address]
    if mnemonic.startswith("push"):
        return depth + WORD, frame
    if mnemonic.startswith("pop"):
        return depth - WORD, None if operand == "%rbp" else frame
    if mnemonic.startswith("leave"):
        return frame - WORD, None
    if mnemonic.startswith("lret"):                          # segments_load(): to the next instruction
        return depth - 2 * WORD, frame
    if operand == "%rsp,%rbp" and mnemonic.startswith("mov"):
        return depth, depth
    if not operand.endswith(",%rsp") or mnemonic.startswith(("cmp", "test")):
        return state
    number = re.match(r"\$(-?)0x([0-9a-f]+),", operand)
    place = re.match(r"(-?)0x([0-9a-f]+)\(%(rsp|rbp)\),", operand)
    if mnemonic.startswith(("sub", "add")) and number:
        value = int(number[2], 16)
        value = value - (1 << 64) if value >> 63 else value
        value = -value if number[1] else value
        return depth + (value if mnemonic.startswith("sub") else -value), frame
    if mnemonic.startswith("and"):
        return depth + WORD, frame
    if mnemonic.startswith("lea") and place:
        value = int(place[2], 16) * (-1 if place[1] else 1)
        return (depth if place[3] == "rsp" else frame) - value, frame
    if program.name(start) in facts.switches:
        return None
    raise Unknown(f"{program.name(start)}: what this does to the stack is not known: {line.strip()}")


def targets(program, value):
    """Addresses of what a value of a call line means: a function, a pattern, @section of pointers, - for nobody here."""
    if value == "-":
        return []
    if value.startswith("@"):
        return program.sections.get(value[1:], ())
    return [address for address in program.taken
            if fnmatch.fnmatchcase(f"{program.file[address]}:{bare(program.name(address))}", value if ":" in value else "*:" + value)]


def bare(name):
    """Without what gcc puts behind a copy's name."""
    return re.sub(r"\.(constprop|isra|part|lto_priv|cold)\b.*", "", name)


class Graph:
    """Who needs how much."""

    def __init__(self, program, facts):
        self.program, self.facts, self.walked, self.need, self.wrong = program, facts, {}, {}, []

    def walk(self, start):
        """All functions that can be reached."""
        work = [start]
        while work:
            address = work.pop()
            if address in self.walked:
                continue
            try:
                walker = Walker(self.program, self.facts, address)
            except Unknown as why:
                self.wrong.append(str(why))
                self.walked[address] = (0, {})
                continue
            calls = {target: depth for target, depth in walker.calls.items() if self.program.name(target) not in self.facts.ends}
            self.walked[address] = (walker.own, calls)
            work += list(calls)

    def measure(self, start):
        """The most bytes below a function's return address, and by which calls."""
        self.walk(start)
        for group in groups(start, lambda a: self.walked[a][1]):
            self.measure_group(group)
        return self.need[start]

    def measure_group(self, group):
        """One function, or some that call each other: each that is listed may be on the stack so often at once, all others once."""
        if all(address in self.need for address in group):
            return
        inner = {a: {t: d for t, d in self.walked[a][1].items() if t in group} for a in group}
        bounds = {a: self.facts.recursion[bare(self.program.name(a))] for a in group if bare(self.program.name(a)) in self.facts.recursion}
        outside = {a: self.outside(a, group) for a in group}
        ring = shortest_ring(group, lambda a: [t for t in inner[a] if t not in bounds])
        if ring:
            self.wrong.append(f"a recursion that is not listed: {' > '.join(self.program.name(a) for a in ring)}")
            inner = {a: {} for a in group}
        known = {}
        for address in group:
            self.need[address] = self.deepest(address, {a: n - (a == address) for a, n in bounds.items()}, inner, outside, known)

    def deepest(self, address, left, inner, outside, known):
        """Of a function that calls itself by others: (bytes, way), where `left` says how often each may still be entered."""
        key = (address, *left.values())
        if key not in known:
            best = outside[address]
            for target, depth in inner[address].items():
                if left.get(target, 1) > 0:
                    need, way = self.deepest(target, {a: n - (a == target) for a, n in left.items()}, inner, outside, known)
                    if depth + need > best[0]:
                        best = (depth + need, [f"{self.program.name(address)} {depth}"] + way)
            known[key] = best
        return known[key]

    def outside(self, address, group):
        own, calls = self.walked[address]
        best = (own, [f"{self.program.name(address)} {own}"])
        for target, depth in calls.items():
            if target not in group and depth + self.need[target][0] > best[0]:
                best = (depth + self.need[target][0], [f"{self.program.name(address)} {depth}"] + self.need[target][1])
        return best


def shortest_ring(nodes, calls):
    """The shortest way from a node back to itself, or None."""
    best = None
    for node in nodes:
        before, work = {}, [node]
        for at in work:
            for target in calls(at):
                if target == node:
                    way = [node, at]
                    while way[-1] != node or len(way) == 1:
                        if way[-1] == node:
                            break
                        way.append(before[way[-1]])
                    best = way[::-1] if best is None or len(way) < len(best) else best
                elif target not in before:
                    before[target] = at
                    work.append(target)
            if best and best[0] == node:
                break
    return best


def groups(start, calls):
    """Strongly connected components below start, callees first (Tarjan, without recursion)."""
    index, low, on_stack, stack, counter = {}, {}, set(), [], 0
    work = [(start, iter(calls(start)))]
    index[start] = low[start] = counter
    stack.append(start)
    on_stack.add(start)
    while work:
        node, rest = work[-1]
        for target in rest:
            if target not in index:
                counter += 1
                index[target] = low[target] = counter
                stack.append(target)
                on_stack.add(target)
                work.append((target, iter(calls(target))))
                break
            if target in on_stack:
                low[node] = min(low[node], index[target])
        else:
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                group = []
                while not group or group[-1] != node:
                    group.append(stack.pop())
                    on_stack.discard(group[-1])
                yield group


def unlisted(program, facts):
    """Functions whose address is taken and that no call line names."""
    named = {address for values in facts.calls.values() for value in values for address in targets(program, value)}
    for address in sorted(program.taken - named):
        if not any(fnmatch.fnmatchcase(bare(program.name(address)), pattern) for pattern in facts.unused):
            yield f"the address of {program.name(address)} is taken, and no call by pointer lists it"


def shown(way):
    """A way as text; what comes again and again, alone or in pairs, is told once."""
    words, at = [], 0
    while at < len(way):
        for period in (1, 2):
            times = 1
            while way[at:at + period] == way[at + times * period:at + (times + 1) * period]:
                times += 1
            if times > 1:
                break
        else:
            period = 1
        words.append(" > ".join(way[at:at + period]) + (f" ({times} times)" if times > 1 else ""))
        at += period * times
    return " > ".join(words)


def check(programs, facts, tell=lambda line: None):
    """What is wrong, as lines; each stack's use is told. A stack's values: ELF limit_bytes room_bytes FUNCTION[+extra]..., which add up."""
    graphs = {name: Graph(program, facts) for name, program in programs.items()}
    wrong = []
    for name, (elf, limit, *parts) in facts.stacks:
        if elf not in graphs:
            continue
        total, ways = 0, []
        for part in parts:
            function, _, extra = part.partition("+")
            if function not in programs[elf].address:
                wrong.append(f"{name}: {elf} has no {function}")
                continue
            need, way = graphs[elf].measure(programs[elf].address[function])
            total += need + int(extra or 0)
            ways.append(f"    {function}: {need + int(extra or 0)} bytes: {shown(way)}")
        tell(f"{elf}: {name}: at most {total} of {limit} bytes")
        for way in ways:
            tell(way)
        if total > int(limit):
            wrong.append(f"{elf}: {name}: {total} bytes may be used, and {limit} is the limit")
    for elf, graph in graphs.items():
        wrong += [f"{elf}: {line}" for line in [*dict.fromkeys(graph.wrong), *unlisted(programs[elf], facts)]]
    return [f"{line} (tests/analysis/stack.txt)" for line in wrong]


def main():
    sys.setrecursionlimit(20000)           # a recursion of the program is followed by one
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-v", action="store_true", help="also the deepest ways")
    parser.add_argument("elf", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    wrong = check({path.stem: Program(path) for path in args.elf}, Facts(),
                  lambda line: print(line) if args.v or not line.startswith(" ") else None)
    print("\n".join(f"stack: {line}" for line in wrong), end="\n" if wrong else "")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
