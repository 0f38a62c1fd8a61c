// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)

#include "registers_avx512.h"

// ---- Rows -----------------------------------------------------------------------------------------------------------

typedef float element;

CK_INLINE __m512 load_row(const float *p) { return load(p); }

CK_INLINE __m512 load_row_first(const float *p, size_t count) { return load_first(p, count); }

// Four rows at a time are faster in the first-level cache only.
enum { CACHED_SCAN_BYTES = 32 * 1024 };

#include "loops_rows.h"

#include "shapes_rows.h"

// ---- Blocks ---------------------------------------------------------------------------------------------------------

CK_INLINE __m512 subtract(__m512 a_f32x16, __m512 b_f32x16) { return _mm512_sub_ps(a_f32x16, b_f32x16); }

CK_INLINE void store(float *p, __m512 v_f32x16) { _mm512_storeu_ps(p, v_f32x16); }

CK_INLINE __m512 broadcast(float x) { return _mm512_set1_ps(x); }

CK_INLINE uint32_t lanes_at_most(__m512 v_f32x16, float x) {
    return _mm512_cmp_ps_mask(v_f32x16, _mm512_set1_ps(x), _CMP_LE_OQ);
}

CK_INLINE uint32_t lanes_at_least(__m512 v_f32x16, float x) {
    return _mm512_cmp_ps_mask(v_f32x16, _mm512_set1_ps(x), _CMP_GE_OQ);
}

#include "loops_blocks.h"

const ck_table ck_table_avx512 = {
    .name = "avx512",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_AVX512,
    .l1 = {l1_pair, l1_gather, l1_scan, l1_scan_block},
    .l2sq = {l2sq_pair, l2sq_gather, l2sq_scan, l2sq_scan_block},
    .dot = {dot_pair, dot_gather, dot_scan, dot_scan_block},
    .select = select_products,
};

#pragma clang attribute pop

#endif
