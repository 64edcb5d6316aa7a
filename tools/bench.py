#!/usr/bin/python3
"""bench.py: what a boot and the core's operations cost, as a table with a target and a verdict on each line. Exit status 1 when a target is missed.

Instructions: guest instructions from the loader's entry, counted by bench_plugin.c under -icount, where they repeat to within 0.1 %
whatever else the host does. Stations: ExitBootServices called, the core's entry, the first line of main on the serial port.
Operations: guest instructions too, counted by an application (tests/boot/apps/bench). memcpy and memset: ratios on this host.
Start of CPUs: the machine's own time under -icount, 1 ns an instruction, all CPUs taking turns: theirs add up, which a real PC's do not.
Bytes: of the files, and of the memory that loader and core keep. Seconds: of builds, in a copy of the tree; these vary with the host."""
import argparse
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

from elftools.elf.elffile import ELFFile

import check
import mkimage
import qemu

TOP = pathlib.Path(__file__).resolve().parents[1]
OUT = TOP / "build/x86_64"
CODE_BYTES = 48
MAIN_LINE = r"\] 0 (error|warn|info|debug) +app: "     # log.h: an application's lines say "app"
LIMIT_S = 300
KIB, MILLION = 1024, 1_000_000
EDITED = "core/log.c"
ICOUNT = ["-icount", "shift=4,align=off,sleep=off", "-rtc", "base=2020-01-01,clock=vm", "-seed", "1"]
OPERATIONS, PRINTF = "tests/boot/apps/bench", "tests/boot/apps/bench_printf"
PRINTF_TIMES = 2.0             # a line by printf against one by log_info

CONFIGS = {
    "256 MiB, no display": qemu.Config(),
    "256 MiB, 1280x800": qemu.Config(display="std", extra=("-global", "VGA.xres=1280", "-global", "VGA.yres=800")),
    "64 GiB, no display": qemu.Config(mem="64G"),
}
TARGETS = {"256 MiB, no display": 0.5 * MILLION, "256 MiB, 1280x800": 1.5 * MILLION}
SCROLL_SHARE = 0.1
MEMORY_GROWTH = 1.10           # 64 GiB against 256 MiB
COSTS = {                      # the application's name for it: ours, and at most so many instructions
    "interrupt-entry": ("interrupt, to its handler's first line", 60),
    "interrupt-round": ("interrupt, until the program goes on", 120),
    "page": ("pages_alloc and pages_free of one page", 150),
    "page-alloc-many": ("pages_alloc of one page, 1000 in a row", None),
    "page-free-many": ("pages_free of one page, 1000 in a row", None),
    "malloc": ("malloc and free of 64 bytes", 250),
    "malloc-many": ("malloc of 64 bytes, 1000 in a row", None),
    "free-many": ("free of 64 bytes, 1000 in a row", None),
    "timer-1000": ("timer_arm, 1,000 armed", 300),
    "timer-1000-first": ("timer_arm before 1,000 others", None),
    "timer-100000": ("timer_arm, 100,000 armed", None),
    "timer-100000-first": ("timer_arm before 100,000 others", None),
    "time-ns": ("time_ns", None),
}
LOG_COSTS = {                  # of log_info with two arguments, and the screen of 1920x1080 on
    "log": "log_info, a screen and a serial port",
    "log-interrupts-off": "log_info, the same, interrupts off",
    "log-slow": "log_info, and a port of 115,200 baud without interrupts",
    "log-stuck": "log_info, and two that take nothing",
}
LOG_TARGET = 1000
MEMORY_SPEED = 0.9             # of glibc's, from 64 bytes to 64 MiB
WAYS = {"program": "64 bytes to 64 MiB", "interrupt": "in interrupts, to 8 KiB"}
CPU_APP, CPU_COUNT, CPU_ITEMS = "tests/boot/apps/bench_cpus", 16, 1000
CPU_COSTS = {                  # the application's number for it: what it is, and at most so many instructions of the caller
    1: ("cpu_run of nothing on another CPU, and cpu_join", None),
    2: (f"cpu_run_all of nothing on {CPU_COUNT} CPUs: there and back", 3000),
    3: (f"cpu_for of one number for each of {CPU_COUNT} CPUs", None),
}
CPU_FEW, CPU_MANY = 3, 4       # ranges whose difference is CPU_ITEMS numbers
# QEMU 7.2 takes a CPU that is reset for one that has used up its turn, which lasts until the next timer of the machine: one every 20 us
# keeps that small. CPUs that start at the same time take turns, so their instructions add up: 1 ns each.
START_ICOUNT = ["-icount", "shift=0,align=off,sleep=off", "-rtc", "base=2020-01-01,clock=vm", "-seed", "1",
                "-netdev", "hubport,id=hub,hubid=0", "-object", "filter-buffer,id=beat,netdev=hub,interval=20"]
