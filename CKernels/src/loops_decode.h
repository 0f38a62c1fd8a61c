// SPDX-License-Identifier: Apache-2.0
//
// Codes turned back into floats: plain C that the compiler vectorises for the instruction set of the file that includes it.
// Every set gives the same bits, because nothing is contracted to a fused operation.

#ifndef CK_LOOPS_DECODE_H
#define CK_LOOPS_DECODE_H

#include "code_terms.h"

#pragma STDC FP_CONTRACT OFF

// The middle of a place, 16 * code + residual. One is a `step` wide; the first and the last 16 are wider by `excess`.
CK_INLINE float middle(uint32_t place, float offset, float step, float excess) {
    const float p = (float)(int32_t)place;
    const float below = 15.5f - p;
    const float above = p - 239.5f;
    const float beyond = (above > 0 ? above : 0) - (below > 0 ? below : 0);
    return offset + step * (p - 7.5f) + excess * beyond;
}

static void decode_nibbles(const uint8_t *restrict codes, const uint8_t *restrict residuals, size_t n,
                           const float *restrict offsets, float scale, float end_width, float *restrict v) {
    const float step = scale / 16;
    const float excess = step * (end_width - 1);
    for (size_t i = 0; i < n / 2; i++) {
        const uint32_t low = low_code(codes[i]) << 4 | low_code(residuals[i]);
        const uint32_t high = high_code(codes[i]) << 4 | high_code(residuals[i]);
        v[2 * i] = middle(low, offsets[2 * i], step, excess);
        v[2 * i + 1] = middle(high, offsets[2 * i + 1], step, excess);
    }
    if (n % 2 == 1) {
        const uint32_t last = low_code(codes[n / 2]) << 4 | low_code(residuals[n / 2]);
        v[n - 1] = middle(last, offsets[n - 1], step, excess);
    }
}

static void decode_bytes(const uint8_t *restrict codes, size_t n, const float *restrict offsets, float scale,
                         float *restrict v) {
    for (size_t i = 0; i < n; i++) v[i] = offsets[i] + scale * (float)(int32_t)codes[i];
}

#endif
