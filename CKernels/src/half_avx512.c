// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)

enum { LANES = 16 };

typedef __m512 vec;

typedef __m512 (*step)(__m512 sum_f32x16, __m512 q_f32x16, __m512 r_f32x16);

CK_INLINE __m512 l1_step(__m512 sum_f32x16, __m512 q_f32x16, __m512 r_f32x16) {
    return _mm512_add_ps(sum_f32x16, _mm512_abs_ps(_mm512_sub_ps(q_f32x16, r_f32x16)));
}

CK_INLINE __m512 l2sq_step(__m512 sum_f32x16, __m512 q_f32x16, __m512 r_f32x16) {
    const __m512 difference_f32x16 = _mm512_sub_ps(q_f32x16, r_f32x16);
    return _mm512_fmadd_ps(difference_f32x16, difference_f32x16, sum_f32x16);
}

CK_INLINE __m512 dot_step(__m512 sum_f32x16, __m512 q_f32x16, __m512 r_f32x16) {
    return _mm512_fmadd_ps(q_f32x16, r_f32x16, sum_f32x16);
}

CK_INLINE __m512 zero(void) { return _mm512_setzero_ps(); }

CK_INLINE __m512 add(__m512 a_f32x16, __m512 b_f32x16) { return _mm512_add_ps(a_f32x16, b_f32x16); }

CK_INLINE __m512 load(const float *p) { return _mm512_loadu_ps(p); }

CK_INLINE __m512 load_half(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }

CK_INLINE __m512 load_rest(const float *p, size_t i, size_t n) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << (n - i)) - 1), p + i);
}

CK_INLINE __m512 load_half_rest(const uint16_t *p, size_t i, size_t n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16((__mmask16)((1u << (n - i)) - 1), p + i));
}

// Lane r is the sum of the lanes of vector r: a transpose whose columns are added on the way.
CK_INLINE __m128 joint_sum4(__m128 a_f32x4, __m128 b_f32x4, __m128 c_f32x4, __m128 d_f32x4) {
    const __m128 ab_f32x4 = _mm_add_ps(_mm_unpacklo_ps(a_f32x4, b_f32x4), _mm_unpackhi_ps(a_f32x4, b_f32x4));
    const __m128 cd_f32x4 = _mm_add_ps(_mm_unpacklo_ps(c_f32x4, d_f32x4), _mm_unpackhi_ps(c_f32x4, d_f32x4));
    return _mm_add_ps(_mm_movelh_ps(ab_f32x4, cd_f32x4), _mm_movehl_ps(cd_f32x4, ab_f32x4));
}

CK_INLINE __m128 fold(__m512 sum_f32x16) {
    const __m256 half_f32x8 = _mm256_add_ps(_mm512_castps512_ps256(sum_f32x16), _mm512_extractf32x8_ps(sum_f32x16, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half_f32x8), _mm256_extractf128_ps(half_f32x8, 1));
}

CK_INLINE __m128 joint_sum(__m512 a_f32x16, __m512 b_f32x16, __m512 c_f32x16, __m512 d_f32x16) {
    return joint_sum4(fold(a_f32x16), fold(b_f32x16), fold(c_f32x16), fold(d_f32x16));
}

#include "loops_f16.h"

#include "shapes_f16.h"

const ck_half_table ck_half_table_avx512 = {
    .name = "avx512",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_F16C | CK_FEATURE_AVX512,
    .l1 = {l1_pair, l1_gather, l1_scan},
    .l2sq = {l2sq_pair, l2sq_gather, l2sq_scan},
    .dot = {dot_pair, dot_gather, dot_scan},
};

#pragma clang attribute pop

#endif
