#!/usr/bin/python3
"""core_file.py ELF OUT: the core as the loader carries it: what its program headers name, and nothing else.

Symbols, debug information and section headers are for people and debuggers; they stay in ELF."""
import struct
import sys

HEADER, PROGRAM = "<16sHHIQQQIHHHHHH", "<IIQQQQQQ"


def carried(elf):
    """The ELF's bytes up to the end of its last segment, without section headers."""
    fields = list(struct.unpack_from(HEADER, elf))
    offset, entry_bytes, entries = fields[5], fields[9], fields[10]
    end = offset + entry_bytes * entries
    for index in range(entries):
        program = struct.unpack_from(PROGRAM, elf, offset + index * entry_bytes)
        end = max(end, program[2] + program[5])
    fields[6] = fields[11] = fields[12] = fields[13] = 0      # e_shoff, e_shentsize, e_shnum, e_shstrndx
    return struct.pack(HEADER, *fields) + elf[struct.calcsize(HEADER):end]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as source:
        data = carried(source.read())
    with open(sys.argv[2], "wb") as target:
        target.write(data)


if __name__ == "__main__":
    main()
