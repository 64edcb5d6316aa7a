"""Serial ports wherever QEMU can put them are found, get the whole log, and are told once; what is named and is not there costs next to nothing."""
import re
import struct
import time

import pytest

from acpi_tables import table
from boots import Run, chaos_esp, esp
from qemu import Config

LIMIT_S = 120
MEMORY, IO = 0, 1
COM = {"com1": (0x3F8, 4), "com2": (0x2F8, 3), "com3": (0x3E8, 4), "com4": (0x2E8, 3)}
BRIDGE = ("-device", "pcie-root-port,id=root,chassis=1", "-device", "pcie-pci-bridge,id=behind,bus=root")


def address(space, where, width=8, access=1):
    """Generic Address Structure."""
    return struct.pack("<BBBBQ", space, width, 0, access, where)


def spcr(space, where, kind=0, revision=2, access=1, width=8):
    """Microsoft, "Serial Port Console Redirection Table (SPCR)": no interrupt, the speed as it is set."""
    body = struct.pack("<B3x", kind) + address(space, where, width, access)
    return table("SPCR", body + struct.pack("<BBIBBBBBBHHBBBIBI", 0, 0, 0, 0, 0, 1, 0, 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0, 0, 0, 0), revision)


def dbg2(space, where):
    """Microsoft, "Debug Port Table 2 (DBG2)": one 16550."""
    device = struct.pack("<BHBHHHHHHHHH", 0, 22 + 12 + 4 + 2, 1, 2, 38, 0, 0, 0x8000, 0, 0, 22, 34)
    return table("DBG2", struct.pack("<II", 44, 1) + device + address(space, where) + struct.pack("<I", 8) + b".\0")


@pytest.fixture
def uarts(machine, tmp_path):
    """Runs to the end on a machine with these devices (their chardevs are c0, c1 ...): the run, and what each of them got."""
    def run(devices, count=1, words="", tables=None, serial=True, app="apps/hello"):
        chardevs = sum((["-chardev", f"file,id=c{number},path={tmp_path}/c{number}"] for number in range(count)), [])
        config = Config(serial="com1" if serial else "none", extra=(*chardevs, *devices))
        files = esp(app, f"exit=qemu {words}") if tables is None else chaos_esp(app, f"exit=qemu {words}", tables=tables)
        done = Run(machine(files, config, cold=True))
        assert (done.end.how, done.end.status) == ("exit", 0), f"{done.end}\n{done.text}"
        return done, [(tmp_path / f"c{number}").read_text(errors="replace").replace("\r", "") for number in range(count)]
    return run


def must_have_all(text):
    """From the loader's first line to the core's last, and nothing twice."""
    for line in (r"^efi: ingot on UEFI", r"^\[.*acpi: revision", r"^READY", r"hello from cpu", r"main returned 0"):
        assert len(re.findall(line, text, re.MULTILINE)) == 1, f"{line} in\n{text}"


def isa(name, number=0):
    base, irq = COM[name]
    return "-device", f"isa-serial,iobase={base:#x},irq={irq},chardev=c{number}"


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name == "com3" else pytest.mark.full) for name in COM])
def test_isa_port_alone(uarts, fault_seen, name):
    run, (text,) = uarts(isa(name), serial=False)
    must_have_all(text)
    assert f"{COM[name][0]:#x} taken: 16550A" in text and "1 serial" in text, text
    if name in ("com2", "com3"):
        fault_seen(f"F3.{name}", text)


def test_all_four_isa_ports(uarts):
    run, texts = uarts([word for number, name in enumerate(list(COM)[1:]) for word in isa(name, number)], 3)
    for text in (run.text, *texts):
        must_have_all(text)
    assert "4 serial" in run.text and "left" not in run.text, run.text


