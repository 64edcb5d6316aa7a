"""What the ACPI reader says about real machines, against iasl's disassembly of the same tables.

The reader's side is build/host/acpi-facts, the other is `iasl -d` (Debian: acpica-tools), whose text is parsed here; the rules that choose
among what a table says (64-bit field or 32-bit one, which processors count) are written down a second time, in Python. The tables are
those of $INGOT_SHARED/data/acpi, one folder a machine (default ../shared beside the project)."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
FACTS = TOP / "build/host/acpi-facts"
CORPUS = pathlib.Path(os.environ.get("INGOT_SHARED", TOP.parent / "shared")) / "data/acpi"
MACHINES = sorted(folder.name for folder in CORPUS.iterdir() if folder.is_dir()) if CORPUS.is_dir() else []

pytestmark = [
    pytest.mark.skipif(not MACHINES, reason=f"no tables of real machines in {CORPUS}"),
    pytest.mark.skipif(shutil.which("iasl") is None, reason="iasl is not installed (acpica-tools)"),
]

FIELD = re.compile(r"^\[[0-9A-F]+h \d+ +\d+\] +(.+?) : ?(.*)$")
FLAG = re.compile(r"^ +(.+?) : ([0-9A-F]+)$")


# ---- iasl's text ----

class Table:
    """A table as iasl prints it: a list of (name, text), in the table's order. Address structures become one entry with a dict."""

    def __init__(self, text):
        self.entries = []
        for line in text.splitlines():
            if line.startswith("Raw Table Data"):
                break
            field, flag = FIELD.match(line), FLAG.match(line)
            if field:
                self.entries.append((field[1], field[2]))
            elif flag:
                self.entries.append((flag[1], flag[2]))
        self.fold_registers()

    def fold_registers(self):
        folded, at = [], 0
        while at < len(self.entries):
            name, value = self.entries[at]
            if value.startswith("[Generic Address Structure]"):
                part = [number(entry[1]) for entry in self.entries[at + 1:at + 6]]
                if len(part) == 5 and self.entries[at + 1][0] == "Space ID":
                    value = {"space": part[0], "bits": part[1], "access_bytes": {1: 1, 2: 2, 3: 4, 4: 8}.get(part[3], 0),
                             "address": part[4]}
                    at += 5
            folded.append((name, value))
            at += 1
        self.entries = folded

    def get(self, name, default=0):
        for entry, value in self.entries:
            if entry == name:
                return value if isinstance(value, dict) else number(value)
        return default

    def groups(self, first):
        """The entries from each one called first up to the next: the records of a table."""
        group = None
        for name, value in self.entries:
            if name == first:
                if group is not None:
                    yield group
                group = {}
            if group is not None:
                group.setdefault(name, value if isinstance(value, dict) else number(value))
        if group is not None:
            yield group


def number(text):
    digits = re.match(r"[0-9A-F]+", text)
    return int(digits[0], 16) if digits else None


def disassemble(machine, folder):
    """{file name without suffix: iasl's text}. iasl writes beside its input, so it works on copies."""
    texts = {}
    for source in sorted((CORPUS / machine).glob("*.dat")):
        copy = folder / source.name
        shutil.copyfile(source, copy)
        os.chmod(copy, 0o644)
        subprocess.run(["iasl", "-d", copy.name], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
                       check=False)
        listing = copy.with_suffix(".dsl")
        if listing.exists():
            texts[source.stem] = listing.read_text(errors="replace")
    return texts


# ---- the facts, from that text ----

def wide_or_narrow(fadt, wide, narrow, length):
    """A register block of the FADT: the 64-bit field, else the 32-bit one, which is a port."""
    bytes_ = fadt.get(length)
    register = fadt.get(wide, None)
    if isinstance(register, dict) and register["address"] and register["space"] <= 1:
        return register
    return {"space": 1, "bits": bytes_ * 8, "access_bytes": 0, "address": fadt.get(narrow) if bytes_ else 0}


def last_of(table, name, default=0):
    """The FADT has the DSDT's address twice under one name; the later one is the wide one."""
    values = [number(value) for entry, value in table.entries if entry == name and not isinstance(value, dict)]
    return next((value for value in reversed(values) if value), default)


