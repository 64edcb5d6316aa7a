"""The reference has all that a program may call, and the README's tables say nothing that does not compile."""
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
HEADERS = [*(TOP / "core/include/ingot").glob("*.h"), *(TOP / "core/x86_64/include/ingot").glob("*.h")]
FLAGS = ["-std=gnu11", "-ffreestanding", "-fsyntax-only", "-Wall", "-Werror", "-Wno-unused-value", "-Wno-unused-variable", "-Wno-unused-result",
         "-Wno-unused-but-set-variable", "-Wno-unused-function", "-DINGOT_DEBUG=0", "-I", TOP / "core/include", "-I", TOP / "core/x86_64/include"]
# What the tables' lines are about.
NAMES = """
static int x; static char text[80], c; static void *argument, *numbers, *block; static uint64_t flags, value; static size_t bytes, count;
static struct timer timer; static struct irq *irq; static struct cpu_job job; static struct lock lock; static volatile uint32_t *reg;
static struct acpi_window table; static struct machine_region region; static struct wall_time now; static const struct display *screen;
static volatile void *registers;
static IRQ_HANDLER enum irq_answer isr(void *device) { (void)device; return IRQ_MINE; }
static void work(void *of) { (void)of; }
static void fill(uint64_t first, uint64_t past, void *of) { (void)first; (void)past; (void)of; }
"""


@pytest.fixture(scope="module")
def made():
    done = subprocess.run(["make", "-s", "docs"], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return TOP / "build/docs"


def declared():
    """The names of all functions and function-like macros in the public headers."""
    text = "".join(re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL) for header in HEADERS)
    functions = re.findall(r"^(?:static inline |_Noreturn )?(?:[\w]+[ *]+)+(\w+)\([^;{]*\)[^;{]*[;{]", text, re.MULTILINE)
    macros = re.findall(r"^#define (\w+)\(", text, re.MULTILINE)
    return sorted({*functions, *macros} - {"LOG_PASTE", "LOG_NAME"})


def test_each_function_has_a_man_page(made):
    names = declared()
    assert len(names) > 200 and {"timer_arm", "log_info", "mmio_write64", "cpu_relax", "PER_CPU"} <= set(names)
    missing = [name for name in names if not list((made / "man/man3").glob(f"{name}.3"))]
    assert not missing, missing


@pytest.mark.parametrize("name, words", [("timer_arm", "ERR_BUSY: it is armed on another CPU"), ("mmio_read64", "one access of that width"),
                                         ("serial_write", "returns how many it took"), ("machine_region", "false past the last")])
def test_a_man_page_says_what_the_header_says(made, name, words):
    shown = subprocess.run(["man", "-M", made / "man", name], capture_output=True, text=True, env={"MANWIDTH": "1000", "PATH": "/usr/bin:/bin"})
    text = shown.stdout or (made / f"man/man3/{name}.3").read_text()
    assert words in re.sub(r"\s+", " ", text), text


def test_the_reading_order_names_each_header_once(made):
    assert (made / "html/index.html").exists()
    named = re.findall(r"`ingot/(\w+\.h)`", (TOP / "core/include/ingot/README.md").read_text())
    assert sorted(named) == sorted(header.name for header in HEADERS)


def test_an_undocumented_function_is_an_error(tmp_path):
    """The same with a header that lacks a comment."""
    for part in ("core/include/ingot", "core/x86_64/include/ingot", "tools"):
        (tmp_path / part).mkdir(parents=True)
    for tool in ("docs.py", "doc_filter.py", "Doxyfile"):
        (tmp_path / "tools" / tool).write_bytes((TOP / "tools" / tool).read_bytes())
    (tmp_path / "core/include/ingot/README.md").write_text("# Main\n\n`ingot/one.h`\n")
    header = tmp_path / "core/include/ingot/one.h"
    header.write_text("/* One: a header. */\n#pragma once\n\n/* Says how many. */\nint how_many(void);\n\nint nobody_knows(void);\n")
    done = subprocess.run(["/usr/bin/python3", "tools/docs.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "nobody_knows" in done.stdout and "how_many" not in done.stdout, done.stdout + done.stderr


def right_hand_sides():
    """[(line of C, whole row)] of the tables under "Coming from"."""
    part = (TOP / "README.md").read_text().split("\n## Coming from\n")[1].split("\n## ")[0]
    for row in part.splitlines():
        if row.startswith("| ") and not row.startswith("| ---") and not row.endswith("| Ingot |"):
            for code in re.findall(r"`([^`]+)`", re.split(r"(?<!\\) \| ", row, maxsplit=1)[1]):
                yield code.replace("\\|", "|"), row


def test_the_tables_right_hand_sides_compile():
    statements, outside = [], []
    for code, row in right_hand_sides():
        if code.endswith(";"):
            (outside if code.startswith(("int main", "static ")) else statements).append(code)
    assert len(statements) > 50
    source = "".join(f"#include <ingot/{header.name}>\n" for header in HEADERS) + NAMES
    body = "".join(f"    {{ {line} }}\n" for line in statements)
    for main in [line for line in outside if line.startswith("int main")]:
        check(source + main)
    check(source + "".join(line for line in outside if line.startswith("static")) + f"\nvoid all(void)\n{{\n{body}}}\n")


def check(source):
    done = subprocess.run(["gcc", *FLAGS, "-x", "c", "-"], input=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_the_tables_name_beside_c_is_there():
    makefile = (TOP / "Makefile").read_text()
    for code, row in right_hand_sides():
        if code.startswith("make "):
            assert re.search(rf"^{code.split()[1]}:", makefile, re.MULTILINE), row
        elif code.startswith("apps/"):
            assert (TOP / code / "main.c").exists(), row
        elif not code.endswith(";"):
            assert code == "speaker()", row
