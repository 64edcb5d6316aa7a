"""Holds CPUs at a step of their start while all others run: what a CPU looks like that dies there.

The steps are symbols. Two of them lie in the start-up page, which is copied below 1 MiB: their place is found by watching the core
write down where that page is."""
import functools

from elftools.elf.elffile import ELFFile

import build

START_PAGE = "smp_trampoline_address"          # the variable: 64 bits, 0 until the page is chosen
PAGE_START = "smp_trampoline_start"            # what is copied begins here
IN_PAGE = (PAGE_START, "smp_trampoline_long")  # real mode's first instruction; the first in 64-bit mode
IN_CORE = ("cpu_entry", "cpu_main")            # the first in C; the first on its own descriptors
STEPS = IN_PAGE + IN_CORE
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
    """Where the start-up page is, once the core has chosen it."""
    must_run_to(stub, symbols(app)["core_start"], LIMIT_S)     # behind the loader, which writes there as well
    while not (page := stub.read64(symbols(app)[START_PAGE])):
        must_run_to(stub, symbols(app)[START_PAGE], LIMIT_S, kind=2, size=8)
    return page


def find(stub, app, step):
    """The address of a step. The machine stands afterwards, at a moment before any CPU was there."""
    if step in IN_PAGE:
        return find_page(stub, app) + symbols(app)[step] - symbols(app)[PAGE_START]
    must_run_to(stub, symbols(app)["core_start"], LIMIT_S)
    return symbols(app)[step]


def hold_at(stub, app, step, count=1, limit_s=LIMIT_S):
    """Holds the first CPUs that come to a step, and lets all others run. Returns the threads that are held: fewer than count if no
    more came within limit_s."""
    address, held = find(stub, app, step), []
    stub.set(address)
    while len(held) < count:
        stub.run(without=held)
        thread = stub.wait_stop(limit_s)
        if thread is None:
            stub.stop()
            break
        held.append(thread)
    stub.clear(address)
    stub.run(without=held)
    return held