def expect_fadt(fadt):
    revision = fadt.get("Revision")
    new = revision >= 3
    hardware_reduced = int(revision >= 5 and fadt.get("Hardware Reduced (V5)"))
    control = "PM1 Control Block Length"
    none = {"space": 0, "bits": 0, "access_bytes": 0, "address": 0}
    facts = {
        "revision": revision, "profile": fadt.get("PM Profile"), "flags": fadt.get("Flags (decoded below)"),
        "hardware_reduced": hardware_reduced,
        "has_8042": fadt.get("8042 Present on ports 60/64 (V2)") if new else 1,
        "has_legacy_devices": fadt.get("Legacy Devices Supported (V2)") if new else 1,
        "no_vga": fadt.get("VGA Not Present (V4)") if new else 0,
        "no_msi": fadt.get("MSI Not Supported (V4)") if new else 0,
        "no_rtc": fadt.get("CMOS RTC Not Present (V5)") if new else 0,
        "century_index": fadt.get("RTC Century Index"),
        "sci_interrupt": 0 if hardware_reduced else fadt.get("SCI Interrupt"),
        "smi_command": 0 if hardware_reduced else fadt.get("SMI Command Port"),
        "acpi_enable": 0 if hardware_reduced else fadt.get("ACPI Enable Value"),
        "dsdt": last_of(fadt, "DSDT Address"), "facs": last_of(fadt, "FACS Address"),
        "pm1a_control": none if hardware_reduced else
        wide_or_narrow(fadt, "PM1A Control Block", "PM1A Control Block Address", control),
        "pm1b_control": none if hardware_reduced else
        wide_or_narrow(fadt, "PM1B Control Block", "PM1B Control Block Address", control),
    }
    return facts


def expect_pm_timer(fadt):
    if fadt.get("PM Timer Block Length") != 4 or expect_fadt(fadt)["hardware_reduced"]:
        return None
    counter = wide_or_narrow(fadt, "PM Timer Block", "PM Timer Block Address", "PM Timer Block Length")
    return {"bits": 32 if fadt.get("32-bit PM Timer (V1)") else 24, "reads_once": 0, "counter": counter} if counter["address"] else None


def expect_reset(fadt):
    register = fadt.get("Reset Register", None)
    if not fadt.get("Reset Register Supported (V2)") or not register or not register["address"] or register["space"] > 2:
        return None
    return {"value": fadt.get("Value to cause reset"), "register": register}


def record_type(group):
    return group["Subtable Type"]


def expect_processors(madt):
    usable, seen = [], set()
    counts = dict(usable=0, more=0, repeated=0, disabled=0, online_capable=0, ignored=0)
    for group in madt.groups("Subtable Type"):
        if record_type(group) not in (0, 9):
            continue
        wide = record_type(group) == 9
        id_ = group["Processor x2Apic ID" if wide else "Local Apic ID"]
        uid = group["Processor UID" if wide else "Processor ID"]
        if not group["Processor Enabled"]:
            # iasl 20200925 decodes this bit for type 0 only.
            counts["online_capable" if group["Flags (decoded below)"] & 2 else "disabled"] += 1
        elif id_ == (0xffffffff if wide else 0xff):
            counts["ignored"] += 1
        elif id_ in seen:
            counts["repeated"] += 1
        else:
            seen.add(id_)
            counts["usable"] += 1
            usable.append({"id": id_, "uid": uid} | expect_local_nmi(madt, uid))
    return usable, counts


def expect_local_nmi(madt, uid):
    for group in madt.groups("Subtable Type"):
        if record_type(group) == 4 and group["Processor ID"] in (uid, 0xff):
            return {"nmi_lint": group["Interrupt Input LINT"], "nmi_flags": group["Flags (decoded below)"]}
        if record_type(group) == 10 and group["Processor UID"] in (uid, 0xffffffff):
            return {"nmi_lint": group["Interrupt Input LINT"], "nmi_flags": group["Flags (decoded below)"]}
    return {}


def expect_line(group, gsi, is_sci):
    flags = group["Flags (decoded below)"]
    polarity, trigger = group["Polarity"], group["Trigger Mode"]
    return {"gsi": gsi, "flags": flags, "active_low": int(polarity == 3 or (is_sci and polarity == 0)),
            "level": int(trigger == 3 or (is_sci and trigger == 0))}


def expect_interrupts(madt, sci):
    facts = {"local_address": madt.get("Local Apic Address"), "legacy_pics": madt.get("PC-AT Compatibility"),
             "ioapics": [], "overrides": [], "nmis": []}
    for group in madt.groups("Subtable Type"):
        kind = record_type(group)
        if kind == 1:
            facts["ioapics"].append({"id": group["I/O Apic ID"], "address": group["Address"], "gsi_base": group["Interrupt"]})
        elif kind == 2:
            line = group["Source"]
            facts["overrides"].append({"isa_line": line} | expect_line(group, group["Interrupt"], sci != 0 and line == sci))
        elif kind == 3:
            facts["nmis"].append(expect_line(group, group["Interrupt"], False))
        elif kind == 5:
            facts["local_address"] = group["APIC Address"]
    return facts


def expect_hpet(hpet):
    register = hpet.get("Timer Block Register")
    return {"address": register["address"], "block_id": hpet.get("Hardware Block ID"), "min_tick": hpet.get("Minimum Clock Ticks"),
            "number": hpet.get("Sequence Number")}


def expect_ecam(mcfg):
    return [{"base": group["Base Address"], "segment": group["Segment Group Number"], "start_bus": group["Start Bus Number"],
             "end_bus": group["End Bus Number"]} for group in mcfg.groups("Base Address")]


