// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
                             apply_to = function)

#include "code_rows.h"

#include "loops_code_rows.h"

// ---- Nibbles --------------------------------------------------------------------------------------------------------

CK_INLINE __m512i low_codes(__m512i codes_u4x128) { return _mm512_and_si512(codes_u4x128, _mm512_set1_epi8(0x0F)); }

CK_INLINE __m512i high_codes(__m512i codes_u4x128) { return low_codes(_mm512_srli_epi16(codes_u4x128, 4)); }

CK_INLINE void map_nibbles(const uint8_t *codes, size_t bytes, const int8_t *levels, int8_t *low, int8_t *high) {
    const __m512i levels_i8x64 = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)levels));
    for (size_t i = 0; i < bytes; i += CK_LINE_BYTES) {
        const __m512i codes_u4x128 = _mm512_loadu_si512(codes + i);
        _mm512_storeu_si512(low + i, _mm512_shuffle_epi8(levels_i8x64, low_codes(codes_u4x128)));
        _mm512_storeu_si512(high + i, _mm512_shuffle_epi8(levels_i8x64, high_codes(codes_u4x128)));
    }
}

CK_INLINE __m512i high_codes_times_16(__m512i codes_u4x128) {
    return _mm512_and_si512(codes_u4x128, _mm512_set1_epi8((char)0xF0));
}

// ---- Sums -----------------------------------------------------------------------------------------------------------

// The sums of the register's 128-bit parts.
CK_INLINE __m128i fold(__m512i sum_i32x16) {
    const __m256i half_i32x8 =
        _mm256_add_epi32(_mm512_castsi512_si256(sum_i32x16), _mm512_extracti64x4_epi64(sum_i32x16, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half_i32x8), _mm256_extracti128_si256(half_i32x8, 1));
}

// Two running sums a row: eight chains hide the latency of VPDPBUSD, 4 or 5 cycles. A high nibble counts sixteenfold where it
// stands: 32,768 times 240 * 127 is below 2^31.
CK_INLINE __m128i rows_sum_u4(const void *e, const uint8_t *const *row, const size_t R, size_t lines) {
    const int8_t *const low = e, *const high = low + lines * CK_LINE_BYTES;
    __m512i low_sum[JOINT_ROWS], high_sum[JOINT_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) low_sum[r] = high_sum[r] = _mm512_setzero_si512();
    for (size_t i = 0; i < lines * CK_LINE_BYTES; i += CK_LINE_BYTES) {
        const __m512i low_i8x64 = _mm512_loadu_si512(low + i), high_i8x64 = _mm512_loadu_si512(high + i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) {
            const __m512i codes_u4x128 = _mm512_loadu_si512(row[r] + i);
            low_sum[r] = _mm512_dpbusd_epi32(low_sum[r], low_codes(codes_u4x128), low_i8x64);
            high_sum[r] = _mm512_dpbusd_epi32(high_sum[r], high_codes_times_16(codes_u4x128), high_i8x64);
        }
    }
    __m512i sum[JOINT_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) sum[r] = _mm512_add_epi32(low_sum[r], _mm512_srai_epi32(high_sum[r], 4));
    return joint_sum(fold(sum[0]), fold(sum[1]), fold(sum[2]), fold(sum[3]));
}

// The row's codes are widened to 16 bits, which those of the query have.
CK_INLINE __m128i rows_sum_u8(const void *e, const uint8_t *const *row, const size_t R, size_t lines) {
    const int16_t *const codes = e;
    __m512i even[JOINT_ROWS], odd[JOINT_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) even[r] = odd[r] = _mm512_setzero_si512();
    for (size_t i = 0; i < lines * CK_LINE_BYTES; i += CK_LINE_BYTES) {
        const __m512i even_i16x32 = _mm512_loadu_si512(codes + i), odd_i16x32 = _mm512_loadu_si512(codes + i + 32);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) {
            const __m256i *const halves = (const __m256i *)(row[r] + i);
            even[r] = _mm512_dpwssd_epi32(even[r], _mm512_cvtepu8_epi16(_mm256_loadu_si256(halves)), even_i16x32);
            odd[r] = _mm512_dpwssd_epi32(odd[r], _mm512_cvtepu8_epi16(_mm256_loadu_si256(halves + 1)), odd_i16x32);
        }
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) even[r] = _mm512_add_epi32(even[r], odd[r]);
    return joint_sum(fold(even[0]), fold(even[1]), fold(even[2]), fold(even[3]));
}

#include "shapes_code_rows.h"

// ---- The table ------------------------------------------------------------------------------------------------------

#include "loops_row_decode.h"
#include "loops_row_encode.h"
#include "loops_row_l1.h"
#include "loops_row_queries.h"

const ck_code_row_table ck_code_row_table_avx512vnni = {
    .name = "avx512vnni",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_AVX512 | CK_FEATURE_AVX512VNNI,
    CODE_ROW_FUNCTIONS,
};

#pragma clang attribute pop

#endif
