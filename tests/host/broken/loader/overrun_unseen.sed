# efi/room.c: nobody looks whether the firmware wrote behind the room for its map.
s/if (!is_canary_alive(room))/if (!is_canary_alive(room) \&\& !room->base)/