@pytest.mark.parametrize("device, count", [("pci-serial,chardev=c0", 1), ("pci-serial-2x,chardev1=c0,chardev2=c1", 2),
                                           ("pci-serial-4x,chardev1=c0,chardev2=c1,chardev3=c2,chardev4=c3", 4)])
@pytest.mark.parametrize("bridge, serial", [(True, False), *(pytest.param(*two, marks=pytest.mark.full)
                                                             for two in ((False, False), (False, True), (True, True)))])
def test_pci_ports(uarts, fault_seen, device, count, bridge, serial):
    run, texts = uarts((*BRIDGE, "-device", f"{device},bus=behind,addr=3") if bridge else ("-device", device), count, serial=serial)
    for text in texts + ([run.text] if serial else []):
        must_have_all(text)
        assert len(re.findall(r"PCI 0x\w+ taken: 16550A", text)) == count and f"{count + serial} serial" in text, text
        fault_seen("F3.pci", text)


@pytest.mark.parametrize("machine_type", ["pc", pytest.param("q35", marks=pytest.mark.full)])
def test_ports_of_every_kind_at_once(machine, tmp_path, machine_type):
    """Eight is what there is room for."""
    chardevs = sum((["-chardev", f"file,id=c{number},path={tmp_path}/c{number}"] for number in range(9)), [])
    devices = (*isa("com2", 0), *isa("com3", 1), *isa("com4", 2), "-device", "pci-serial,chardev=c3",
               "-device", "pci-serial-2x,chardev1=c4,chardev2=c5", "-device", "pci-serial-4x,chardev1=c6,chardev2=c7,chardev3=c8")
    run = Run(machine(esp(), Config(machine=machine_type, extra=(*chardevs, *devices)), cold=True)).must_be_good()
    assert "8 serial" in run.text, run.text
    got = [number for number in range(9) if "main returned 0" in (tmp_path / f"c{number}").read_text(errors="replace")]
    assert len(got) == 7 and got[:3] == [0, 1, 2], got


def pci_address(text):
    return int(re.search(r"PCI (0x\w+) taken", text).group(1), 16)


ROWS = {"C15.absent": "left, as nobody", "C15.mmio": "nobody answers: SPCR 0xfe032000", "C15.ram": "SPCR 0x100000 left",
        "C15.wild": "SPCR 0xfffffffffffff000 left", "C15.kind": "SPCR: a console of kind 3"}


@pytest.mark.parametrize("make", [spcr, pytest.param(dbg2, marks=pytest.mark.full)])
def test_acpi_names_a_pci_port(uarts, make):
    """One port under two names is one port."""
    where = pci_address(uarts(("-device", "pci-serial,chardev=c0"))[0].text)
    run, (text,) = uarts(("-device", "pci-serial,chardev=c0"), tables=[make(IO, where)])
    must_have_all(text)
    assert f"{make.__name__.upper()} {where:#x} taken" in text and "PCI" not in text and "2 serial" in text, text


@pytest.mark.parametrize("tables, line", [
    pytest.param([spcr(IO, 0x3F8)], "legacy 0x3f8 taken", marks=pytest.mark.full),
    ([spcr(IO, 0x5000)], "left, as nobody answers: SPCR 0x5000 legacy 0x2f8"),
    ([spcr(MEMORY, 0xFE03_2000, access=3, width=32)], "nobody answers: SPCR 0xfe032000"),
    pytest.param([spcr(MEMORY, 0x10_0000)], "SPCR 0x100000 left: eight registers cannot be there", marks=pytest.mark.full),
    pytest.param([spcr(MEMORY, 0xFED0_0000)], "nobody answers: SPCR 0xfed00000", marks=pytest.mark.full),
    pytest.param([spcr(MEMORY, 0xFFFF_FFFF_FFFF_F000)], "SPCR 0xfffffffffffff000 left: eight registers cannot be there", marks=pytest.mark.full),
    pytest.param([spcr(IO, 0x60)], "nobody answers: SPCR 0x60", marks=pytest.mark.full),
    pytest.param([spcr(IO, 0x3F8, kind=3)], "SPCR: a console of kind 3, which is no 16550; not used", marks=pytest.mark.full),
    pytest.param([spcr(IO, 0x5000), dbg2(IO, 0x5008)], "nobody answers: SPCR 0x5000 DBG2 0x5008", marks=pytest.mark.full),
], ids=lambda value: value.split(": ")[-1] if isinstance(value, str) else "")
def test_acpi_names_other_places(uarts, fault_seen, tables, line):
    run, _ = uarts((), 0, tables=tables)
    must_have_all(run.text)
    assert line in run.text and "1 serial" in run.text, run.text
    assert "legacy 0x3f8" in line or re.search(r"^efi: serial: SPCR (0x\w+ )?left: ", run.text, re.MULTILINE), run.text
    for row, words in ROWS.items():
        if line.startswith(words):
            fault_seen(row, run.text)


