// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// Registers across a tile, and its queries: 6 * 2 sums in 16 bits, 2 registers of codes, a query's quad and a product fill the 16
// registers.
enum { GROUPS = 2, QUERIES = 6 };

#include "registers_blocks_256.h"

// Products of Q queries (constant) with GROUPS * LANES vectors of a block, over 1 to CK_RUN quads; the first run stores them, later
// ones add them. They are summed in 16 bits and fit: two by the range of the codes, 2 * 127 * 127 = 32,258 < 2^15, as VPMADDUBSW
// adds them; all by the limit on a query's codes, 127 * 258 = 32,766 < 2^15.
CK_INLINE void tile(const int8_t *queries, size_t stride, const size_t Q, const uint8_t *codes, size_t quads,
                    const int is_first, int32_t *out) {
    __m256i sum_i16x16[QUERIES][GROUPS];
    for (size_t i = 0; i < quads; i++) {
        __m256i codes_u8x32[GROUPS];
        for (size_t g = 0; g < GROUPS; g++)
            codes_u8x32[g] = _mm256_loadu_si256((const __m256i *)(codes + (i * CK_BLOCK + g * LANES) * CK_QUAD));
#pragma clang loop unroll(full)
        for (size_t q = 0; q < Q; q++) {
            const __m256i query_i8x32 = broadcast_quad(queries + q * stride + i * CK_QUAD);
#pragma clang loop unroll(full)
            for (size_t g = 0; g < GROUPS; g++) {
                const __m256i pairs_i16x16 = _mm256_maddubs_epi16(codes_u8x32[g], query_i8x32);
                sum_i16x16[q][g] = i == 0 ? pairs_i16x16 : _mm256_add_epi16(sum_i16x16[q][g], pairs_i16x16);
            }
        }
    }
    const __m256i ones_i16x16 = _mm256_set1_epi16(1);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < Q; q++) {
#pragma clang loop unroll(full)
        for (size_t g = 0; g < GROUPS; g++) {
            __m256i *const total = (__m256i *)(out + q * CK_BLOCK + g * LANES);
            const __m256i sum_i32x8 = _mm256_madd_epi16(sum_i16x16[q][g], ones_i16x16);
            _mm256_storeu_si256(total,
                                is_first ? sum_i32x8 : _mm256_add_epi32(_mm256_loadu_si256(total), sum_i32x8));
        }
    }
}

// A run of quads at a time: its 2 KiB of codes, the queries' and `out` stay in the first-level cache.
static void products(const int8_t *queries, size_t stride, size_t count, const uint8_t *block, size_t quads,
                     int32_t *out) {
    for (size_t i = 0; i < quads; i += CK_RUN) {
        const size_t run = quads - i < CK_RUN ? quads - i : CK_RUN;
        for (size_t v = 0; v < CK_BLOCK; v += GROUPS * LANES) {
            const uint8_t *const codes = block + (i * CK_BLOCK + v) * CK_QUAD;
            const int8_t *query = queries + i * CK_QUAD;
            size_t q = 0;
            for (; q + QUERIES <= count; q += QUERIES)
                tile(query + q * stride, stride, QUERIES, codes, run, i == 0, out + q * CK_BLOCK + v);
            for (; q < count; q++)
                tile(query + q * stride, stride, 1, codes, run, i == 0, out + q * CK_BLOCK + v);
        }
    }
}

const ck_code_block_table ck_code_block_table_avx2 = {
    .name = "avx2",
    .required_features = CK_FEATURE_AVX2,
    .largest_code = 127,
    .largest_query_code = 127,
    .largest_query_sum = 258,
    .products = products,
    .select = select_estimates,
};

#pragma clang attribute pop

#endif
