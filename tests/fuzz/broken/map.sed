# the lower type wins
s/type = 31 - (uint32_t)__builtin_clz(sweep->live);/type = (uint32_t)__builtin_ctz(sweep->live);/
