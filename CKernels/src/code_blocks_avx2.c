// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// Registers of a tile's width, and its queries: 2 * 4 sums, and what is read of both fit into 16.
enum { GROUPS = 4, QUERIES = 2 };

#include "registers_blocks_256.h"

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
