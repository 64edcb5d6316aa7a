"""What the firmware lists of processors is read as it stands, on machines and with tables that are difficult (test_smp.py boots them), and the
boot goes on."""
import dataclasses
import re

import pytest

from acpi_tables import ONLINE_CAPABLE, cpu, madt, wide_cpu
from boots import Run, chaos_esp, esp
from qemu import Config

APP = "tests/boot/apps/processors"
full = pytest.mark.full
ALL_4 = [cpu(0), cpu(1), cpu(2), cpu(3)]
RESERVED_FLAG = 1 << 16


def plus(*records):
    return [*ALL_4, *records]


@dataclasses.dataclass(frozen=True)
class Table:
    """A MADT for a machine of 4 CPUs, and what is to be read from it."""
    records: list
    ids: list
    repeated: int = 0
    disabled: int = 0
    online_capable: int = 0
    ignored: int = 0

    def counts(self):
        return {"usable": len(self.ids), "more": 0, "repeated": self.repeated, "disabled": self.disabled,
                "online_capable": self.online_capable, "ignored": self.ignored}


TABLES = {
    "as-it-is": Table(ALL_4, [0, 1, 2, 3]),
    "each-twice": Table(plus(*map(wide_cpu, range(4))), [0, 1, 2, 3], repeated=4),
    "wide-only": Table(list(map(wide_cpu, range(4))), [0, 1, 2, 3]),
    "some-disabled": Table([cpu(0), cpu(1, flags=0), cpu(2), cpu(3, flags=0), wide_cpu(2, flags=0)], [0, 2], disabled=3),
    "online-capable": Table([cpu(0), cpu(1, flags=ONLINE_CAPABLE), wide_cpu(2, flags=ONLINE_CAPABLE), cpu(3)], [0, 3], online_capable=2),
    "eight-absent": Table(plus(*map(cpu, range(40, 48))), [0, 1, 2, 3, *range(40, 48)]),
    "broadcast-ids": Table(plus(cpu(0xFF), wide_cpu(0xFFFFFFFF)), [0, 1, 2, 3], ignored=2),
    "wide-id-255": Table(plus(wide_cpu(0xFF)), [0, 1, 2, 3, 255]),
    "above-255": Table(plus(wide_cpu(256), wide_cpu(0x101), wide_cpu(0x17161514)), [0, 1, 2, 3, 256, 257, 0x17161514]),
    "reserved-flags": Table(plus(cpu(9, flags=1 | RESERVED_FLAG), wide_cpu(10, flags=RESERVED_FLAG)), [0, 1, 2, 3], ignored=2),
    "boot-cpu-last": Table([cpu(1), cpu(2), cpu(3), cpu(0)], [1, 2, 3, 0]),
    "boot-cpu-missing": Table([cpu(1), cpu(2), cpu(3)], [1, 2, 3]),
    "no-processors": Table([], []),
    "sparse": Table([cpu(0), cpu(3), cpu(200), wide_cpu(100000)], [0, 3, 200, 100000]),
}


def read(text):
    """The ids in order, and the counts; None without a MADT."""
    ids = [int(number) for number in re.findall(r"^processor id (\d+) ", text, re.MULTILINE)]
    listed = re.search(r"^listed (.*)", text, re.MULTILINE)
    assert listed, text
    return None if listed.group(1) == "none" else (ids, {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", listed.group(1))})


@pytest.mark.parametrize("word, kind", [("take", "reserved"), ("lend", "boot services")])
def test_no_free_page_below_1_mib(machine, word, kind):
    run = Run(machine(chaos_esp(APP, chaos=f"{word}-below=0x100000"), Config(smp="2"))).must_be_good()
    assert re.search(rf"^low memory \[(0|0x1000), 0x\w+\) {kind}", run.text, re.MULTILINE), run.text
    assert "pages below 1 MiB: 0\n" in run.text, run.text


NUMA = ("-object", "memory-backend-ram,id=m0,size=128M", "-object", "memory-backend-ram,id=m1,size=128M",
        "-numa", "node,nodeid=0,cpus=0-1,memdev=m0", "-numa", "node,nodeid=1,cpus=2-3,memdev=m1")


MACHINES = [                   # QEMU 7.2 has no machine with ids above 254 without KVM
    ("1", {}), ("2", {}), ("3", {}), ("8", {}), ("64", {}), pytest.param("255", {}, marks=full),
    pytest.param("8,sockets=2,cores=2,threads=2", {}, marks=full), pytest.param("8,sockets=2,dies=2,cores=1,threads=2", {}, marks=full),
    ("6,sockets=2,cores=3", {}), ("2,maxcpus=8", {}), pytest.param("1,maxcpus=255", {}, marks=full),
    pytest.param("4", {"extra": NUMA}, id="4-numa"), ("3,sockets=1,cores=3", {"cpu": "Skylake-Server"}),
]


def test_ids_are_sparse_where_a_socket_has_three_cores(machine):
    run = Run(machine(esp(APP), Config(smp="6,sockets=2,cores=3"))).must_be_good()
    assert read(run.text)[0] == [0, 1, 2, 4, 5, 6], run.text
