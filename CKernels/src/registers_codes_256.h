// SPDX-License-Identifier: Apache-2.0
//
// Codes in registers of 256 bits: what AVX2 and AVX-VNNI have in common.

CK_INLINE __m256i load_u8x32(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }

CK_INLINE __m256i low_codes(__m256i codes_u4x64) { return _mm256_and_si256(codes_u4x64, _mm256_set1_epi8(0x0F)); }

CK_INLINE __m256i high_codes(__m256i codes_u4x64) { return low_codes(_mm256_srli_epi16(codes_u4x64, 4)); }

CK_INLINE void map_nibbles(const uint8_t *codes, size_t bytes, const int8_t *levels, int8_t *low, int8_t *high) {
    const __m256i levels_i8x32 = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)levels));
    for (size_t i = 0; i < bytes; i += 32) {
        const __m256i codes_u4x64 = load_u8x32(codes + i);
        _mm256_storeu_si256((__m256i *)(low + i), _mm256_shuffle_epi8(levels_i8x32, low_codes(codes_u4x64)));
        _mm256_storeu_si256((__m256i *)(high + i), _mm256_shuffle_epi8(levels_i8x32, high_codes(codes_u4x64)));
    }
}

// The sums of the register's 128-bit parts.
CK_INLINE __m128i fold(__m256i sum_i32x8) {
    return _mm_add_epi32(_mm256_castsi256_si128(sum_i32x8), _mm256_extracti128_si256(sum_i32x8, 1));
}

// Adds the products of neighbors, two to a sum. An argument of this type is constant at each call.
typedef __m256i (*products_step)(__m256i sum_i32x8, __m256i codes_u16x16, __m256i e_i16x16);

// The row's codes are widened to 16 bits, which those of the query have.
CK_INLINE __m128i rows_sum_u8_by(const void *e, const uint8_t *const *row, const size_t R, size_t lines,
                                 const products_step add) {
    const int16_t *const codes = e;
    __m256i sum[JOINT_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) sum[r] = _mm256_setzero_si256();
    for (size_t i = 0; i < lines * CK_LINE_BYTES; i += 16) {
        const __m256i e_i16x16 = load_u8x32(codes + i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++)
            sum[r] = add(sum[r], _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(row[r] + i))), e_i16x16);
    }
    return joint_sum(fold(sum[0]), fold(sum[1]), fold(sum[2]), fold(sum[3]));
}
