// SPDX-License-Identifier: Apache-2.0
//
// The specification of every other file of half-precision kernels, in plain C.

#include "tables.h"

#include <math.h>
#include <string.h>

typedef uint16_t element;

// The float of the same value; a NaN stays one.
CK_INLINE float value(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t bits = (uint32_t)(half & 0x7FFF) << 13;
    float magnitude;
    if (bits >= 0x7C00u << 13) {
        bits |= 0x7F800000u;
    } else {
        // The exponent's bias becomes 127 instead of 15. Denormal halves are denormal floats before, normal ones after.
        memcpy(&magnitude, &bits, sizeof magnitude);
        magnitude *= 0x1p112f;
        memcpy(&bits, &magnitude, sizeof bits);
    }
    bits |= sign;
    memcpy(&magnitude, &bits, sizeof magnitude);
    return magnitude;
}

#include "loops_portable.h"

#include "shapes_rows.h"

const ck_half_table ck_half_table_portable = {
    .name = "portable",
    .required_features = 0,
    .l1 = {l1_pair, l1_gather, l1_scan},
    .l2sq = {l2sq_pair, l2sq_gather, l2sq_scan},
    .dot = {dot_pair, dot_gather, dot_scan},
};
