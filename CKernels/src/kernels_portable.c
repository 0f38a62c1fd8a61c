// SPDX-License-Identifier: Apache-2.0
//
// The specification of every other kernel file, in plain C.

#include "tables.h"

#include <math.h>

typedef float (*step)(float sum, float a, float b);

CK_INLINE float l1_step(float sum, float a, float b) { return sum + fabsf(a - b); }

CK_INLINE float l2sq_step(float sum, float a, float b) { return sum + (a - b) * (a - b); }

CK_INLINE float dot_step(float sum, float a, float b) { return sum + a * b; }

// Sixteen running sums: the compiler may keep them in vector registers without changing the order of any addition. It is
// told to, by four lanes of 128 bits: left to itself, Clang 21 multiplies one by one.
enum { LANES = 16 };

CK_INLINE float pair_loop(const float *a, const float *b, size_t n, step step) {
    float sums[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
#pragma clang loop vectorize_width(4) interleave_count(4) unroll(disable)
        for (size_t lane = 0; lane < LANES; lane++) sums[lane] = step(sums[lane], a[i + lane], b[i + lane]);
    for (size_t lane = 0; i < n; i++, lane++) sums[lane] = step(sums[lane], a[i], b[i]);

    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
    return sums[0];
}

CK_INLINE void gather_loop(const float *query, const float *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, float *out, step step) {
    for (size_t i = 0; i < count; i++) out[i] = pair_loop(query, rows + ids[i] * stride, n, step);
}

CK_INLINE void scan_loop(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out,
                         step step) {
    for (size_t i = 0; i < count; i++) out[i] = pair_loop(query, rows + i * stride, n, step);
}

// The running sums of a block's vectors; vector v's place in `out` is its sum.
CK_INLINE void block_loop(const float *query, const float *block, size_t n, float *out, step step) {
    for (size_t v = 0; v < CK_BLOCK; v++) out[v] = 0;
    for (size_t d = 0; d < n; d++)
        for (size_t v = 0; v < CK_BLOCK; v++) out[v] = step(out[v], query[d], block[d * CK_BLOCK + v]);
}

CK_INLINE uint64_t at_most(const float *out, float bound) {
    uint64_t winners = 0;
    for (size_t v = 0; v < CK_BLOCK; v++) winners |= (uint64_t)(out[v] <= bound) << v;
    return winners;
}

CK_INLINE uint64_t at_least(const float *out, float bound) {
    uint64_t winners = 0;
    for (size_t v = 0; v < CK_BLOCK; v++) winners |= (uint64_t)(out[v] >= bound) << v;
    return winners;
}

// ---- Kernels --------------------------------------------------------------------------------------------------------

static float l1_pair(const float *a, const float *b, size_t n) { return pair_loop(a, b, n, l1_step); }

static float l2sq_pair(const float *a, const float *b, size_t n) { return pair_loop(a, b, n, l2sq_step); }

static float dot_pair(const float *a, const float *b, size_t n) { return pair_loop(a, b, n, dot_step); }

static void l1_gather(const float *query, const float *rows, size_t stride, const uint32_t *ids, size_t count, size_t n,
                      float *out) {
    gather_loop(query, rows, stride, ids, count, n, out, l1_step);
}

static void l2sq_gather(const float *query, const float *rows, size_t stride, const uint32_t *ids, size_t count,
                        size_t n, float *out) {
    gather_loop(query, rows, stride, ids, count, n, out, l2sq_step);
}

static void dot_gather(const float *query, const float *rows, size_t stride, const uint32_t *ids, size_t count,
                       size_t n, float *out) {
    gather_loop(query, rows, stride, ids, count, n, out, dot_step);
}

static void l1_scan(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    scan_loop(query, rows, stride, count, n, out, l1_step);
}

static void l2sq_scan(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    scan_loop(query, rows, stride, count, n, out, l2sq_step);
}

static void dot_scan(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    scan_loop(query, rows, stride, count, n, out, dot_step);
}

static uint64_t l1_scan_block(const float *query, const float *block, size_t n, float bound, float *out) {
    block_loop(query, block, n, out, l1_step);
    return at_most(out, bound);
}

static uint64_t l2sq_scan_block(const float *query, const float *block, size_t n, float bound, float *out) {
    block_loop(query, block, n, out, l2sq_step);
    return at_most(out, bound);
}

static uint64_t dot_scan_block(const float *query, const float *block, size_t n, float bound, float *out) {
    block_loop(query, block, n, out, dot_step);
    return at_least(out, bound);
}

static uint64_t select_products(const float *products, const float *offsets, float bound) {
    uint64_t selected = 0;
    for (size_t v = 0; v < CK_BLOCK; v++) selected |= (uint64_t)(products[v] - offsets[v] >= bound) << v;
    return selected;
}

const ck_table ck_table_portable = {
    .name = "portable",
    .required_features = 0,
    .l1 = {l1_pair, l1_gather, l1_scan, l1_scan_block},
    .l2sq = {l2sq_pair, l2sq_gather, l2sq_scan, l2sq_scan_block},
    .dot = {dot_pair, dot_gather, dot_scan, dot_scan_block},
    .select = select_products,
};
