# a line may be longer than its room
s/if (length + bytes >= LINE_BYTES)/if (0)/
