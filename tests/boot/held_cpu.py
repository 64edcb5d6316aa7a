"""Holds CPUs at a step of their start while all others run: what a CPU looks like that dies there.

The steps are symbols. Some lie in the start-up page, which is copied below 1 MiB: their place is found by watching the core write down
where that page is."""
import functools

from elftools.elf.elffile import ELFFile

import build
import gdb_stub

PAGE_KNOWN = "trampoline"      # the variable: where the page behind the start-up page is; 0 until there is one
PAGE_START = "smp_trampoline_start"
IN_PAGE = {                    # symbol, and what is said of a CPU that stops there
    PAGE_START: "did not answer",
    "smp_trampoline_protected": "stopped in real mode",
    "smp_trampoline_long": "stopped in real mode",             # it has told of real mode only
}
IN_CORE = {                    # functions that the boot CPU has behind it when it starts the others
    "cpu_entry": "stopped [a-z ]+ long mode",
    "protection_start": "stopped while it set itself up",
    "topology_read": "stopped while it set itself up",
}
STEPS = {**IN_PAGE, **IN_CORE}
PAGE_BYTES = 4096
LIMIT_S = 60


@functools.lru_cache(maxsize=None)
def symbols(app):
    with open(build.loader(app).with_name("core.elf"), "rb") as file:
        return {symbol.name: symbol["st_value"] for symbol in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}


def must_run_to(stub, *arguments, **options):
    thread = stub.run_to(*arguments, **options)
    assert thread is not None, f"no CPU came to {arguments[0]:#x} in {arguments[1]} s"
    return thread


def find_page(stub, app):
    """Where the start-up page is, once the core has chosen it. The machine stands then, and no CPU has been started."""
    must_run_to(stub, symbols(app)["core_start"], LIMIT_S)     # behind the loader, which writes there as well
    while not (known := stub.read64(symbols(app)[PAGE_KNOWN])):
        must_run_to(stub, symbols(app)[PAGE_KNOWN], LIMIT_S, kind=gdb_stub.WRITE_WATCH, size=8)
    return known - PAGE_BYTES


def find(stub, app, step):
    """The address of a step."""
    page = find_page(stub, app)
    return page + symbols(app)[step] - symbols(app)[PAGE_START] if step in IN_PAGE else symbols(app)[step]


def hold_at(stub, app, step, count=1, limit_s=LIMIT_S):
    """Holds the first CPUs that come to a step of theirs, and lets all others run. Returns the threads that are held: fewer than count if no
    more came within limit_s."""
    address, held = find(stub, app, step), []
    stub.set(address)
    while len(held) < count:
        stub.run(without=held)
        thread = stub.wait_stop(limit_s)
        if thread is None:
            stub.stop()
            break
        if thread not in held:             # of two that come at once, QEMU may name one twice
            held.append(thread)
    stub.clear(address)
    stub.run(without=held)
    return held
