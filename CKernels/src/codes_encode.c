// SPDX-License-Identifier: Apache-2.0

#include "code_terms.h"

// The code nearest to a value. Clamped first, so that the conversion is defined for every finite value.
CK_INLINE uint8_t code(float value, float offset, float inverse_scale, float largest) {
    const float steps = (value - offset) * inverse_scale;
    const float above = steps > 0 ? steps : 0;
    const float clamped = above < largest ? above : largest;
    return (uint8_t)(int32_t)(clamped + 0.5f);
}

void ck_encode_bytes(const float *v, size_t n, const float *offsets, float inverse_scale, uint8_t largest_code,
                     uint8_t *codes) {
    for (size_t i = 0; i < n; i++) codes[i] = code(v[i], offsets[i], inverse_scale, largest_code);
}

void ck_encode_nibbles(const float *v, size_t n, const float *offsets, float inverse_scale, uint8_t *codes) {
    for (size_t i = 0; i < n / 2; i++) {
        const uint32_t low = code(v[2 * i], offsets[2 * i], inverse_scale, 15);
        const uint32_t high = code(v[2 * i + 1], offsets[2 * i + 1], inverse_scale, 15);
        codes[i] = (uint8_t)(low | high << 4);
    }
    if (n % 2 == 1) codes[n / 2] = code(v[n - 1], offsets[n - 1], inverse_scale, 15);
}

// Where in its code's cell a value lies. A cell is one step wide, half on either side of the code; those of 0 and 15 are
// end_width steps wide, outwards.
CK_INLINE uint32_t residual(float value, float offset, float inverse_scale, uint32_t code, float end_width) {
    const float start = code == 0 ? 0.5f - end_width : -0.5f;
    const float width = code == 0 || code == 15 ? end_width : 1.0f;
    const float place = ((value - offset) * inverse_scale - (float)code - start) * 16 / width;
    const float above = place > 0 ? place : 0;
    return (uint32_t)(int32_t)(above < 15 ? above : 15);
}

void ck_encode_residuals(const float *v, size_t n, const float *offsets, float inverse_scale, float end_width,
                         const uint8_t *codes, uint8_t *residuals) {
    for (size_t i = 0; i < n / 2; i++) {
        const uint32_t low = residual(v[2 * i], offsets[2 * i], inverse_scale, low_code(codes[i]), end_width);
        const uint32_t high = residual(v[2 * i + 1], offsets[2 * i + 1], inverse_scale, high_code(codes[i]), end_width);
        residuals[i] = (uint8_t)(low | high << 4);
    }
    if (n % 2 == 1)
        residuals[n / 2] =
            (uint8_t)residual(v[n - 1], offsets[n - 1], inverse_scale, low_code(codes[n / 2]), end_width);
}
