// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

enum { LANES = 8 };

typedef __m256 vec;

typedef __m256 (*step)(__m256 sum_f32x8, __m256 q_f32x8, __m256 r_f32x8);

CK_INLINE __m256 l1_step(__m256 sum_f32x8, __m256 q_f32x8, __m256 r_f32x8) {
    const __m256 sign_f32x8 = _mm256_set1_ps(-0.0f);
    return _mm256_add_ps(sum_f32x8, _mm256_andnot_ps(sign_f32x8, _mm256_sub_ps(q_f32x8, r_f32x8)));
}

CK_INLINE __m256 l2sq_step(__m256 sum_f32x8, __m256 q_f32x8, __m256 r_f32x8) {
    const __m256 difference_f32x8 = _mm256_sub_ps(q_f32x8, r_f32x8);
    return _mm256_fmadd_ps(difference_f32x8, difference_f32x8, sum_f32x8);
}

CK_INLINE __m256 dot_step(__m256 sum_f32x8, __m256 q_f32x8, __m256 r_f32x8) {
    return _mm256_fmadd_ps(q_f32x8, r_f32x8, sum_f32x8);
}

CK_INLINE __m256 zero(void) { return _mm256_setzero_ps(); }

CK_INLINE __m256 add(__m256 a_f32x8, __m256 b_f32x8) { return _mm256_add_ps(a_f32x8, b_f32x8); }

CK_INLINE __m256 load(const float *p) { return _mm256_loadu_ps(p); }

CK_INLINE __m256 load_half(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }

// AVX2 loads no part of a register by halves. A vector of at least 8 elements is loaded up to its end, and the lanes
// that were counted before are cleared; a shorter one is copied.

// The last `count` < 8 lanes, and 0 in those before them.
CK_INLINE __m256 last_lanes(__m256 v_f32x8, size_t count) {
    const __m256i lane_i32x8 = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    const __m256i kept_i32x8 = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane_i32x8);
    return _mm256_and_ps(v_f32x8, _mm256_castsi256_ps(kept_i32x8));
}

CK_INLINE __m256 load_rest(const float *p, size_t i, size_t n) {
    if (n >= LANES) return last_lanes(load(p + n - LANES), n - i);
    float copy[LANES] = {0};
    memcpy(copy, p, n * sizeof *p);
    return load(copy);
}

CK_INLINE __m256 load_half_rest(const uint16_t *p, size_t i, size_t n) {
    if (n >= LANES) return last_lanes(load_half(p + n - LANES), n - i);
    uint16_t copy[LANES] = {0};
    memcpy(copy, p, n * sizeof *p);
    return load_half(copy);
}

// Lane r is the sum of the lanes of vector r: a transpose whose columns are added on the way.
CK_INLINE __m128 joint_sum4(__m128 a_f32x4, __m128 b_f32x4, __m128 c_f32x4, __m128 d_f32x4) {
    const __m128 ab_f32x4 = _mm_add_ps(_mm_unpacklo_ps(a_f32x4, b_f32x4), _mm_unpackhi_ps(a_f32x4, b_f32x4));
    const __m128 cd_f32x4 = _mm_add_ps(_mm_unpacklo_ps(c_f32x4, d_f32x4), _mm_unpackhi_ps(c_f32x4, d_f32x4));
    return _mm_add_ps(_mm_movelh_ps(ab_f32x4, cd_f32x4), _mm_movehl_ps(cd_f32x4, ab_f32x4));
}

CK_INLINE __m128 fold(__m256 sum_f32x8) {
    return _mm_add_ps(_mm256_castps256_ps128(sum_f32x8), _mm256_extractf128_ps(sum_f32x8, 1));
}

CK_INLINE __m128 joint_sum(__m256 a_f32x8, __m256 b_f32x8, __m256 c_f32x8, __m256 d_f32x8) {
    return joint_sum4(fold(a_f32x8), fold(b_f32x8), fold(c_f32x8), fold(d_f32x8));
}

#include "loops_f16.h"

#include "shapes_f16.h"

const ck_half_table ck_half_table_avx2 = {
    .name = "avx2",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_F16C,
    .l1 = {l1_pair, l1_gather, l1_scan},
    .l2sq = {l2sq_pair, l2sq_gather, l2sq_scan},
    .dot = {dot_pair, dot_gather, dot_scan},
};

#pragma clang attribute pop

#endif
