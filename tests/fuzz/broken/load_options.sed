# the length of a node of the path is believed
s/if (node_bytes < NODE_HEADER_BYTES || node_bytes > CONFIG_PATH_MAX - at)/if (node_bytes < NODE_HEADER_BYTES)/
