"""A store of UEFI variables as OVMF keeps it in flash: writes one more variable behind those that are there.

Source: EDK II, MdeModulePkg/Include/Guid/VariableFormat.h (AUTHENTICATED_VARIABLE_HEADER)."""
import struct
import uuid

STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le      # gEfiAuthenticatedVariableGuid
STORE_HEADER_BYTES = 28
START, ADDED = 0x55AA, 0x3F
HEADER = struct.Struct("<HBBIQ16sIII16s")
NON_VOLATILE, BOOT_SERVICES = 1, 2


def aligned(value):
    return (value + 3) // 4 * 4


def add(store, name, guid, data, attributes=NON_VOLATILE | BOOT_SERVICES):
    """The bytes of a store that has this variable too."""
    at = store.index(STORE) + STORE_HEADER_BYTES
    while struct.unpack_from("<H", store, at)[0] == START:
        header = HEADER.unpack_from(store, at)
        at = aligned(at + HEADER.size + header[7] + header[8])
    wide = (name + "\0").encode("utf-16-le")
    new = HEADER.pack(START, ADDED, 0, attributes, 0, bytes(16), 0, len(wide), len(data), uuid.UUID(guid).bytes_le) + wide + data
    free = store[at:at + len(new)]
    assert set(free) == {0xFF}, f"no free place for {name}"
    return store[:at] + new + store[at + len(new):]