START_CPUS, START_GROWTH = (2, 8, 32, 64), 1.5
START_LIMIT_S = 1500
TIMER_GROWTH = 2.0             # 100,000 against 1,000
# The same stations of others, counted the same way (OVMF 2022.11, q35, 256 MiB, no display), in millions.
PEERS = "a gnu-efi hello 0.24, kvm-unit-tests 0.29, Little Kernel 4.0, GRUB with a multiboot2 payload 8.7, Limine with one line 149"


class Table:
    """Rows of name, value and target, printed as they come."""

    def __init__(self):
        self.missed = 0

    def row(self, name, value, unit, target=None, least=False):
        """A value that is None was not seen, which misses any target. The target is the most that the value may be, or the least."""
        shown = "not seen" if value is None else f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
        verdict = ""
        if target is not None:
            met = value is not None and (value >= target if least else value <= target)
            self.missed += not met
            verdict = f"{'ok' if met else 'MISSED'}, at {'least' if least else 'most'} {target:,.{'4g' if target < 1000 else '0f'}} {unit}"
        print(f"{name:<58} {shown:>14} {unit:<13} {verdict}".rstrip(), flush=True)


def pe_entry_code(path):
    """The bytes at a PE's entry."""
    data = path.read_bytes()
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    count, optional_bytes, entry = *struct.unpack_from("<H12xH", data, pe + 6), struct.unpack_from("<I", data, pe + 40)[0]
    for at in range(pe + 24 + optional_bytes, pe + 24 + optional_bytes + 40 * count, 40):
        virtual_bytes, address, _, offset = struct.unpack_from("<IIII", data, at + 8)
        if address <= entry < address + virtual_bytes:
            return data[offset + entry - address:offset + entry - address + CODE_BYTES]
    sys.exit(f"bench: {path}: the entry is in no section")


def elf_entry_code(path):
    with open(path, "rb") as file:
        elf = ELFFile(file)
        for segment in elf.iter_segments("PT_LOAD"):
            at = elf["e_entry"] - segment["p_vaddr"]
            if 0 <= at < segment["p_filesz"]:
                return segment.data()[at:at + CODE_BYTES]
    sys.exit(f"bench: {path}: the entry is in no segment")


def build_probe(folder):
    source = TOP / "tests/boot/efi"
    subprocess.run(["gcc", "-std=gnu11", "-Os", "-DGNU_EFI_USE_MS_ABI", "-ffreestanding", "-fshort-wchar", "-fPIE", "-mno-red-zone",
                    "-fvisibility=hidden", "-fno-stack-protector", "-I/usr/include/efi", "-I/usr/include/efi/x86_64",
                    "-c", source / "probe.c", "-o", folder / "probe.o"], check=True)
    subprocess.run(["ld", "-nostdlib", "-pie", "--no-dynamic-linker", "-T", source / "link.ld", "-o", folder / "probe.elf",
                    folder / "probe.o"], check=True)
    subprocess.run([TOP / "tools/elf2pe.py", folder / "probe.elf", folder / "probe.efi"], check=True)
    return folder / "probe.efi"


def exit_boot_services_code(folder):
    """The first bytes of the firmware's function, as a probe under that firmware saw them."""
    mkimage.make(folder / "probe.img", {"EFI/BOOT/BOOTX64.EFI": build_probe(folder).read_bytes()})
    with qemu.Machine(qemu.Config(), folder / "probe.img") as machine:
        machine.wait(LIMIT_S)
        seen = re.search(r"^PROBE ([0-9a-f]+)$", machine.text, re.MULTILINE)
    return bytes.fromhex(seen.group(1)) if seen else b""


def count(config, image, codes, plugin, folder):
    """{station: instructions} of one boot from power-on, and its serial text."""
    serial, out = folder / "serial", folder / "stations"
    os.environ.update(BENCH_OUT=str(out), BENCH_SERIAL=str(serial), BENCH_LINE=MAIN_LINE,
                      BENCH_CODE=";".join(f"{name}:{code.hex()}" for name, code in codes.items() if code))
    serial.unlink(missing_ok=True)
    with qemu.Machine(config, image, cold=True, accelerate=False, serial_arguments=["-serial", f"file:{serial}"],
                      host_extra=[*ICOUNT, "-plugin", str(plugin)]) as machine:
        machine.wait(LIMIT_S)
    stations = {name: int(value) for name, value in (line.split() for line in out.read_text().splitlines())}
    return stations, serial.read_text(errors="replace")


