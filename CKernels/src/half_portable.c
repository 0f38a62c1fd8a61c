// SPDX-License-Identifier: Apache-2.0
//
// The specification of every other file of half-precision kernels, in plain C.

#include "tables.h"

#include <math.h>
#include <string.h>

// The float of the same value; a NaN stays one.
CK_INLINE float float_from_half(uint16_t half) {
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

typedef float (*step)(float sum, float q, float r);

CK_INLINE float l1_step(float sum, float q, float r) { return sum + fabsf(q - r); }

CK_INLINE float l2sq_step(float sum, float q, float r) { return sum + (q - r) * (q - r); }

CK_INLINE float dot_step(float sum, float q, float r) { return sum + q * r; }

// Sixteen running sums, as in kernels_portable.c.
enum { LANES = 16 };

CK_INLINE float pair_loop(const float *query, const uint16_t *row, size_t n, step step) {
    float sums[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] = step(sums[lane], query[i + lane], float_from_half(row[i + lane]));
    for (size_t lane = 0; i < n; i++, lane++) sums[lane] = step(sums[lane], query[i], float_from_half(row[i]));

    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
    return sums[0];
}

CK_INLINE void gather_loop(const float *query, const uint16_t *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, float *out, step step) {
    for (size_t i = 0; i < count; i++) out[i] = pair_loop(query, rows + ids[i] * stride, n, step);
}

CK_INLINE void scan_loop(const float *query, const uint16_t *rows, size_t stride, size_t count, size_t n, float *out,
                         step step) {
    for (size_t i = 0; i < count; i++) out[i] = pair_loop(query, rows + i * stride, n, step);
}

#include "shapes_f16.h"

const ck_half_table ck_half_table_portable = {
    .name = "portable",
    .required_features = 0,
    .l1 = {l1_pair, l1_gather, l1_scan},
    .l2sq = {l2sq_pair, l2sq_gather, l2sq_scan},
    .dot = {dot_pair, dot_gather, dot_scan},
};
