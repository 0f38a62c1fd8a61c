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