def symbols(path, base):
    """(address, end, name) of the functions of an ELF whose first segment was loaded at base, by address."""
    with open(path, "rb") as file:
        elf = ELFFile(file)
        moved = base - min(segment["p_vaddr"] for segment in elf.iter_segments("PT_LOAD")) // 4096 * 4096
        table = elf.get_section_by_name(".symtab").iter_symbols()
        return sorted((s["st_value"] + moved, s["st_value"] + moved + max(s["st_size"], 1), s.name)
                      for s in table if s["st_info"]["type"] in ("STT_FUNC", "STT_NOTYPE") and s["st_shndx"] != "SHN_UNDEF" and s.name)


def profile(config, loader, core, folder):
    """Prints where the instructions up to main's first line were spent, by function."""
    plugin, image = prepare(loader, folder)
    os.environ["BENCH_PROFILE"] = str(folder / "profile")
    _, text = count(config, image, {"entry": pe_entry_code(loader)}, plugin, folder)
    where = re.search(r"core at (0x\w+) .*loader at (0x\w+),", text)
    if not where:
        sys.exit(f"bench: the log does not say where the parts were\n{text}")
    known = [(*entry, part) for part, path, base in (("core", core, int(where[1], 16)), ("loader", loader.with_name("loader.elf"),
             int(where[2], 16) + 4096)) for entry in symbols(path, base)]
    spent = {}
    for line in (folder / "profile").read_text().splitlines():
        address, instructions = (int(word, 0) for word in line.split())
        name = next((f"{part} {name}" for start, end, name, part in known if start <= address < end), "firmware, and what has no name")
        spent[name] = spent.get(name, 0) + instructions
    for name, instructions in sorted(spent.items(), key=lambda item: -item[1])[:40]:
        print(f"{name:<58} {instructions:>14,}")
    print(f"{'all':<58} {sum(spent.values()):>14,}")


def prepare(loader, folder):
    """The plugin, and an image of the loader."""
    plugin, image = folder / "plugin.so", folder / "image"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-o", plugin, TOP / "tools/bench_plugin.c"], check=True)
    mkimage.make(image, {"EFI/BOOT/BOOTX64.EFI": loader.read_bytes(), "ingot/ingot.cfg": b"exit=qemu mem exit\n"})
    return plugin, image


def bench_instructions(table, loader, core, folder):
    """Rows for each configuration; the serial text of the first."""
    plugin, image = prepare(loader, folder)
    codes = {"entry": pe_entry_code(loader), "exit": exit_boot_services_code(folder), "core": elf_entry_code(core)}
    totals, texts = {}, {}
    for name, config in CONFIGS.items():
        stations, texts[name] = count(config, image, codes, plugin, folder)
        since = {station: at - stations["entry"] for station, at in stations.items()} if "entry" in stations else {}
        totals[name] = since.get("line")
        table.row(f"{name}: loader's entry to ExitBootServices", since.get("exit"), "instructions")
        table.row(f"{name}: to the core's entry", since.get("core"), "instructions")
        table.row(f"{name}: to main's first line", totals[name], "instructions", TARGETS.get(name))
    print(f"others, loader's entry to the payload's first line, no display, million instructions: {PEERS}")
    small, large = totals["256 MiB, no display"], totals["64 GiB, no display"]
    table.row("64 GiB against 256 MiB, to main's first line", large / small if small and large else None, "times", MEMORY_GROWTH)
    return texts["256 MiB, no display"]


