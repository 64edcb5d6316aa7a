"""The rows of tests/faults.toml that are one boot each: the firmware or the machine is made difficult, and the boot ends as the row says.

Rows of the same machine go through one QEMU: it is put back to the moment before the firmware looks at its disk, which then has other files."""
import struct

import pytest

import faults
import mkimage
from acpi_tables import cpu, madt, table
from boots import LIMIT_S, chaos_esp, esp
from qemu import Config

# The core halts; the firmware has the loader back; the loader's own panic, which ends in a reset.
END = r"^\[.*halted|^chaos: back to the firmware|^BdsDxe: failed to start|^PANIC (?:EBS|MAP)-.*\n"


def spoilt(whole, offset, value):
    return whole[:offset] + bytes([value]) + whole[offset + 1:]


def mcfg(base, end_bus=0xFF):
    return table("MCFG", bytes(8) + struct.pack("<QHBB4x", base, 0, 0, end_bus))


ONE = madt(cpu(0))
TABLES = {                     # by the names that rows use
    "madt-sum": spoilt(ONE, 9, ONE[9] ^ 1),
    "madt-record-0": madt(cpu(0), struct.pack("<BB", 0, 0), cpu(1)),
    "madt-record-1": madt(cpu(0), struct.pack("<BB", 0, 1), cpu(1)),
    "madt-record-long": table("APIC", struct.pack("<II", 0xFEE00000, 1) + cpu(0) + struct.pack("<BB", 0, 0xFF), 3),
    "madt-short": table("APIC", b"", 3),
    "mcfg-low-bus": mcfg(0xB0000000, 0x3F), "mcfg-zero": mcfg(0), "mcfg-in-ram": mcfg(0x1000000), "mcfg-too-high": mcfg(1 << 56),
    "bgrt-junk": table("BGRT", b"\xff" * 20), "dmar-junk": table("DMAR", b"\xff" * 40), "srat-junk": table("SRAT", b"\xff" * 60),
    "tpm2-junk": table("TPM2", b"\xff" * 16),
}


def config_of(row):
    given = dict(row.get("machine", {}))
    return Config(**{**given, "extra": tuple(given.get("extra", ()))})


def groups():
    """(machine, cold, whether only for the full run): names of rows."""
    found = {}
    for name, row in faults.load().items():
        if faults.BY_BOOT & set(row):
            found.setdefault((config_of(row), row.get("cold", False), row.get("full", False)), []).append(name)
    return found


def files_of(row):
    words, app = f"exit=halt {row.get('words', '')}", row.get("app", "apps/hello")
    if "chaos" in row or "tables" in row:
        return chaos_esp(app, words, row.get("chaos", ""), [TABLES[name] for name in row.get("tables", ())])
    return esp(app, words)


def replace(image, files, kind):
    """Other files in the disk that QEMU has open."""
    fresh = image.with_name("fresh")
    mkimage.make(fresh, files, kind)
    with open(image, "r+b") as file:
        file.write(fresh.read_bytes())


def go(running, before):
    """From the state that it was put in to the end; what was said."""
    running.qmp.command("cont")
    running.wait_for(rf"(?s)\A.{{{before}}}(?-s:.*\n)*?(?m:{END})", LIMIT_S)
    if running.process.poll() is None:
        running.qmp.command("stop")
    return running.text[before:]


def parameters():
    for (config, cold, full), names in groups().items():
        yield pytest.param(config, cold or len(names) == 1, names, id=f"{names[0]}-{len(names)}", marks=pytest.mark.full if full else ())


@pytest.mark.parametrize("config, cold, names", parameters())
def test_rows(machine, fault_seen, config, cold, names):
    rows, wrong, before = faults.load(), [], 0
    try:
        running = machine(files_of(rows[names[0]]), config, cold=cold, host_extra=("-S",))
    except pytest.skip.Exception as why:
        for name in names:
            faults.report(name, "s", str(why))
        raise
    running.qmp.command("set-action", reboot="reset")
    if len(names) > 1:
        assert running.qmp.human("savevm start") == "", "the machine cannot be put back"
    for name in names:
        if name != names[0]:
            before = len(running.text)
            replace(running.image, files_of(rows[name]), "gpt")
            assert running.qmp.human("loadvm start") == ""
        try:
            fault_seen(name, go(running, before), () if config.display != "none" else ("display",))
        except AssertionError as why:
            wrong.append(str(why))
    assert not wrong, "\n\n".join(wrong)
