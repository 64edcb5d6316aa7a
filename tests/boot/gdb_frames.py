"""Runs inside gdb, which is attached to a machine that a panic has halted: what gdb finds at a place, and who called, as JSON.

gdb -batch CORE -ex 'target remote SOCKET' -ex 'python PLACE = (rip, rsp, rbp)' -x gdb_frames.py

Registers are set to what they were there, and gdb unwinds by the DWARF. Where an interrupt or exception came, it is told what the CPU has
pushed, as there is no DWARF for that. Calls that ended in a jump leave no frame: what gdb concludes about them is left out."""
import json
import struct

import gdb

FRAMES_MAX = 60
TRAP_FRAME_RIP, RSP_BEHIND_RIP = 17 * 8, 24    # struct trap_frame of core/x86_64/cpu.h


def read64(address):
    return struct.unpack("<Q", bytes(gdb.selected_inferior().read_memory(address, 8)))[0]


def register(frame, name):
    return int(frame.read_register(name)) & (1 << 64) - 1


def interrupted(frame, inner):
    """RIP, RSP and RBP of what was interrupted, where frame is one of vectors.S."""
    if frame.name() == "vector_interrupt":
        base = register(inner, "rbp")          # of who was called; it keeps the one of vector_interrupt
        at, rbp = read64(base) + 8, read64(read64(base))
    elif frame.name() == "vector_common":
        base = register(inner, "rbp")
        at, rbp = base + 16 + TRAP_FRAME_RIP, read64(base)
    else:
        return None
    return read64(at), read64(at + RSP_BEHIND_RIP), rbp


def described(frame):
    place = frame.find_sal()
    return [frame.name() or "?", place.symtab.filename if place.symtab else "?", place.line]


def walk(rip, rsp, rbp):
    for name, value in (("rip", rip), ("rsp", rsp), ("rbp", rbp)):
        gdb.execute(f"set ${name} = {value:#x}")
    frame, inner, found = gdb.newest_frame(), None, []
    while frame and len(found) < FRAMES_MAX:
        if frame.type() != gdb.TAILCALL_FRAME:
            found.append(described(frame))
        place = interrupted(frame, inner) if inner else None
        if place:
            return found + walk(*place)
        if frame.type() != gdb.INLINE_FRAME:
            inner = frame
        frame = frame.older()
    return found


gdb.execute("set backtrace past-main on")
gdb.execute("set backtrace past-entry on")
print("FRAMES " + json.dumps(walk(*PLACE)))        # noqa: F821  set on gdb's command line
