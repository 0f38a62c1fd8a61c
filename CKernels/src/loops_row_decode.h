// SPDX-License-Identifier: Apache-2.0
//
// Rows of codes back to vectors.

// Of n values, whose codes and remainders are those of the bytes given, shifted.
CK_INLINE void decode_nibbles(const uint8_t *restrict codes, const uint8_t *restrict remainders,
                              const float *restrict center, size_t n, int shift, float low, float step,
                              float *restrict v) {
    const float part = step * (CK_REMAINDER_WIDTH / 16);
    for (size_t i = 0; i < n; i++) {
        const float code = (float)(codes[i] >> shift & 15), remainder = (float)((remainders[i] >> shift & 15) - 8);
        v[i] = center[i] + (low + step * code + part * remainder);
    }
}

static void decode_u4(const uint8_t *codes, const uint8_t *remainders, const float *center, size_t n, float low,
                      float step, float *vector) {
    const size_t half = half_of(n);
    decode_nibbles(codes, remainders, center, half, 0, low, step, vector);
    decode_nibbles(codes, remainders, center + half, n - half, 4, low, step, vector + half);
}

static void decode_u8(const uint8_t *restrict codes, const float *restrict center, size_t n, float low, float step,
                      float *restrict vector) {
    for (size_t i = 0; i < n; i++) vector[i] = center[i] + (low + step * (float)codes[i]);
}
