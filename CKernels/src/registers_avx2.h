// SPDX-License-Identifier: Apache-2.0
//
// AVX2 registers of 8 floats, and the step of each sum on them. Included after the intrinsics and the pragma that names the
// instruction set.

enum { LANES = 8 };

typedef __m256 vec;

typedef __m256 (*step)(__m256 sum_f32x8, __m256 a_f32x8, __m256 b_f32x8);

CK_INLINE __m256 l1_step(__m256 sum_f32x8, __m256 a_f32x8, __m256 b_f32x8) {
    const __m256 sign_f32x8 = _mm256_set1_ps(-0.0f);
    return _mm256_add_ps(sum_f32x8, _mm256_andnot_ps(sign_f32x8, _mm256_sub_ps(a_f32x8, b_f32x8)));
}

CK_INLINE __m256 l2sq_step(__m256 sum_f32x8, __m256 a_f32x8, __m256 b_f32x8) {
    const __m256 difference_f32x8 = _mm256_sub_ps(a_f32x8, b_f32x8);
    return _mm256_fmadd_ps(difference_f32x8, difference_f32x8, sum_f32x8);
}

CK_INLINE __m256 dot_step(__m256 sum_f32x8, __m256 a_f32x8, __m256 b_f32x8) {
    return _mm256_fmadd_ps(a_f32x8, b_f32x8, sum_f32x8);
}

CK_INLINE __m256 zero(void) { return _mm256_setzero_ps(); }

CK_INLINE __m256 add(__m256 a_f32x8, __m256 b_f32x8) { return _mm256_add_ps(a_f32x8, b_f32x8); }

CK_INLINE __m256 load(const float *p) { return _mm256_loadu_ps(p); }

// The first `count` < 8 floats at p, then zeros; nothing beyond them is read.
CK_INLINE __m256 load_first(const float *p, size_t count) {
    const __m256i lane_i32x8 = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane_i32x8));
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

// The same additions as one lane of joint_sum.
CK_INLINE float lane_sum(__m256 sum_f32x8) {
    const __m128 sum_f32x4 = fold(sum_f32x8);
    const __m128 pairs_f32x4 = _mm_add_ps(sum_f32x4, _mm_movehl_ps(sum_f32x4, sum_f32x4));
    return _mm_cvtss_f32(_mm_add_ss(pairs_f32x4, _mm_movehdup_ps(pairs_f32x4)));
}

CK_INLINE __m128 joint_sum(__m256 a_f32x8, __m256 b_f32x8, __m256 c_f32x8, __m256 d_f32x8) {
    return joint_sum4(fold(a_f32x8), fold(b_f32x8), fold(c_f32x8), fold(d_f32x8));
}