def expect_serial(spcr, dbg2):
    ports = []
    if spcr and spcr.get("Interface Type") in (0, 1, 0x12):
        baud = {3: 9600, 4: 19200, 6: 57600, 7: 115200}.get(spcr.get("Baud Rate"), 0)
        ports.append({"source": "SPCR", "stride": 1, "bytes": 0, "baud": baud, "clock_hz": 0,
                      "registers": spcr.get("Serial Port Register")})
    for group in (dbg2.groups("Register Count") if dbg2 else ()):
        if group["Port Type"] == 0x8000 and group["Port Subtype"] in (0, 1, 0x12):
            ports.append({"source": "DBG2", "stride": 1, "bytes": group["Address Size"], "baud": 0, "clock_hz": 0,
                          "registers": group["Base Address Register"]})
    for port in ports:
        register = port["registers"]
        width = register["access_bytes"] or register["bits"] // 8
        port["stride"] = width if register["space"] == 0 and width in (2, 4) else 1
    return [port for port in ports if port["registers"]["address"]]


def expect_watchdog(texts):
    """Read from the text, as iasl's address structures have a bit offset, which Table leaves out."""
    table = Table(texts["WDAT"])
    offsets = re.findall(r" Bit Offset : ([0-9A-F]+)$", texts["WDAT"], re.MULTILINE)
    entries = [{"action": group["Watchdog Action"], "instruction": group["Instruction"] & 0x7f, "preserve": group["Instruction"] >> 7,
                "register": group["Register Region"], "bit_offset": int(offset, 16), "value": group["Value"], "mask": group["Register Mask"]}
               for group, offset in zip(table.groups("Watchdog Action"), offsets, strict=True)]
    assert len(entries) == table.get("Watchdog Entry Count")
    return {"period_ms": table.get("Timer Period"), "min_count": table.get("Min Count"), "max_count": table.get("Max Count"),
            "enabled": table.get("Enabled"), "stops_in_sleep": table.get("Stopped When Asleep"), "entries": entries}


def expect_affinity(srat):
    facts = []
    for group in srat.groups("Subtable Type") if srat else ():
        if not group.get("Enabled"):
            continue
        if record_type(group) == 0:
            domain = group["Proximity Domain Low(8)"] | group["Proximity Domain High(24)"] << 8
            facts.append({"domain": domain, "processor_id": group["Apic ID"]})
        elif record_type(group) == 1:
            facts.append({"domain": group["Proximity Domain"], "base": group["Base Address"], "bytes": group["Address Length"]})
        elif record_type(group) == 2:
            facts.append({"domain": group["Proximity Domain"], "processor_id": group["Apic ID"]})
    return facts


def expect_distances(slit):
    if not slit:
        return []
    return [int(byte, 16) for name, value in slit.entries if name.startswith("Locality") for byte in value.split()]


def expect_power_off(fadt, dsdt):
    """The two first numbers of Name (_S5, Package ...), where the dump has a DSDT."""
    found = dsdt and re.search(r"^ *Name \(\\?_S5, Package \(0x..\)[^{]*\{([^}]*)\}", dsdt, re.MULTILINE)
    control = expect_fadt(fadt)
    control_a = fadt.get("Sleep Control Register") if control["hardware_reduced"] else control["pm1a_control"]
    if not found or not control_a["address"]:
        return None
    type_a, type_b = [{"Zero": 0, "One": 1}[word] if word in ("Zero", "One") else int(word, 16) for word in
                      re.findall(r"\b(?:0x[0-9A-F]+|Zero|One)\b", found[1])[:2]]
    return {"type_a": type_a, "type_b": type_b, "control_a": control_a["address"], "control_b": control["pm1b_control"]["address"]}


def expect(texts):
    table = {name: Table(text) for name, text in texts.items() if name != "DSDT"}
    fadt, madt = table["FACP"], table["APIC"]
    facts = {"fadt": expect_fadt(fadt), "ecam": expect_ecam(table["MCFG"]),
             "serial": expect_serial(table.get("SPCR"), table.get("DBG2")),
             "affinity": expect_affinity(table.get("SRAT")), "distances": expect_distances(table.get("SLIT"))}
    facts["processors"], facts["processor_counts"] = expect_processors(madt)
    facts |= expect_interrupts(madt, facts["fadt"]["sci_interrupt"])
    optional = {"pm_timer": expect_pm_timer(fadt), "reset": expect_reset(fadt),
                "hpet": expect_hpet(table["HPET"]) if "HPET" in table else None,
                "watchdog": expect_watchdog(texts) if "WDAT" in texts else None,
                "power_off": expect_power_off(fadt, texts.get("DSDT"))}
    return facts | {name: value for name, value in optional.items() if value is not None}


# ---- the test ----

@pytest.mark.parametrize("machine", MACHINES)
def test_reader_and_iasl_agree(machine, tmp_path):
    run = subprocess.run([FACTS, CORPUS / machine], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == expect(disassemble(machine, tmp_path))
