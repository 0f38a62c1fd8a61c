// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "registers_avx2.h"

// ---- Rows -----------------------------------------------------------------------------------------------------------

typedef float element;

CK_INLINE __m256 load_row(const float *p) { return load(p); }

CK_INLINE __m256 load_row_first(const float *p, size_t count) { return load_first(p, count); }

// In the second-level cache four rows at a time are 1.1 to 1.3 times as fast as one, whose two running sums of 8 floats wait
// for FMA; in memory they reach 0.8 to 0.9 of its bandwidth.
enum { CACHED_SCAN_BYTES = 1024 * 1024 };

#include "loops_rows.h"

#include "shapes_rows.h"

// ---- Blocks ---------------------------------------------------------------------------------------------------------

CK_INLINE __m256 subtract(__m256 a_f32x8, __m256 b_f32x8) { return _mm256_sub_ps(a_f32x8, b_f32x8); }

CK_INLINE void store(float *p, __m256 v_f32x8) { _mm256_storeu_ps(p, v_f32x8); }

CK_INLINE __m256 broadcast(float x) { return _mm256_set1_ps(x); }

CK_INLINE uint32_t lanes_at_most(__m256 v_f32x8, float x) {
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(v_f32x8, _mm256_set1_ps(x), _CMP_LE_OQ));
}

CK_INLINE uint32_t lanes_at_least(__m256 v_f32x8, float x) {
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(v_f32x8, _mm256_set1_ps(x), _CMP_GE_OQ));
}

#include "loops_blocks.h"

const ck_table ck_table_avx2 = {
    .name = "avx2",
    .required_features = CK_FEATURE_AVX2,
    .l1 = {l1_pair, l1_gather, l1_scan, l1_scan_block},
    .l2sq = {l2sq_pair, l2sq_gather, l2sq_scan, l2sq_scan_block},
    .dot = {dot_pair, dot_gather, dot_scan, dot_scan_block},
    .select = select_products,
};

#pragma clang attribute pop

#endif
