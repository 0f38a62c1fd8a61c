// SPDX-License-Identifier: Apache-2.0
//
// Source: Arm C Language Extensions, CRC32 intrinsics. The compiler's target says whether the instructions are there.

#if defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)

#include "tables.h"

#include <arm_acle.h>
#include <string.h>

static uint32_t update(uint32_t crc, const void *data, size_t count) {
    const uint8_t *p = data;
    uint32_t state = ~crc;
    for (; count >= 8; p += 8, count -= 8) {
        uint64_t bytes;
        memcpy(&bytes, p, sizeof bytes);
        state = __crc32cd(state, bytes);
    }
    for (; count > 0; p++, count--) state = __crc32cb(state, *p);
    return ~state;
}

const ck_crc32c_table ck_crc32c_table_arm64 = {.name = "arm64", .required_features = 0, .update = update};

#endif
