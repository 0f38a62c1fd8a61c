// SPDX-License-Identifier: Apache-2.0
//
// Blocks of codes in registers of 256 bits: what AVX2 and AVX-VNNI have in common.

// Vectors a register.
enum { LANES = 8 };

CK_INLINE __m256i broadcast_quad(const int8_t *codes) {
    int32_t quad;
    memcpy(&quad, codes, sizeof quad);
    return _mm256_set1_epi32(quad);
}

// The estimates of LANES vectors from place v on.
CK_INLINE __m256 estimate(const int32_t *products, const ck_block_terms *block, const ck_query_terms *query, size_t v) {
    const __m256i product_i32x8 = _mm256_sub_epi32(_mm256_loadu_si256((const __m256i *)(products + v)),
                                                   _mm256_set1_epi32(query->product_offset));
    const __m256 product_f32x8 = _mm256_mul_ps(_mm256_set1_ps(query->scale), _mm256_cvtepi32_ps(product_i32x8));
    const __m256 scored_f32x8 =
        _mm256_fmsub_ps(product_f32x8, _mm256_loadu_ps(block->scales + v), _mm256_loadu_ps(block->offsets + v));
    return _mm256_fmadd_ps(_mm256_set1_ps(query->mean), _mm256_loadu_ps(block->sums + v), scored_f32x8);
}

// Most blocks hold no vector that reaches the bound: their largest estimate tells.
static void select_estimates(const int32_t *products, size_t count, const ck_block_terms *block,
                             const ck_query_terms *queries, const float *bounds, uint64_t *selected,
                             float *estimates) {
    for (size_t q = 0; q < count; q++, products += CK_BLOCK, estimates += CK_BLOCK) {
        const __m256 bound_f32x8 = _mm256_set1_ps(bounds[q]);
        __m256 largest_f32x8 = _mm256_set1_ps(-INFINITY);
#pragma clang loop unroll(full)
        for (size_t v = 0; v < CK_BLOCK; v += LANES)
            largest_f32x8 = _mm256_max_ps(estimate(products, block, &queries[q], v), largest_f32x8);
        selected[q] = 0;
        if (_mm256_movemask_ps(_mm256_cmp_ps(largest_f32x8, bound_f32x8, _CMP_GE_OQ)) == 0) continue;
        for (size_t v = 0; v < CK_BLOCK; v += LANES) {
            const __m256 estimate_f32x8 = estimate(products, block, &queries[q], v);
            const uint32_t lanes = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(estimate_f32x8, bound_f32x8, _CMP_GE_OQ));
            _mm256_storeu_ps(estimates + v, estimate_f32x8);
            selected[q] |= (uint64_t)lanes << v;
        }
    }
}
