/* Numbers of fixed byte order at any address, aligned or not: tables, packets, files. Any context. */
#pragma once

#include <stdint.h>

/* The number in 2 bytes, the lowest first. */
static inline uint16_t load_le16(const void *at)
{
    const uint8_t *byte = at;
    return (uint16_t)(byte[0] | byte[1] << 8);
}

/* The number in 4 bytes, the lowest first. */
static inline uint32_t load_le32(const void *at)
{
    const uint8_t *byte = at;
    return (uint32_t)load_le16(byte) | (uint32_t)load_le16(byte + 2) << 16;
}

/* The number in 8 bytes, the lowest first. */
static inline uint64_t load_le64(const void *at)
{
    const uint8_t *byte = at;
    return (uint64_t)load_le32(byte) | (uint64_t)load_le32(byte + 4) << 32;
}

/* The number in 2, 4 or 8 bytes, the highest first. */
static inline uint16_t load_be16(const void *at) { return __builtin_bswap16(load_le16(at)); }
static inline uint32_t load_be32(const void *at) { return __builtin_bswap32(load_le32(at)); }
static inline uint64_t load_be64(const void *at) { return __builtin_bswap64(load_le64(at)); }

/* Writes 2 bytes, the lowest first. */
static inline void store_le16(void *at, uint16_t value)
{
    uint8_t *byte = at;
    byte[0] = (uint8_t)value;
    byte[1] = (uint8_t)(value >> 8);
}

/* Writes 4 bytes, the lowest first. */
static inline void store_le32(void *at, uint32_t value)
{
    uint8_t *byte = at;
    store_le16(byte, (uint16_t)value);
    store_le16(byte + 2, (uint16_t)(value >> 16));
}

/* Writes 8 bytes, the lowest first. */
static inline void store_le64(void *at, uint64_t value)
{
    uint8_t *byte = at;
    store_le32(byte, (uint32_t)value);
    store_le32(byte + 4, (uint32_t)(value >> 32));
}

/* Writes 2, 4 or 8 bytes, the highest first. */
static inline void store_be16(void *at, uint16_t value) { store_le16(at, __builtin_bswap16(value)); }
static inline void store_be32(void *at, uint32_t value) { store_le32(at, __builtin_bswap32(value)); }
static inline void store_be64(void *at, uint64_t value) { store_le64(at, __builtin_bswap64(value)); }