def bench_sizes(table, loader, core, text):
    table.row("BOOTX64.EFI", loader.stat().st_size, "bytes", 96 * KIB)
    with open(core, "rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            rights = "".join(letter if segment["p_flags"] & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
            table.row(f"core, segment {rights}: in the file", segment["p_filesz"], "bytes")
            table.row(f"core, segment {rights}: in memory", segment["p_memsz"], "bytes")
    table.row("symbol table", symbols_percent(core), "% of text", 15)
    table.row("memory kept by loader and core", kept_bytes(text), "bytes", 1024 * KIB)


def symbols_percent(core):
    with open(core, "rb") as file:
        elf = ELFFile(file)
        return 100.0 * elf.get_section_by_name(".symbols")["sh_size"] / elf.get_section_by_name(".text")["sh_size"]


def kept_bytes(text):
    """What the default application does not get of the memory: theirs by the map, and what is no longer free of the usable."""
    kib = {kind: int(size) for kind, size in re.findall(r"^memory (usable|core|recorder|loader|free now): kib (\d+)", text, re.MULTILINE)}
    if not {"usable", "core", "free now"} <= kib.keys():
        return None
    return (kib["core"] + kib.get("recorder", 0) + kib.get("loader", 0) + kib["usable"] - kib["free now"]) * KIB


def build(folder, *arguments):
    started = time.monotonic()
    subprocess.run(["make", "-s", "-C", folder, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def copy_tree(folder):
    """The tree's own files, as they are now."""
    for name in check.sources():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, folder / name)


def bench_builds(table, folder):
    """A clean build on all CPUs, and an edit of one core file up to the first instruction of the machine that boots it."""
    loader = folder / "build/x86_64/BOOTX64.EFI"
    table.row("clean build", build(folder, f"-j{os.cpu_count()}", "build/x86_64/BOOTX64.EFI"), "seconds", 10)
    qemu.snapshot(qemu.Config(), mkimage_of(loader, folder))
    with open(folder / EDITED, "a") as source:
        source.write("\nstatic const int bench_edit __attribute__((used)) = 1;\n")
    started = time.monotonic()
    build(folder, "build/x86_64/BOOTX64.EFI")
    built = time.monotonic() - started
    with qemu.Machine(qemu.Config(), mkimage_of(loader, folder)):
        table.row(f"an edit of {EDITED}: rebuilt", built, "seconds")
        table.row(f"an edit of {EDITED}: rebuilt and booting", time.monotonic() - started, "seconds", 1)


def counted(app, folder, config=qemu.Config(), words=""):
    """{name: (mean, worst)} from an application's own lines."""
    build(folder, f"APP={app}", "build/x86_64/BOOTX64.EFI")
    with qemu.Machine(config, mkimage_of(folder / "build/x86_64/BOOTX64.EFI", folder, words), cold=True, accelerate=False,
                      host_extra=ICOUNT) as machine:
        machine.wait(LIMIT_S)
        return {name: (int(mean), int(worst)) for name, mean, worst in
                re.findall(r"^cost (\S+) mean (\d+) worst (\d+) of", machine.text, re.MULTILINE)}


def bench_printf(table, folder):
    """A line on the serial port, by printf and by log_info."""
    if (TOP / "build/sources").exists():
        shutil.copytree(TOP / "build/sources", folder / "build/sources", dirs_exist_ok=True)
    costs = counted(PRINTF, folder, words="log=now ")
    log, printf = (costs.get(name, (None,))[0] for name in ("log-info", "printf"))
    table.row("a line by log_info", log, "instructions")
    table.row("a line by printf", printf, "instructions")
    table.row("the one against the other", printf / log if log and printf else None, "times", PRINTF_TIMES)


def bench_operations(table, folder):
    """Each operation's mean, with the worst beside it."""
    costs = counted(OPERATIONS, folder, qemu.Config(display="std", extra=("-global", "VGA.xres=1920", "-global", "VGA.yres=1080")))
    for name, title in LOG_COSTS.items():
        table.row(f"{title}: worst", costs.get(name, (None, None))[1], "instructions", LOG_TARGET)
    for name, (title, target) in COSTS.items():
        mean, worst = costs.get(name, (None, None))
        table.row(f"{title}: mean (worst {worst})" if worst != mean else title, mean, "instructions", target)
    few, many = (costs.get(name, (None,))[0] for name in ("timer-1000", "timer-100000"))
    table.row("timer_arm, 100,000 against 1,000 armed", many / few if few and many else None, "times", TIMER_GROWTH)


def bench_memory(table, folder):
    """The whole table of memcpy and memset on this host, then its lowest ratios."""
    build(folder, "build/host/bench_mem")
    shown = subprocess.run([folder / "build/host/bench_mem"], check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout
    print(re.sub(r"^slowest.*\n", "", shown, flags=re.MULTILINE), end="")
    for way, job, ratio, size in re.findall(r"^slowest (\S+) (\S+) (\S+) at (\d+)$", shown, re.MULTILINE):
        table.row(f"{job}, {WAYS[way]}: slowest, at {size} bytes", float(ratio), "times glibc", MEMORY_SPEED if way == "program" else None,
                  least=True)


def bench_screen(table, folder):
    """Bytes to the framebuffer for 1,000 lines of a dump at 1920x1080, beside drawing all of it for each."""
    build(folder, "build/host/bench_screen")
    shown = subprocess.run([folder / "build/host/bench_screen"], check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout
    written, all_of_it = (int(number) for number in re.search(r"^scroll (\d+) of (\d+)$", shown, re.MULTILINE).groups())
    table.row("1,000 lines of a dump at 1920x1080: written to the screen", written, "bytes")
    table.row("the same, drawing the whole screen for each line", all_of_it, "bytes")
    table.row("the one against the other", written / all_of_it, "times", SCROLL_SHARE)


def bench_cpus(table, folder):
    """What the caller executes, counted on CPU 0 alone, without the marks around it."""
    plugin, out = folder / "build/cpus_plugin.so", folder / "build/cpus"
    build(folder, f"APP={CPU_APP}", "build/x86_64/BOOTX64.EFI")
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-o", plugin, TOP / "tools/cpus_plugin.c"], check=True)
    os.environ["BENCH_OUT"] = str(out)
    with qemu.Machine(qemu.Config(smp=str(CPU_COUNT)), mkimage_of(folder / "build/x86_64/BOOTX64.EFI", folder), cold=True,
                      accelerate=False, host_extra=[*ICOUNT, "-plugin", str(plugin)]) as machine:
        machine.wait(LIMIT_S)
    counts = {}
    for number, _, mean, worst, of_all in (map(int, line.split()) for line in (out.read_text().splitlines() if out.exists() else [])):
        counts[number] = mean, worst, of_all
    marks = counts.get(0, (0, 0, 0))[0]
    for number, (title, target) in CPU_COSTS.items():
        mean, worst, _ = counts.get(number, (None, None, None))
        table.row(title if mean is None else f"{title} (worst {worst - marks})", None if mean is None else mean - marks,
                  "instructions", target)
    few, many = (counts.get(number, (None, None, None))[2] for number in (CPU_FEW, CPU_MANY))
    table.row("cpu_for, pieces of one: each number", (many - few) / CPU_ITEMS if few and many else None, "instructions")


def bench_start(table, loader, folder):
    """The machine's own time in which all CPUs are started, as the log says it. From the frozen firmware, which was made without -icount:
    the firmware itself would take minutes to start 64 CPUs so."""
    times = {}
    for cpus in START_CPUS:
        with qemu.Machine(qemu.Config(smp=str(cpus)), mkimage_of(loader, folder), accelerate=False, host_extra=START_ICOUNT) as machine:
            machine.wait(START_LIMIT_S)
            said = re.search(rf"smp: {cpus} of {cpus} CPUs online after (\d+) us", machine.text)
        times[cpus] = int(said.group(1)) if said else None
        table.row(f"{cpus} CPUs online", times[cpus], "us")
    first, last = (times[START_CPUS[i]] for i in (0, -1))
    table.row(f"{START_CPUS[-1]} CPUs against {START_CPUS[0]}", last / first if first and last else None, "times", START_GROWTH)


def mkimage_of(loader, folder, words=""):
    image = folder / "build/bench.img"
    image.parent.mkdir(exist_ok=True)
    mkimage.make(image, {"EFI/BOOT/BOOTX64.EFI": loader.read_bytes(), "ingot/ingot.cfg": f"exit=qemu {words}mem exit\n".encode()})
    return image


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--loader", type=pathlib.Path, default=OUT / "BOOTX64.EFI")
    parser.add_argument("--core", type=pathlib.Path, default=OUT / "core.elf")
    parser.add_argument("--operations", action="store_true", help="only what the core's operations cost")
    parser.add_argument("--profile", choices=CONFIGS, help="only show where one configuration's instructions are spent")
    parser.add_argument("--starts", action="store_true", help="only the time in which all CPUs are started")
    args = parser.parse_args()
    os.environ.pop("MAKEFLAGS", None)
    if args.profile:
        with tempfile.TemporaryDirectory() as folder:
            profile(CONFIGS[args.profile], args.loader, args.core, pathlib.Path(folder))
        return
    table = Table()
    if args.starts:
        with tempfile.TemporaryDirectory() as folder:
            bench_start(table, args.loader, pathlib.Path(folder))
        sys.exit(1 if table.missed else 0)
    with tempfile.TemporaryDirectory() as folder:
        if not args.operations:
            text = bench_instructions(table, args.loader, args.core, pathlib.Path(folder))
            bench_sizes(table, args.loader, args.core, text)
    with tempfile.TemporaryDirectory() as folder:
        copy_tree(pathlib.Path(folder))
        if not args.operations:
            bench_builds(table, pathlib.Path(folder))
        bench_operations(table, pathlib.Path(folder))
        bench_cpus(table, pathlib.Path(folder))
        bench_printf(table, pathlib.Path(folder))
        if not args.operations:
            bench_start(table, args.loader, pathlib.Path(folder))
        bench_memory(table, pathlib.Path(folder))
        bench_screen(table, pathlib.Path(folder))
    print(f"bench: {table.missed} targets missed" if table.missed else "bench: all targets met")
    sys.exit(1 if table.missed else 0)


if __name__ == "__main__":
    main()