@pytest.mark.parametrize("name, device, table, words", [
    ("PCI", "pci-serial", None, r"io 0x\w+, stride 1, from PCI"),
    ("SPCR", "isa-serial,iobase=0x2c8,irq=5", spcr(IO, 0x2C8), "io 0x2c8, stride 1, from SPCR"),
    pytest.param("DBG2", "isa-serial,iobase=0x2c8,irq=5", dbg2(IO, 0x2C8), "io 0x2c8, stride 1, from DBG2", marks=pytest.mark.full)])
def test_a_boot_that_ends_in_the_loader_tells_on_ports_that_others_name(machine, tmp_path, name, device, table, words):
    """No port is where a PC has one. QEMU adds the table to the firmware's own, and makes its header."""
    line = tmp_path / "line"
    extra = ["-chardev", f"file,id=c0,path={line}", "-device", f"{device},chardev=c0"]
    if table:
        (tmp_path / "table").write_bytes(table[36:])
        extra += ["-acpitable", f"sig={name},rev=2,data={tmp_path}/table"]
    running = machine(esp(words="exit=qemu core=\\nothing"), Config(serial="none", extra=tuple(extra)), cold=True)
    deadline = time.monotonic() + LIMIT_S
    while not re.search("REFUSED.*\n", text := line.read_text(errors="replace").replace("\r", "")):
        assert time.monotonic() < deadline and running.process.poll() is None, text
        time.sleep(0.2)
    for pattern in (r"^efi: ingot on UEFI", r"^efi: serial: legacy: nobody answers at 0x3f8 0x2f8 0x3e8 0x2e8$", f"^efi: serial: {words}$"):
        assert len(re.findall(pattern, text, re.MULTILINE)) == 1, f"{pattern} in\n{text}"
    assert re.search(r"^REFUSED READ: ", text, re.MULTILINE), text      # and where the firmware's console is that line too, a second time


def test_the_option_names_a_pci_port(uarts):
    run, (text,) = uarts(("-device", "pci-serial,chardev=c0,addr=1c.0"), words="serial=pci:00:1c.0,1,1843200,57600")
    must_have_all(text)
    assert re.search(r"option 0x\w+ taken", text) and "2 serial" in text and "legacy 0x2f8" not in text, text


@pytest.mark.parametrize("option, line", [
    ("pci:00:1c.0", "serial=pci:00:1c.0: there is no such function"), pytest.param("pci:1", "is no pci:BUS", marks=pytest.mark.full)])
def test_the_option_names_no_pci_port(uarts, option, line):
    run, (text,) = uarts(("-device", "pci-serial,chardev=c0"), words=f"serial={option}")
    assert line in run.text and "1 serial" in run.text and "READY" not in text, run.text


def test_the_option_switches_ports_off(uarts):
    run, (text,) = uarts(("-device", "pci-serial,chardev=c0"), words="serial=off")
    assert "READY" not in text and "jumping" not in run.text and "main" not in run.text, run.text
