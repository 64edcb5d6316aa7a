# With the C library; data/ is taken along by itself.
LIBC := 1
