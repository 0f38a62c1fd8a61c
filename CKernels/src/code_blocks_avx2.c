// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// Vectors a register, registers of a tile's width, and its queries: 2 * 4 sums, and what is read of both fit into 16.
enum { LANES = 8, GROUPS = 4, QUERIES = 2 };

CK_INLINE __m256i broadcast_quad(const int8_t *codes) {
    int32_t quad;
    memcpy(&quad, codes, sizeof quad);
    return _mm256_set1_epi32(quad);
}

// Products of Q queries (constant) with GROUPS * LANES vectors of a block. VPMADDUBSW adds two products in 16 bits with
// saturation; two of them are added before they are widened: 4 * 127 * 63 = 32,004 < 2^15.
CK_INLINE void tile(const int8_t *queries, size_t stride, const size_t Q, const uint8_t *codes, size_t quads,
                    int32_t *out) {
    const __m256i ones_i16x16 = _mm256_set1_epi16(1);
    __m256i sum_i32x8[QUERIES][GROUPS];
    for (size_t q = 0; q < Q; q++)
        for (size_t g = 0; g < GROUPS; g++) sum_i32x8[q][g] = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 2 <= quads; i += 2) {
        __m256i even_i8x32[QUERIES], odd_i8x32[QUERIES];
#pragma clang loop unroll(full)
        for (size_t q = 0; q < Q; q++) {
            even_i8x32[q] = broadcast_quad(queries + q * stride + i * CK_QUAD);
            odd_i8x32[q] = broadcast_quad(queries + q * stride + (i + 1) * CK_QUAD);
        }
#pragma clang loop unroll(full)
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *const group = codes + (i * CK_BLOCK + g * LANES) * CK_QUAD;
            const __m256i even_u8x32 = _mm256_loadu_si256((const __m256i *)group);
            const __m256i odd_u8x32 = _mm256_loadu_si256((const __m256i *)(group + CK_BLOCK * CK_QUAD));
#pragma clang loop unroll(full)
            for (size_t q = 0; q < Q; q++) {
                const __m256i pairs_i16x16 = _mm256_add_epi16(_mm256_maddubs_epi16(even_u8x32, even_i8x32[q]),
                                                              _mm256_maddubs_epi16(odd_u8x32, odd_i8x32[q]));
                sum_i32x8[q][g] = _mm256_add_epi32(sum_i32x8[q][g], _mm256_madd_epi16(pairs_i16x16, ones_i16x16));
            }
        }
    }
    if (i < quads) {
#pragma clang loop unroll(full)
        for (size_t g = 0; g < GROUPS; g++) {
            const __m256i codes_u8x32 =
                _mm256_loadu_si256((const __m256i *)(codes + (i * CK_BLOCK + g * LANES) * CK_QUAD));
#pragma clang loop unroll(full)
            for (size_t q = 0; q < Q; q++) {
                const __m256i pairs_i16x16 =
                    _mm256_maddubs_epi16(codes_u8x32, broadcast_quad(queries + q * stride + i * CK_QUAD));
                sum_i32x8[q][g] = _mm256_add_epi32(sum_i32x8[q][g], _mm256_madd_epi16(pairs_i16x16, ones_i16x16));
            }
        }
    }
    for (size_t q = 0; q < Q; q++)
        for (size_t g = 0; g < GROUPS; g++)
            _mm256_storeu_si256((__m256i *)(out + q * CK_BLOCK + g * LANES), sum_i32x8[q][g]);
}

static void products(const int8_t *queries, size_t stride, size_t count, const uint8_t *block, size_t quads,
                     int32_t *out) {
    for (size_t v = 0; v < CK_BLOCK; v += GROUPS * LANES) {
        size_t q = 0;
        for (; q + QUERIES <= count; q += QUERIES)
            tile(queries + q * stride, stride, QUERIES, block + v * CK_QUAD, quads, out + q * CK_BLOCK + v);
        for (; q < count; q++)
            tile(queries + q * stride, stride, 1, block + v * CK_QUAD, quads, out + q * CK_BLOCK + v);
    }
}

static void select_estimates(const int32_t *products, size_t count, const ck_block_terms *block,
                             const ck_query_terms *queries, const float *bounds, uint64_t *selected,
                             float *estimates) {
    for (size_t q = 0; q < count; q++, products += CK_BLOCK, estimates += CK_BLOCK) {
        const __m256i offset_i32x8 = _mm256_set1_epi32(queries[q].product_offset);
        const __m256 scale_f32x8 = _mm256_set1_ps(queries[q].scale);
        const __m256 mean_f32x8 = _mm256_set1_ps(queries[q].mean);
        const __m256 bound_f32x8 = _mm256_set1_ps(bounds[q]);
        uint64_t bits = 0;
#pragma clang loop unroll(full)
        for (size_t v = 0; v < CK_BLOCK; v += LANES) {
            const __m256i product_i32x8 = _mm256_sub_epi32(_mm256_loadu_si256((const __m256i *)(products + v)), offset_i32x8);
            const __m256 product_f32x8 = _mm256_mul_ps(scale_f32x8, _mm256_cvtepi32_ps(product_i32x8));
            const __m256 scored_f32x8 =
                _mm256_fmsub_ps(product_f32x8, _mm256_loadu_ps(block->scales + v), _mm256_loadu_ps(block->offsets + v));
            const __m256 estimate_f32x8 = _mm256_fmadd_ps(mean_f32x8, _mm256_loadu_ps(block->sums + v), scored_f32x8);
            const uint32_t lanes = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(estimate_f32x8, bound_f32x8, _CMP_GE_OQ));
            if (lanes) _mm256_storeu_ps(estimates + v, estimate_f32x8);
            bits |= (uint64_t)lanes << v;
        }
        selected[q] = bits;
    }
}

const ck_code_block_table ck_code_block_table_avx2 = {
    .name = "avx2",
    .required_features = CK_FEATURE_AVX2,
    .largest_code = 127,
    .largest_query_code = 63,
    .products = products,
    .select = select_estimates,
};

#pragma clang attribute pop

#endif
