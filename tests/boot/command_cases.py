"""What is typed at the monitor's prompt, and what must then be seen: for each command right uses, wrong ones, and words that complete.

A command that has no row here fails the tests: what there is, `help` of the target itself says. Patterns are regular expressions; of a wrong
use the sentence is given, and the line of the usage follows unless the sentence is the command's own. "" is the usage alone."""
import dataclasses
import re

NO_NUMBER = "0x is no number of 64 bits"


@dataclasses.dataclass(frozen=True)
class Cases:
    uses: tuple = ()           # (line, pattern)
    wrong: tuple = ()          # (line, sentence)
    completes: tuple = ()      # (what is typed in front of Tab, what it becomes)
    ends: bool = False         # a right use ends the run: other boots try it


def no_arguments(name, pattern):
    return Cases(uses=((name, pattern),), wrong=((f"{name} 1", ""),))


CASES = {
    "acpi": Cases((("acpi", r"(?s)table FACP: address 0x\w+, bytes 244.*\nprocessors 2: .*\necam 0xb0000000"),
                   ("acpi HPET", "offset 0x0000: bytes 48 50 45 54")),
                  (("acpi a b", ""), ("acpi NONE", "acpi: not found")), (("acpi HP", "acpi HPET "),)),
    "backtrace": Cases((("backtrace", r"caller 0x2\w+: in show_backtrace.* \(apps/monitor/system.c:\d+\)\n(.*\n)*.*in main"),
                        ("backtrace 2-1", r"(?s)in run_job.*in cpu_entry")),
                       (("backtrace 2", "2: CPUs have the numbers 0 to 1"), ("backtrace 0x", NO_NUMBER), ("backtrace 0 0", ""))),
    "bench": Cases((("bench", r"(?s)bench memcpy: mib per s \d+\n.*bench job on a CPU and answer: ns \d+$"),), (("bench 1", ""),)),
    "boot": no_arguments("boot", r"(?s)^stage entry: us 0, at us \d+\n.*\nstage ready: us \d+, at us \d+$"),
    "clock": no_arguments("clock", r"^clock 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d: seconds \d{10}$"),
    "cpu": no_arguments("cpu", r"(?s)^processor .*running 2, features fpu .*\ncpu 0: id 0, package 0.*\ncpu 1: id 1, package 0, "),
    "cpuid": Cases((("cpuid 0 0 1", r"^leaf 0x00000000: subleaf 0, eax 0x\w{8}, ebx"), ("cpuid 0x80000000+4", "^leaf 0x80000004: subleaf 0"),
                    ("cpuid", r"(?s)^cpu 0: features fpu .*\n  leaf 0x00000000: .*\n  leaf 0x80000000: ")),
                   (("cpuid 0x", NO_NUMBER), ("cpuid 1T", "1T: 0xffffffff at most"), ("cpuid 0 0 2", "2: CPUs have the numbers 0 to 1"),
                    ("cpuid 0 0 0 0", ""))),
    "crash": Cases((("crash", r"(?s)^kind null\n.*kind triple$"),),
                   (("crash nothing", "nothing: no such kind; `crash` lists them"), ("crash null 2", "2: CPUs have the numbers 0 to 1"),
                    ("crash null 0 0", "")), (("crash wri", "crash write-"), ("crash tr", "crash triple "))),
    "display": no_arguments("display", r"^(display 0: width \d+, height \d+, bits per pixel 32, pitch bytes \d+, address 0x\w+, bytes \d+)?$"),
    "dmi": no_arguments("dmi", r"dmi system: maker QEMU, product Standard PC \(Q35 \+ ICH9, 2009\)"),
    "dump": Cases((("fill 0x1500000 20 0x41; dump 0x1500000 18",
                    r"^address 0x0000000001500000: bytes( 41){16}, text A{16}\naddress 0x0000000001500010: bytes 41 41 {42}, text AA$"),
                   ("dump 0 1", r"bytes \?\? "), ("dump main 0x10*2", r"^address 0x0000000002\w+: bytes (.*\n).*text .{16}$")),
                  (("dump", ""), ("dump 0x", NO_NUMBER), ("dump 0 1/0", "division by zero"), ("dump 0 1 1", "")),
                  (("dump show_backtr", "dump show_backtrace "), ("dump 4+(show_backtr", "dump 4+(show_backtrace"))),
    "exit": Cases(wrong=(("exit 0x", NO_NUMBER), ("exit 1 2", "")), ends=True),
    "fill": Cases((("fill 0x1500000 32 2*33; peek 0x1500000+28", "^address 0x150001c: value 0x42424242$"), ("fill 0 1 1", "^fault at 0x0\nfill: fault$")),
                  (("fill 0 1", ""), ("fill 0 0x 1", NO_NUMBER), ("fill 0 1 256", "256: 0xff at most")),
                  (("fill show_backtr", "fill show_backtrace "),)),
    "firmware": no_arguments("firmware", r"^firmware EDK II: revision 0x10000, uefi 2\.7"),
    "help": Cases((("help", r"(?s)^  acpi       \[NAME\]: .*\n  version    : which build this is$"), ("help version", "^version : which build this is$"),
                   ("help vers", "^version : which build this is$")),
                  (("help nonsense", "nonsense: no such command; `help` lists them"), ("help re", "re: which one?\nreboot repeat report")),
                  (("help vers", "help version "),)),
    "history": Cases((("history", r"\n *\d+  history$"),), (("history 1", ""),)),
    "in": Cases((("in 0x3f8+5", r"^port 0x03fd: width 1, value 0x6[01]$"), ("in 0xcf8 4", "^port 0x0cf8: width 4, value 0x")),
                (("in", ""), ("in 0x10000", "0x10000: 0xffff at most"), ("in 0x80 3", "3: a width is 1, 2 or 4 bytes"), ("in 0x", NO_NUMBER))),
    "irq": no_arguments("irq", r"(?s)^spurious 0: unclaimed 0\n.*irq keyboard: line 1, cpu 0, vector \d+, count \d+, not mine \d+"),
    "json": Cases((("json version", r'(?s)^{"version":\[\n{"build":"\w{40}","report_version":1}\n\],"result":0}$'),
                   ("json peek 0", r'(?s){"fault_at":0}.*{"text":"peek: fault"}.*"result":-10}$'), ("json nonsense", r'no such command.*\n\],"result":-1}$')),
                  (("json", ""),), (("json versi", "json version "), ("json peek show_backtr", "json peek show_backtrace "))),
    "keyboard": Cases((("keyboard de; keyboard; keyboard us; keyboard", "^keyboard de\nkeyboard us$"),),
                      (("keyboard xx", "xx: no such layout"), ("keyboard us de", "")), (("keyboard f", "keyboard fr "),)),
    "last": Cases((("last", "^last: not found$"),), (("last 1", ""),)),
    "log": Cases((("log acpi:debug; log; log acpi:info", "(?m)^log acpi: level debug$"),),
                 (("log loud", "loud: no such level"), ("log acpi:loud", "acpi:loud: no such level"),
                  ("log nobody:info", "nobody:info: no such subsystem; `log` lists them")), (("log acp", "log acpi:"), ("log inf", "log info "))),
    "map": Cases((("map", r"(?m)^from 0x\w{16}: to 0x\w{16}, kib \d+, type usable$"), ("map pages", r"(?m)rights read-execute, caching write-back$"),
                  ("map cpus_work+1", r"^address 0x2\w+: type core, from 0x2000000, .*rights read-execute, caching write-back$"),
                  ("map 1<<45", "type no memory, .*rights none$")),
                 (("map 0x", NO_NUMBER), ("map 0 0", "")), (("map pages_kee", "map pages_keep_what_is_written "), ("map cpus_wo", "map cpus_work "))),
    "mem": no_arguments("mem", r"(?s)memory usable: kib \d+\n.*\nmemory free now: kib \d+, largest kib \d+$"),
    "msr": Cases((("msr 0x1b; msr 0x1b 1", "^msr 0x1b: cpu 0, value 0x00000000fee00900\nmsr 0x1b: cpu 1, value 0x00000000fee00800$"),
                  ("msr 0xc0000103 1 0x55; msr 0xc0000103 1; msr 0xc0000103 1 0", "value 0x0000000000000055$")),
                 (("msr", ""), ("msr 0x", NO_NUMBER), ("msr 0x1b 2", "2: CPUs have the numbers 0 to 1"), ("msr 1 0 0 0", ""))),
    "out": Cases((("out 0x3ff 0x5a; in 0x3ff", "value 0x5a$"), ("out 0x80 0xffff 2", "^$")),
                 (("out 0x80", ""), ("out 0x80 256", "256: 0xff at most"),
                  ("out 64K 1", "64K: 0xffff at most"), ("out 0x80 1 8", "8: a width is 1, 2 or 4 bytes"))),
    "page": Cases((("page 10-10", "^$"),), (("page", ""), ("page 0x", NO_NUMBER), ("page 1001", "1001: 1000 rows at most"), ("page 1 2", ""))),
    "pci": no_arguments("pci", r"(?s)^pci 0000:00:00.0: vendor 0x8086, device 0x29c0.*\n  capability 0x12: at 0xa8, name SATA\n"),
    "peek": Cases((("poke 0x1500000 0x11223344; peek 0x1500000; peek 0x1500000+2 2", "^address 0x1500000: value 0x11223344\naddress 0x1500002: value 0x1122$"),
                   ("peek 0x1500000 8 3", r"^(address 0x15000\w\w: value 0x\w+\n?){3}$"), ("peek 0", "^fault at 0x0\npeek: fault$")),
                  (("peek", ""), ("peek 1", "1: no multiple of 4 bytes"),
                   ("peek 0 3", "3: a width is 1, 2, 4 or 8 bytes"), ("peek (1", "a ) is missing at the end"),
                   ("peek mai", "mai is no number, and no function here"), ("peek 0 1 0x", NO_NUMBER), ("peek 0 1 1 1", "")),
                  (("peek show_backtr", "peek show_backtrace "),)),
    "poke": Cases((("poke 0x1500000 1<<32|2 8; peek 0x1500000 8", "^address 0x1500000: value 0x100000002$"), ("poke 0 1", "^fault at 0x0\npoke: fault$"),
                   ("poke main 0 1", r"^fault at 0x2\w+\npoke: fault$")),
                  (("poke 0x1000", ""), ("poke 0x1000 256 1", "256: 0xff at most"), ("poke 0x1001 1 2", "0x1001: no multiple of 2 bytes"),
                   ("poke 0x1000 0x", NO_NUMBER)), (("poke show_backtr", "poke show_backtrace "),)),
    "poweroff": Cases(wrong=(("poweroff 1", ""),), ends=True),
    "reboot": Cases(wrong=(("reboot 1", ""),), ends=True),
    "repeat": Cases((("repeat 1+2 peek 0x1500000", r"^(address 0x1500000: value 0x\w+\n?){3}$"), ("repeat 3 peek 0", "^fault at 0x0\npeek: fault$")),
                    (("repeat", ""), ("repeat 3", ""), ("repeat 0x time", NO_NUMBER), ("repeat 2 nonsense", "nonsense: no such command; `help` lists them")),
                    (("repeat 3 versi", "repeat 3 version "), ("repeat 3 crash tr", "repeat 3 crash triple "))),
    "report": Cases((("report", r'(?s)^-----BEGIN INGOT REPORT-----\n{"version":.*,"result":0}\n-----END INGOT REPORT-----$'),), (("report 1", ""),)),
    "run": Cases((("run", r"^run primes: text "), ("run primes 10*100", "^primes 168: below 1000, cpus 2, us ")),
                 (("run nobody", "run: not found"), ("run primes 0x", NO_NUMBER)), (("run pri", "run primes "),)),
    "search": Cases((("fill 0x1500000 32 0x41; poke 0x1500010 0x42 1; search 0x1500000 64 AB", "^found at 0x150000f$"),
                     ("search 0x1500000 64 0x4241", "^found at 0x1500010$"), ("search 0x1500000 2 AB", "^search: not found$")),
                    (("search 0 1", ""), ("search 0x 1 A", NO_NUMBER), ("search 0 1 0x1", "0x1: two digits for each of 1 to 64 bytes")),
                    (("search show_backtr", "search show_backtrace "),)),
    "serial": no_arguments("serial", r"^serial 0: name io3f8, named by legacy, space io, address 0x3f8, stride 1"),
    "test": no_arguments("test", "(?s)^test pages: passed\ntest heap: passed\n.*test expressions: passed$"),
    "time": no_arguments("time", r"^ns \d+: source TSC, hz \d+, measured by HPET, checked by PM timer, ppm apart -?\d+"),
    "timers": no_arguments("timers", r"(?s)^counter HPET: hz 100000000, bits 32, value \d+\n.*timers armed \d+$"),
    "trace": Cases((("trace 25*2", r"(?s)^traced us \d+\n.*irq io3f8: cpu 0, came \d+, per second \d+"),),
                   (("trace 0x", NO_NUMBER), ("trace 4M", "4M: 0x36ee80 at most"), ("trace 1 2", ""))),
    "version": no_arguments("version", r"^build \w{40}: report version 1$"),
}


def helps(said):
    """{name: text} of what `help` printed."""
    return dict(re.findall(r"^  (\w+) +(\S.*)$", said, re.MULTILINE))


def answer_to_wrong(name, sentence, text):
    """What is printed after a wrong use."""
    usage = f"{name} {text}"
    if not sentence:
        return usage
    own = sentence.startswith((f"{name}: ", "nonsense", "re:"))
    return sentence if own else f"{name}: {sentence}\n{usage}"


def completions(names):
    """(what is typed in front of Tab, the line that comes of it, names that are listed) for each name: by as few letters as tell it apart."""
    for name in names:
        longer = [other for other in names if other.startswith(name)]
        if len(longer) > 1:
            yield name, name, longer
            continue
        first = next(count for count in range(1, len(name) + 1) if sum(other.startswith(name[:count]) for other in names) == 1)
        yield name[:first], f"{name} ", []
