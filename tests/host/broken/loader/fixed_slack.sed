# efi/room.c: room for eight entries more than there are.
s/capacity = (2 \* map_bytes + MAP_SLACK_BYTES + 7)/capacity = (map_bytes + 8 * 48 + 7)/
