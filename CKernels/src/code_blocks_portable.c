// SPDX-License-Identifier: Apache-2.0
//
// The specification of every other file of kernels on blocks of codes, in plain C.

#include "tables.h"

#include <string.h>

static void products(const int8_t *queries, size_t stride, size_t count, const uint8_t *block, size_t quads,
                     int32_t *out) {
    memset(out, 0, count * CK_BLOCK * sizeof *out);
    for (size_t q = 0; q < count; q++)
        for (size_t i = 0; i < quads; i++)
            for (size_t v = 0; v < CK_BLOCK; v++)
                for (size_t d = 0; d < CK_QUAD; d++)
                    out[q * CK_BLOCK + v] +=
                        queries[q * stride + i * CK_QUAD + d] * block[(i * CK_BLOCK + v) * CK_QUAD + d];
}

static void select_estimates(const int32_t *products, size_t count, const ck_block_terms *block,
                             const ck_query_terms *queries, const float *bounds, uint64_t *selected,
                             float *estimates) {
    for (size_t q = 0; q < count; q++, products += CK_BLOCK, estimates += CK_BLOCK) {
        selected[q] = 0;
        for (size_t v = 0; v < CK_BLOCK; v++) {
            const float product = queries[q].scale * (float)(products[v] - queries[q].product_offset);
            estimates[v] = queries[q].mean * block->sums[v] + (product * block->scales[v] - block->offsets[v]);
            selected[q] |= (uint64_t)(estimates[v] >= bounds[q]) << v;
        }
    }
}

const ck_code_block_table ck_code_block_table_portable = {
    .name = "portable",
    .required_features = 0,
    .largest_code = 255,
    .largest_query_code = 127,
    .products = products,
    .select = select_estimates,
};
