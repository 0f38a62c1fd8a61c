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

// The half nearest to a float, the even one of two; infinity from 65,520 on. A NaN stays one, quiet, with its first bits.
CK_INLINE uint16_t half(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000;
    bits &= 0x7FFFFFFF;
    if (bits > 0x7F800000u) return (uint16_t)(sign | 0x7E00 | (bits >> 13 & 0x3FF));
    if (bits >= 0x47800000u) return (uint16_t)(sign | 0x7C00);
    if (bits < 0x38800000u) {
        // Below 2^-14 halves are denormal: multiples of 2^-24, as are the floats from 1/2 to 1.
        float magnitude;
        memcpy(&magnitude, &bits, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&bits, &magnitude, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3F000000u));
    }
    // The exponent's bias becomes 15 instead of 127. Of two halves as near, the sum carries into the even one.
    return (uint16_t)(sign | ((bits - (112u << 23) + 0xFFF + (bits >> 13 & 1)) >> 13));
}

static void narrow(const float *vector, uint16_t *row, size_t n) {
    for (size_t i = 0; i < n; i++) row[i] = half(vector[i]);
}

static void widen(const uint16_t *row, float *vector, size_t n) {
    for (size_t i = 0; i < n; i++) vector[i] = value(row[i]);
}

const ck_half_table ck_half_table_portable = {
    .name = "portable",
    .required_features = 0,
    .l1 = {l1_pair, l1_gather, l1_scan},
    .l2sq = {l2sq_pair, l2sq_gather, l2sq_scan},
    .dot = {dot_pair, dot_gather, dot_scan},
    .narrow = narrow,
    .widen = widen,
};
