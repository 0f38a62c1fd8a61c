// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "contenders.h"

#include <immintrin.h>
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

static float lane_sum(__m256 sum_f32x8) {
    __m128 sum_f32x4 = _mm_add_ps(_mm256_castps256_ps128(sum_f32x8), _mm256_extractf128_ps(sum_f32x8, 1));
    sum_f32x4 = _mm_add_ps(sum_f32x4, _mm_movehl_ps(sum_f32x4, sum_f32x4));
    return _mm_cvtss_f32(_mm_add_ss(sum_f32x4, _mm_movehdup_ps(sum_f32x4)));
}

static float l1_pair(const float *a, const float *b, size_t n) {
    const __m256 sign_f32x8 = _mm256_set1_ps(-0.0f);
    __m256 sum_f32x8 = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 difference_f32x8 = _mm256_sub_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
        sum_f32x8 = _mm256_add_ps(sum_f32x8, _mm256_andnot_ps(sign_f32x8, difference_f32x8));
    }
    float sum = lane_sum(sum_f32x8);
    for (; i < n; i++) sum += fabsf(a[i] - b[i]);
    return sum;
}

static float l2sq_pair(const float *a, const float *b, size_t n) {
    __m256 sum_f32x8 = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 difference_f32x8 = _mm256_sub_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
        sum_f32x8 = _mm256_fmadd_ps(difference_f32x8, difference_f32x8, sum_f32x8);
    }
    float sum = lane_sum(sum_f32x8);
    for (; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

static float dot_pair(const float *a, const float *b, size_t n) {
    __m256 sum_f32x8 = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8) sum_f32x8 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum_f32x8);
    float sum = lane_sum(sum_f32x8);
    for (; i < n; i++) sum += a[i] * b[i];
    return sum;
}

const contender contender_one_sum = {"one-sum", 8, {l1_pair, l2sq_pair, dot_pair}};

#pragma clang attribute pop

#endif
