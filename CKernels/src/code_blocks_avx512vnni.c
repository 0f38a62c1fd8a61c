// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
                             apply_to = function)

// Registers across a block, of 16 vectors each; and queries that share a load of them: 6 * 4 sums, 4 registers of codes and a
// query's quad fit into 32 registers, and 24 chains hide the latency of VPDPBUSD.
enum { LANES = 16, GROUPS = CK_BLOCK / LANES, QUERIES = 6 };

// Products of Q queries (constant) with a block.
CK_INLINE void tile(const int8_t *queries, size_t stride, const size_t Q, const uint8_t *block, size_t quads,
                    int32_t *out) {
    __m512i sum_i32x16[QUERIES][GROUPS];
    for (size_t q = 0; q < Q; q++)
        for (size_t g = 0; g < GROUPS; g++) sum_i32x16[q][g] = _mm512_setzero_si512();
    for (size_t i = 0; i < quads; i++) {
        __m512i codes_u8x64[GROUPS];
        for (size_t g = 0; g < GROUPS; g++)
            codes_u8x64[g] = _mm512_loadu_si512(block + (i * CK_BLOCK + g * LANES) * CK_QUAD);
#pragma clang loop unroll(full)
        for (size_t q = 0; q < Q; q++) {
            int32_t quad;
            memcpy(&quad, queries + q * stride + i * CK_QUAD, sizeof quad);
            const __m512i query_i8x64 = _mm512_set1_epi32(quad);
#pragma clang loop unroll(full)
            for (size_t g = 0; g < GROUPS; g++)
                sum_i32x16[q][g] = _mm512_dpbusd_epi32(sum_i32x16[q][g], codes_u8x64[g], query_i8x64);
        }
    }
    for (size_t q = 0; q < Q; q++)
        for (size_t g = 0; g < GROUPS; g++) _mm512_storeu_si512(out + q * CK_BLOCK + g * LANES, sum_i32x16[q][g]);
}

static void products(const int8_t *queries, size_t stride, size_t count, const uint8_t *block, size_t quads,
                     int32_t *out) {
    size_t q = 0;
    for (; q + QUERIES <= count; q += QUERIES)
        tile(queries + q * stride, stride, QUERIES, block, quads, out + q * CK_BLOCK);
    for (; q + 2 <= count; q += 2) tile(queries + q * stride, stride, 2, block, quads, out + q * CK_BLOCK);
    for (; q < count; q++) tile(queries + q * stride, stride, 1, block, quads, out + q * CK_BLOCK);
}

static void select_estimates(const int32_t *products, size_t count, const ck_block_terms *block,
                             const ck_query_terms *queries, const float *bounds, uint64_t *selected,
                             float *estimates) {
    for (size_t q = 0; q < count; q++, products += CK_BLOCK, estimates += CK_BLOCK) {
        const __m512i offset_i32x16 = _mm512_set1_epi32(queries[q].product_offset);
        const __m512 scale_f32x16 = _mm512_set1_ps(queries[q].scale);
        const __m512 mean_f32x16 = _mm512_set1_ps(queries[q].mean);
        const __m512 bound_f32x16 = _mm512_set1_ps(bounds[q]);
        uint64_t bits = 0;
#pragma clang loop unroll(full)
        for (size_t v = 0; v < CK_BLOCK; v += LANES) {
            const __m512i product_i32x16 = _mm512_sub_epi32(_mm512_loadu_si512(products + v), offset_i32x16);
            const __m512 product_f32x16 = _mm512_mul_ps(scale_f32x16, _mm512_cvtepi32_ps(product_i32x16));
            const __m512 scored_f32x16 =
                _mm512_fmsub_ps(product_f32x16, _mm512_loadu_ps(block->scales + v), _mm512_loadu_ps(block->offsets + v));
            const __m512 estimate_f32x16 = _mm512_fmadd_ps(mean_f32x16, _mm512_loadu_ps(block->sums + v), scored_f32x16);
            const uint32_t lanes = _mm512_cmp_ps_mask(estimate_f32x16, bound_f32x16, _CMP_GE_OQ);
            if (lanes) _mm512_storeu_ps(estimates + v, estimate_f32x16);
            bits |= (uint64_t)lanes << v;
        }
        selected[q] = bits;
    }
}

const ck_code_block_table ck_code_block_table_avx512vnni = {
    .name = "avx512vnni",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_AVX512 | CK_FEATURE_AVX512VNNI,
    .largest_code = 255,
    .largest_query_code = 127,
    .products = products,
    .select = select_estimates,
};

#pragma clang attribute pop

#endif
