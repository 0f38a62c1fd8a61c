// SPDX-License-Identifier: Apache-2.0
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CRC32.

#if defined(__x86_64__)

#include "tables.h"

#include <nmmintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("sse4.2"))), apply_to = function)

// One chain of CRC32, each waiting three cycles for the one before; loads that are not aligned cost it nothing.
static uint32_t update(uint32_t crc, const void *data, size_t count) {
    const uint8_t *p = data;
    uint64_t state = ~crc;
    for (; count >= 8; p += 8, count -= 8) {
        uint64_t bytes;
        memcpy(&bytes, p, sizeof bytes);
        state = _mm_crc32_u64(state, bytes);
    }
    for (; count > 0; p++, count--) state = _mm_crc32_u8((uint32_t)state, *p);
    return ~(uint32_t)state;
}

const ck_crc32c_table ck_crc32c_table_sse42 = {
    .name = "sse42",
    .required_features = CK_FEATURE_SSE42,
    .update = update,
};

#pragma clang attribute pop

#endif
