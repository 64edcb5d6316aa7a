"""An application is a folder, here or anywhere: what makes one, and what is said when something is wrong with it."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests/boot"))

import build                   # noqa: E402  the path must be set first

LIBRARY = "LIBC = 1\n"


def make(*arguments, folder=TOP):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "INGOT_ARGS")}
    with build.locked():
        return subprocess.run(["make", "-s", *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def application(folder, source, settings="", name="main.c"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(source)
    if settings:
        (folder / "app.mk").write_text(settings)
    return folder


MISTAKES = {
    "no main": ("int begin(void) { return 0; }", LIBRARY, r"there is no main\(\)"),
    "no main, no library": ("int begin(void); int begin(void) { return 0; }", "", r"there is no main\(\)"),
    "no result": ("void main(void) { }", LIBRARY, r"main.c:1: main\(\) is `int main\(int argc, char \*\*argv\)`"),
    "no result, no library": ("void main(void) { }", "", r"main.c:1: main\(\) is `int main"),
    "arguments the wrong way round": ("int main(char **argv, int argc) { return argc + !argv; }", LIBRARY, r"main.c:1: main\(\) is `int main"),
    "a library's header": ("#include <stdio.h>\nint main(void) { return 0; }", "", r"main.c:1: <stdio.h> is a header of the C library: LIBC = 1"),
    "a library's function": ("double pow(double, double); volatile double d;\nint main(void) { return (int)pow(d, d); }", "",
                             r"main.c:2: pow\(\) is a function of the C library: LIBC = 1"),
    "another system's header": ("#include <windows.h>\nint main(void) { return 0; }", LIBRARY, r"main.c:1: <windows.h> is neither"),
    "C++ headers": ("#include <iostream>\nint main(void) { return 0; }", LIBRARY, r"<iostream> is a header of C\+\+"),
    "processes": ("#include <unistd.h>\nint main(void) { return fork(); }", LIBRARY, r"main.c:2: fork\(\) does not exist here: there are no processes"),
    "a network": ("#include <sys/socket.h>\nint main(void) { return socket(AF_INET, 0, 0); }", LIBRARY, r"socket\(\) .*: there is no network"),
    "threads": ("#include <pthread.h>\nint main(void) { pthread_t t; return pthread_create(&t, 0, 0, 0); }", LIBRARY,
                r"pthread_create\(\) .*cpu_run\(\)"),
    "thread-local": ("_Thread_local int x;\nint main(void) { return x; }", LIBRARY, r"PER_CPU of <ingot/cpu.h>"),
    "its own function": ("int helper(void);\nint main(void) { return helper(); }", LIBRARY, r"main.c:2: helper\(\) is called, and no source"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_sentence(tmp_path, mistake):
    source, settings, said = MISTAKES[mistake]
    done = make(f"APP={application(tmp_path / 'wrong', source, settings)}", "build/x86_64/core_first.elf")
    assert done.returncode and re.search(rf"^{tmp_path}/wrong: .*{said}", done.stderr, re.MULTILINE), done.stderr


@pytest.mark.parametrize("name, said", [("main.cpp", "sources that are not C: main.cpp"), ("notes.txt", "has no sources")])
def test_a_folder_that_is_no_application(tmp_path, name, said):
    done = make(f"APP={application(tmp_path / 'wrong', 'int main() { }', name=name)}", "build/x86_64/core_first.elf")
    assert done.returncode and said in done.stderr, done.stderr


def test_a_folder_that_is_not_there(tmp_path):
    done = make(f"APP={tmp_path}/nowhere", "build/x86_64/core_first.elf")
    assert done.returncode and f"make new APP={tmp_path}/nowhere" in done.stderr, done.stderr


def test_new_makes_what_builds_from_its_own_makefile(tmp_path):
    folder = tmp_path / "fresh"
    done = make("new", f"APP={folder}")
    assert done.returncode == 0, done.stderr
    done = make("image", folder=folder)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert b"Files in data/ are linked" in (TOP / "build/x86_64/core.bin").read_bytes()
    again = make("new", f"APP={folder}")
    assert again.returncode and "is not empty" in again.stderr, again.stderr


def test_names_of_the_core_are_free_for_programs(tmp_path):
    """A program with functions and variables that the core has too."""
    core = subprocess.run(["nm", "--defined-only", "-g", "build/x86_64/core/log.o", "build/x86_64/core/format.o"], cwd=TOP, capture_output=True, text=True)
    assert {"format", "log_flush"} <= set(re.findall(r" T (\w+)", core.stdout))
    source = "int format, console_write = 3;\nint log_flush(int a) { return a; }\nint main(void) { return log_flush(format + console_write); }"
    done = make(f"APP={application(tmp_path / 'names', source, LIBRARY)}", "build/x86_64/core_first.elf")
    assert done.returncode == 0, done.stderr


def test_sources_elsewhere(tmp_path):
    """SOURCES names files in folders below, beside and far away."""
    for place in ("app/below", "beside", "far"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "app/below/one.c").write_text("int one(void) { return 1; }")
    (tmp_path / "beside/two.c").write_text("int two(void) { return 2; }")
    (tmp_path / "far/three.c").write_text("int three(void) { return THREE; }")
    settings = f"{LIBRARY}SOURCES = main.c below/one.c ../beside/two.c {tmp_path}/far/three.c\nCFLAGS = -DTHREE=3\n"
    source = "int one(void), two(void), three(void);\nint main(void) { return one() + two() + three(); }"
    done = make(f"APP={application(tmp_path / 'app', source, settings)}", "build/x86_64/core_first.elf")
    assert done.returncode == 0, done.stderr


def test_the_library_keeps_nothing_below_the_stack_pointer():
    """Interrupts write there."""
    make("APP=tests/boot/apps/conformance", "build/x86_64/libc/libc.a")
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "build/x86_64/libc/libc.a"], cwd=TOP, capture_output=True, text=True).stdout
    below = [line for line in code.splitlines() if re.search(r"-0x[0-9a-f]+\(%rsp", line) and not re.search(r"\b(lea|sub)", line)]
    assert code.count("\n") > 50000 and not below, below[:10]


# BOOTX64.EFI with hello and the library; without, README's table tells.
HELLO = '#include <stdio.h>\nint main(int argc, char **argv)\n{\n    printf("hello %s %g\\n", argv[0], argc / 3.0);\n    return 0;\n}\n'


def test_hello_with_the_library_is_small(tmp_path):
    done = make(f"APP={application(tmp_path / 'hello', HELLO, LIBRARY)}", "build/x86_64/BOOTX64.EFI")
    assert done.returncode == 0, done.stderr
    assert (TOP / "build/x86_64/BOOTX64.EFI").stat().st_size <= 256 << 10


def test_sources_that_cannot_be_had(tmp_path):
    """A machine without them is told which file to put where."""
    done = subprocess.run([TOP / "tools/source.sh", "musl", "0.0-0", "musl_0.0.orig.tar.gz", "0" * 64, tmp_path / "sources"],
                          env=dict(os.environ, http_proxy="http://127.0.0.1:9"), capture_output=True, text=True)
    assert done.returncode == 1 and re.search(r"musl_0.0.orig.tar.gz of Debian's source package musl 0.0-0 cannot be had: .+", done.stderr), done.stderr
    assert f"put it there and try again: {tmp_path}/sources/musl_0.0.orig.tar.gz (SHA-256 {'0' * 64})" in done.stderr
    (tmp_path / "sources/musl_0.0.orig.tar.gz").write_text("something else")
    done = subprocess.run([TOP / "tools/source.sh", "musl", "0.0-0", "musl_0.0.orig.tar.gz", "0" * 64, tmp_path / "sources"],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "has another checksum" in done.stderr, done.stderr
