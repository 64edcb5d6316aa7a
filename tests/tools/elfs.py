"""Small ELF files and what tools/elf2pe.py makes of them."""
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]

APPLICATION = r"""
extern int port_value;
static const char *const words[] = { "one", "two" };
const char *const *volatile list = words;
char table[100000];
int port_value = 7;
__attribute__((section(".sbat"), used)) static const char sbat[] =
    "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n"
    "ingot,1,Ingot,ingot,1,https://example.org/\n";
long entry(void *image, void *table_of_services) { (void)image; table[port_value] = 1; return list[0][0] + !table_of_services; }
"""
SCRIPT = """
ENTRY(entry)
SECTIONS {
    . = 4K;
    .text : { *(.text .text.*) }
    . = ALIGN(4K);
    .rodata : { *(.rodata .rodata.* .data.rel.ro .data.rel.ro.*) }
    . = ALIGN(4K);
    .data : { *(.data .data.*) }
    .bss : { *(.bss .bss.* COMMON) }
    . = ALIGN(4K);
    .sbat : { *(.sbat) }
    . = ALIGN(4K);
    .rela : { *(.rela .rela.*) }
    .dynamic : { *(.dynamic) }
    .dynsym : { *(.dynsym) }
    .dynstr : { *(.dynstr) }
    .hash : { *(.hash) }
    .gnu.hash : { *(.gnu.hash) }
    /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) }
}
"""


def build_elf(folder, source=APPLICATION, script=SCRIPT, flags=(), name="application"):
    """A small static-PIE ELF, as the loader's link makes one."""
    c, lds, elf = folder / f"{name}.c", folder / f"{name}.lds", folder / f"{name}.elf"
    c.write_text(source)
    lds.write_text(script)
    link = flags or ("-pie", "--no-dynamic-linker")
    subprocess.run(["gcc", "-Os", "-ffreestanding", "-fPIE", "-fvisibility=hidden", "-mno-red-zone", "-fno-stack-protector",
                    "-c", c, "-o", folder / "o.o"], check=True)
    subprocess.run(["ld", "-nostdlib", *link, "-T", lds, "-o", elf, folder / "o.o"], check=True)
    return elf


def elf2pe(elf, out, *arguments):
    """Runs tools/elf2pe.py; its exit status and what it said."""
    done = subprocess.run([TOP / "tools/elf2pe.py", elf, out, *arguments], capture_output=True, text=True)
    return done.returncode, done.stderr
