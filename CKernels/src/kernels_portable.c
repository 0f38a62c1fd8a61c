// SPDX-License-Identifier: Apache-2.0
//
// The specification of every other kernel file, in plain C.

#include "tables.h"

#include <math.h>

typedef float element;

CK_INLINE float value(float x) { return x; }

#include "loops_portable.h"

#include "shapes_rows.h"

// ---- Blocks ---------------------------------------------------------------------------------------------------------

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

static uint64_t l1_scan_block(const float *query, const float *block, size_t n, float bound, size_t lines_ahead,
                               float *out) {
    (void)lines_ahead;
    block_loop(query, block, n, out, l1_step);
    return at_most(out, bound);
}

static uint64_t l2sq_scan_block(const float *query, const float *block, size_t n, float bound, size_t lines_ahead,
                               float *out) {
    (void)lines_ahead;
    block_loop(query, block, n, out, l2sq_step);
    return at_most(out, bound);
}

static uint64_t dot_scan_block(const float *query, const float *block, size_t n, float bound, size_t lines_ahead,
                               float *out) {
    (void)lines_ahead;
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
