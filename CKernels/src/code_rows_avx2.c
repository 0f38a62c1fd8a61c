// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "code_rows.h"

#include "loops_code_rows.h"
#include "registers_codes_256.h"

// ---- Sums -----------------------------------------------------------------------------------------------------------

// Sums in 16 bits are widened after two lines. Of 32 bytes each takes four products, of at most 15 * 127: 16 of them are 30,480,
// and the next four would not fit.
enum { LINES_IN_16_BITS = 2 };

CK_INLINE __m128i rows_sum_u4(const void *e, const uint8_t *const *row, const size_t R, size_t lines) {
    const int8_t *const low = e, *const high = low + lines * CK_LINE_BYTES;
    __m256i sum[JOINT_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) sum[r] = _mm256_setzero_si256();
    for (size_t begin = 0; begin < lines; begin += LINES_IN_16_BITS) {
        const size_t end = begin + LINES_IN_16_BITS < lines ? begin + LINES_IN_16_BITS : lines;
        __m256i short_sum[JOINT_ROWS];
#pragma clang loop unroll(full)
        for (size_t r = 0; r < JOINT_ROWS; r++) short_sum[r] = _mm256_setzero_si256();
        for (size_t i = begin * CK_LINE_BYTES; i < end * CK_LINE_BYTES; i += 32) {
            const __m256i low_i8x32 = load_u8x32(low + i), high_i8x32 = load_u8x32(high + i);
#pragma clang loop unroll(full)
            for (size_t r = 0; r < R; r++) {
                const __m256i codes_u4x64 = load_u8x32(row[r] + i);
                short_sum[r] = _mm256_add_epi16(
                    short_sum[r], _mm256_add_epi16(_mm256_maddubs_epi16(low_codes(codes_u4x64), low_i8x32),
                                                   _mm256_maddubs_epi16(high_codes(codes_u4x64), high_i8x32)));
            }
        }
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++)
            sum[r] = _mm256_add_epi32(sum[r], _mm256_madd_epi16(short_sum[r], _mm256_set1_epi16(1)));
    }
    return joint_sum(fold(sum[0]), fold(sum[1]), fold(sum[2]), fold(sum[3]));
}

// VPMADDUBSW would saturate, so that codes are widened: 2 * 255 * 2,047 is far below 2^31.
CK_INLINE __m256i add_products(__m256i sum_i32x8, __m256i codes_u16x16, __m256i e_i16x16) {
    return _mm256_add_epi32(sum_i32x8, _mm256_madd_epi16(codes_u16x16, e_i16x16));
}

CK_INLINE __m128i rows_sum_u8(const void *e, const uint8_t *const *row, const size_t R, size_t lines) {
    return rows_sum_u8_by(e, row, R, lines, add_products);
}

#include "shapes_code_rows.h"

// ---- The table ------------------------------------------------------------------------------------------------------

#include "loops_row_decode.h"
#include "loops_row_encode.h"
#include "loops_row_l1.h"
#include "loops_row_queries.h"

const ck_code_row_table ck_code_row_table_avx2 = {
    .name = "avx2",
    .required_features = CK_FEATURE_AVX2,
    CODE_ROW_FUNCTIONS,
};

#pragma clang attribute pop

#endif
