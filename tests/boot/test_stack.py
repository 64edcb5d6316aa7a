"""stack.py: no stack can overflow, and what it says is what gcc says; what it cannot know is told, not guessed."""
import re
import subprocess

import pytest

import build
import stack

FLAGS = ["-Os", "-g", "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none", "-fno-asynchronous-unwind-tables", "-fpie", "-static-pie",
         "-Wl,--no-dynamic-linker", "-nostdlib"]
CODE = """
void use(void *data);
__attribute__((noinline)) void use(void *data) { __asm__ volatile("" :: "r"(data) : "memory"); }
__attribute__((noinline)) int deep(void) { char room[1000]; use(room); return room[1]; }
"""


def made(folder, code):
    (folder / "a.c").write_text(CODE + code)
    subprocess.run(["gcc", *FLAGS, "-Wl,-e,entry", "-o", folder / "a.elf", folder / "a.c"], check=True)
    return stack.Program(folder / "a.elf")


def facts(folder, text=""):
    (folder / "facts.txt").write_text(text)
    return stack.Facts(folder / "facts.txt")


def need(folder, code, text=""):
    """Bytes that entry() needs, and what is wrong."""
    program = made(folder, code)
    graph = stack.Graph(program, facts(folder, text))
    return graph.measure(program.address["entry"])[0], graph.wrong


def test_no_stack_overflows():
    """With the monitor, which calls nearly everything, and with hello, which calls nearly nothing."""
    for app in ("apps/monitor", "apps/hello"):
        core = build.loader(app).with_name("core.elf")
        said = []
        assert stack.check({"core": stack.Program(core), "loader": stack.Program(build.OUT / "loader.elf")}, stack.Facts(), said.append) == []
        assert sum(not line.startswith(" ") for line in said) == 4


def test_a_call_adds_what_the_callee_needs(tmp_path):
    bytes_needed, wrong = need(tmp_path, "int entry(void); int entry(void) { return deep() + 1; }")
    assert wrong == [] and 1000 + 8 + 8 <= bytes_needed <= 1000 + 100


def test_recursion_is_told_or_bounded(tmp_path):
    code = "int entry(int n); int entry(int n) { char room[100]; use(room); return n ? entry(n - 1) + room[n] : 0; }"
    assert "a recursion that is not listed: entry > entry" in need(tmp_path, code)[1]
    once = need(tmp_path, code, "recursion | entry | 1 | planted")
    ten = need(tmp_path, code, "recursion | entry | 10 | planted")
    assert once[1] == ten[1] == [] and ten[0] >= 9 * 108 + once[0]


def test_call_by_pointer_is_told_or_listed(tmp_path):
    code = "int (*volatile f)(void) = deep; int entry(void); int entry(void) { return f() + 1; }"
    assert "calls by a pointer" in need(tmp_path, code)[1][0]
    program = made(tmp_path, code)
    assert list(stack.unlisted(program, facts(tmp_path))) == ["the address of deep is taken, and no call by pointer lists it"]
    bytes_needed, wrong = need(tmp_path, code, "call | *a.c:entry | deep | planted")
    assert wrong == [] and bytes_needed >= 1008


def test_a_frame_of_unknown_size_is_told(tmp_path):
    code = "int entry(int n); int entry(int n) { char room[n]; use(room); return room[0]; }"
    assert "what this does to the stack is not known" in need(tmp_path, code)[1][0]


def test_a_stack_that_is_too_small_is_told(tmp_path):
    program = made(tmp_path, "int entry(void); int entry(void) { return deep() + 1; }")
    told = stack.check({"a": program}, facts(tmp_path, "stack | small | a 512 entry | planted\nuncalled | * | - | x"))
    assert len(told) == 1 and re.match(r"a: small: 10\d\d bytes may be used, and 512 is the limit", told[0])


@pytest.mark.parametrize("name", ["core/format.c", "core/acpi_aml.c", "core/facts.c", "core/qr.c"])
def test_frames_are_those_that_gcc_tells(tmp_path, name):
    """-fstack-usage counts the return address, not what is pushed for calls."""
    flags = ["-std=gnu11", "-Os", "-ffreestanding", "-fno-inline", "-mgeneral-regs-only", "-DINGOT_DEBUG=0", "-fstack-usage", "-fcf-protection=none",
             "-mno-red-zone", "-fno-stack-protector", "-maccumulate-outgoing-args", "-Icore/include", "-Icore/x86_64/include", "-I."]
    subprocess.run(["gcc", *flags, "-c", "-o", tmp_path / "a.o", name], cwd=build.TOP, check=True)
    subprocess.run(["ld", "-e", "0", "--unresolved-symbols=ignore-all", "-o", tmp_path / "a.elf", tmp_path / "a.o"], check=True)
    told = {line.split("\t")[0].split(":")[-1]: int(line.split("\t")[1]) for line in (tmp_path / "a.su").read_text().splitlines()}
    program, compared = stack.Program(tmp_path / "a.elf"), 0
    for function, frame in told.items():
        if function in program.address:
            try:
                walker = stack.Walker(program, facts(tmp_path, "call | * | - | any"), program.address[function])
            except stack.Unknown:
                continue                                     # a call of what is not linked
            calls_something = walker.own and walker.own in walker.calls.values()
            assert walker.own + (0 if calls_something else 8) == frame, function
            compared += 1
    assert compared >= 5
