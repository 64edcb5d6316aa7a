LIBC = 1
ARCH_FLAGS = -march=haswell
