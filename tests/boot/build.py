"""What boot tests start: loaders with different applications, chaos.efi, and images of them. Made once a run, under build/test/."""
import fcntl
import functools
import os
import pathlib
import shutil
import subprocess

from elftools.elf.elffile import ELFFile

TOP = pathlib.Path(__file__).resolve().parents[2]
SAN = os.environ.get("INGOT_SAN", "")          # undefined, address: all images are built with these checks
SUFFIX = f"-{SAN.replace(',', '-')}" if SAN else ""
OUT = TOP / f"build/x86_64{SUFFIX}"
KEPT = TOP / f"build/test{SUFFIX}"


def make(*arguments):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "INGOT_ARGS")}
    environment["SAN"] = SAN
    done = subprocess.run(["make", "-C", TOP, "-s", *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"make {' '.join(arguments)}:\n{done.stdout}{done.stderr}")


class locked:
    """One process at a time builds: all applications share the objects of the core."""

    def __enter__(self):
        KEPT.mkdir(parents=True, exist_ok=True)
        self.file = open(KEPT / "lock", "w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def keep(path, folder):
    """Copies a file in one step: another process may be reading the one of before."""
    shutil.copy(path, folder / f"{path.name}.new").rename(folder / path.name)


@functools.lru_cache(maxsize=None)
def loader(app="apps/hello", base=0):
    """The path of BOOTX64.EFI with this application in it, linked to prefer an address."""
    folder = KEPT / f"{pathlib.Path(app).name}{f'-{base:x}' if base else ''}"
    with locked():
        make(f"APP={app}", f"{OUT.relative_to(TOP)}/BOOTX64.EFI")
        folder.mkdir(exist_ok=True)
        if base:
            subprocess.run([TOP / "tools/elf2pe.py", OUT / "loader.elf", folder / "BOOTX64.EFI", "--base", hex(base)], check=True)
        else:
            keep(OUT / "BOOTX64.EFI", folder)
        keep(OUT / "core.elf", folder)
    return folder / "BOOTX64.EFI"


def variant(app, kind, *arguments):
    """The same from a folder of objects of its own."""
    folder, out = KEPT / f"{pathlib.Path(app).name}-{kind}", TOP / f"build/{kind}{SUFFIX}"
    with locked():
        make(f"APP={app}", f"OUT={out.relative_to(TOP)}", *arguments, f"{out.relative_to(TOP)}/BOOTX64.EFI")
        folder.mkdir(exist_ok=True)
        keep(out / "BOOTX64.EFI", folder)
        keep(out / "core.elf", folder)
    return folder / "BOOTX64.EFI"


@functools.lru_cache(maxsize=None)
def debug_loader(app):
    """The same, built with DEBUG=1."""
    return variant(app, "debug", "DEBUG=1")


@functools.lru_cache(maxsize=None)
def gdb_loader(app):
    """The same, built with GDB=1."""
    return variant(app, "gdb", "GDB=1")


@functools.lru_cache(maxsize=None)
def checked_loader(app, san):
    """The same, built with SAN=san."""
    return variant(app, san.replace(",", "-"), f"SAN={san}")


def core_base(app="apps/hello"):
    """The address that the core prefers."""
    with open(loader(app).with_name("core.elf"), "rb") as file:
        return min(segment["p_vaddr"] for segment in ELFFile(file).iter_segments("PT_LOAD"))


@functools.lru_cache(maxsize=None)
def chaos():
    """The path of chaos.efi."""
    out = KEPT / "chaos"
    with locked():
        make("build/x86_64/chaos.efi")
        out.mkdir(exist_ok=True)
        keep(OUT / "chaos.efi", out)
    return out / "chaos.efi"
