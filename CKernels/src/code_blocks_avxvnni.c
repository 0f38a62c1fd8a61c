// SPDX-License-Identifier: Apache-2.0
//
// See target_vnni_256.h for CK_VNNI_EVEX.

#if defined(__x86_64__)

#include "tables.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "target_vnni_256.h"

#include "registers_blocks_256.h"

// Registers of a tile's width, and its queries: 3 * 4 sums and what is read of both fit into 16, and 12 chains hide the latency of
// VPDPBUSD.
enum { GROUPS = 4, QUERIES = 3 };

// Products of Q queries (constant) with GROUPS * LANES vectors of a block.
CK_INLINE void tile(const int8_t *queries, size_t stride, const size_t Q, const uint8_t *codes, size_t quads,
                    int32_t *out) {
    __m256i sum_i32x8[QUERIES][GROUPS];
    for (size_t q = 0; q < Q; q++)
        for (size_t g = 0; g < GROUPS; g++) sum_i32x8[q][g] = _mm256_setzero_si256();
    for (size_t i = 0; i < quads; i++) {
        __m256i query_i8x32[QUERIES];
#pragma clang loop unroll(full)
        for (size_t q = 0; q < Q; q++) query_i8x32[q] = broadcast_quad(queries + q * stride + i * CK_QUAD);
#pragma clang loop unroll(full)
        for (size_t g = 0; g < GROUPS; g++) {
            const __m256i codes_u8x32 =
                _mm256_loadu_si256((const __m256i *)(codes + (i * CK_BLOCK + g * LANES) * CK_QUAD));
#pragma clang loop unroll(full)
            for (size_t q = 0; q < Q; q++)
                sum_i32x8[q][g] = VNNI_256(dpbusd)(sum_i32x8[q][g], codes_u8x32, query_i8x32[q]);
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

#ifdef CK_VNNI_EVEX
const ck_code_block_table ck_code_block_table_evexvnni = {
    .name = "evexvnni",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_AVX512 | CK_FEATURE_AVX512VNNI,
#else
const ck_code_block_table ck_code_block_table_avxvnni = {
    .name = "avxvnni",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_AVXVNNI,
#endif
    .largest_code = 255,
    .largest_query_code = 127,
    .products = products,
    .select = select_estimates,
};

#pragma clang attribute pop

#endif
