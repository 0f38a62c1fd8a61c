// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 registers of 16 floats, and the step of each sum on them. Included after the intrinsics and the pragma that names
// the instruction set.

enum { LANES = 16 };

typedef __m512 vec;

typedef __m512 (*step)(__m512 sum_f32x16, __m512 a_f32x16, __m512 b_f32x16);

CK_INLINE __m512 l1_step(__m512 sum_f32x16, __m512 a_f32x16, __m512 b_f32x16) {
    return _mm512_add_ps(sum_f32x16, _mm512_abs_ps(_mm512_sub_ps(a_f32x16, b_f32x16)));
}

CK_INLINE __m512 l2sq_step(__m512 sum_f32x16, __m512 a_f32x16, __m512 b_f32x16) {
    const __m512 difference_f32x16 = _mm512_sub_ps(a_f32x16, b_f32x16);
    return _mm512_fmadd_ps(difference_f32x16, difference_f32x16, sum_f32x16);
}

CK_INLINE __m512 dot_step(__m512 sum_f32x16, __m512 a_f32x16, __m512 b_f32x16) {
    return _mm512_fmadd_ps(a_f32x16, b_f32x16, sum_f32x16);
}

CK_INLINE __m512 zero(void) { return _mm512_setzero_ps(); }

CK_INLINE __m512 add(__m512 a_f32x16, __m512 b_f32x16) { return _mm512_add_ps(a_f32x16, b_f32x16); }

CK_INLINE __m512 load(const float *p) { return _mm512_loadu_ps(p); }

// The first `count` < 16 floats at p, then zeros; nothing beyond them is read.
CK_INLINE __m512 load_first(const float *p, size_t count) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
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

// The same additions as one lane of joint_sum.
CK_INLINE float lane_sum(__m512 sum_f32x16) {
    const __m128 sum_f32x4 = fold(sum_f32x16);
    const __m128 pairs_f32x4 = _mm_add_ps(sum_f32x4, _mm_movehl_ps(sum_f32x4, sum_f32x4));
    return _mm_cvtss_f32(_mm_add_ss(pairs_f32x4, _mm_movehdup_ps(pairs_f32x4)));
}

CK_INLINE __m128 joint_sum(__m512 a_f32x16, __m512 b_f32x16, __m512 c_f32x16, __m512 d_f32x16) {
    return joint_sum4(fold(a_f32x16), fold(b_f32x16), fold(c_f32x16), fold(d_f32x16));
}
