# efi/plan.c: the page below the stack is mapped like all memory.
/add(room, room->base, room->base + GUARD_BYTES, CPU_MAP_NOTHING);/d
