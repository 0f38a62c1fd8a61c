// SPDX-License-Identifier: Apache-2.0
//
// See target_vnni_256.h for CK_VNNI_EVEX.

#if defined(__x86_64__)

#include "tables.h"

#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "target_vnni_256.h"

#include "code_rows.h"

#include "loops_code_rows.h"
#include "registers_codes_256.h"

// ---- Sums -----------------------------------------------------------------------------------------------------------

CK_INLINE __m256i high_codes_times_16(__m256i codes_u4x64) {
    return _mm256_and_si256(codes_u4x64, _mm256_set1_epi8((char)0xF0));
}

// Two running sums a row: eight chains hide the latency of VPDPBUSD, 4 or 5 cycles. A high nibble counts sixteenfold where it
// stands: 32,768 times 240 * 127 is below 2^31.
CK_INLINE __m128i rows_sum_u4(const void *e, const uint8_t *const *row, const size_t R, size_t lines) {
    const int8_t *const low = e, *const high = low + lines * CK_LINE_BYTES;
    __m256i low_sum[JOINT_ROWS], high_sum[JOINT_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) low_sum[r] = high_sum[r] = _mm256_setzero_si256();
    for (size_t i = 0; i < lines * CK_LINE_BYTES; i += 32) {
        const __m256i low_i8x32 = load_u8x32(low + i), high_i8x32 = load_u8x32(high + i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) {
            const __m256i codes_u4x64 = load_u8x32(row[r] + i);
            low_sum[r] = VNNI_256(dpbusd)(low_sum[r], low_codes(codes_u4x64), low_i8x32);
            high_sum[r] = VNNI_256(dpbusd)(high_sum[r], high_codes_times_16(codes_u4x64), high_i8x32);
        }
    }
    __m256i sum[JOINT_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) sum[r] = _mm256_add_epi32(low_sum[r], _mm256_srai_epi32(high_sum[r], 4));
    return joint_sum(fold(sum[0]), fold(sum[1]), fold(sum[2]), fold(sum[3]));
}

CK_INLINE __m256i add_products(__m256i sum_i32x8, __m256i codes_u16x16, __m256i e_i16x16) {
    return VNNI_256(dpwssd)(sum_i32x8, codes_u16x16, e_i16x16);
}

// Four chains: what is loaded and widened takes as long.
CK_INLINE __m128i rows_sum_u8(const void *e, const uint8_t *const *row, const size_t R, size_t lines) {
    return rows_sum_u8_by(e, row, R, lines, add_products);
}

#include "shapes_code_rows.h"

// ---- The table ------------------------------------------------------------------------------------------------------

#include "loops_row_decode.h"
#include "loops_row_encode.h"
#include "loops_row_l1.h"
#include "loops_row_queries.h"

#ifdef CK_VNNI_EVEX
const ck_code_row_table ck_code_row_table_evexvnni = {
    .name = "evexvnni",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_AVX512 | CK_FEATURE_AVX512VNNI,
#else
const ck_code_row_table ck_code_row_table_avxvnni = {
    .name = "avxvnni",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_AVXVNNI,
#endif
    CODE_ROW_FUNCTIONS,
};

#pragma clang attribute pop

#endif
