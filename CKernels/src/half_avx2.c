// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "registers_avx2.h"

typedef uint16_t element;

CK_INLINE __m256 load_row(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }

// The first `count` < 8 halves at p, then zeros; nothing beyond them is read. AVX2 loads parts of a register by 4 bytes: whole
// pairs are loaded so, and the last half is put in its place once more.
CK_INLINE __m256 load_row_first(const uint16_t *p, size_t count) {
    const __m128i pair_i32x4 = _mm_setr_epi32(0, 1, 2, 3);
    const __m128i lane_i16x8 = _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7);
    const __m128i is_whole_i32x4 = _mm_cmpgt_epi32(_mm_set1_epi32((int)count / 2), pair_i32x4);
    const __m128i pairs_f16x8 = _mm_maskload_epi32((const int *)p, is_whole_i32x4);
    const __m128i is_last_i16x8 = _mm_cmpeq_epi16(_mm_set1_epi16((short)(count - 1)), lane_i16x8);
    const __m128i last_f16x8 = _mm_and_si128(_mm_set1_epi16((short)p[count - 1]), is_last_i16x8);
    return _mm256_cvtph_ps(_mm_or_si128(pairs_f16x8, last_f16x8));
}

// In every cache four rows at a time are faster, 1.1 to 1.6 times. In memory one is, by up to 1.1: rows are that surely where
// they are half of a common last-level cache.
enum { CACHED_SCAN_BYTES = 16 * 1024 * 1024 };

#include "loops_rows.h"

#include "shapes_rows.h"

CK_INLINE void store(float *p, vec floats) { _mm256_storeu_ps(p, floats); }

CK_INLINE void store_row(uint16_t *p, vec floats) {
    _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(floats, _MM_FROUND_TO_NEAREST_INT));
}

#include "loops_half.h"

const ck_half_table ck_half_table_avx2 = {
    .name = "avx2",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_F16C,
    .l1 = {l1_pair, l1_gather, l1_scan},
    .l2sq = {l2sq_pair, l2sq_gather, l2sq_scan},
    .dot = {dot_pair, dot_gather, dot_scan},
    .narrow = narrow,
    .widen = widen,
};

#pragma clang attribute pop

#endif
