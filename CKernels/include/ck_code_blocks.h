// SPDX-License-Identifier: Apache-2.0
//
// Inner products of many queries with blocks of 64 vectors of 8-bit codes, from which exact search bounds distances.
//
// A vector x of n floats is stood for by codes about its zero point z: x = scale * (code - z) + mean + residual, the scale its
// own. A query is stood for by signed codes in the same way. What the residuals can make of an inner product is bounded by
// their lengths (Cauchy-Schwarz), so that most vectors are ruled out without being looked at.

#ifndef CK_CODE_BLOCKS_H
#define CK_CODE_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Dimensions whose codes lie side by side: what an instruction multiplies and adds in a 32-bit lane.
enum { CK_QUAD = 4 };

// Quads whose products a table may add in 16 bits before it widens them. A 16-bit lane takes half of each quad.
enum { CK_RUN = 8 };

// Quads of n dimensions.
static inline size_t ck_quads(size_t n) { return (n + CK_QUAD - 1) / CK_QUAD; }

// out[q * CK_BLOCK + v] = sum_d query q's code d * vector v's code d, exactly. Query q's codes start at queries + q * stride; the
// code of dimension d of vector v is block[(d / CK_QUAD * CK_BLOCK + v) * CK_QUAD + d % CK_QUAD]. Both have `quads` quads, at
// most 16,384; queries hold 0 where vectors have no dimension.
typedef void (*ck_code_products_fn)(const int8_t *queries, size_t stride, size_t count, const uint8_t *block,
                                    size_t quads, int32_t *out);

// A block's vectors as estimates see them, CK_BLOCK of each.
typedef struct {
    const float *scales;
    const float *sums;     // sum x
    const float *offsets;  // what is taken off an inner product to make a score
} ck_block_terms;

// A query as estimates see it.
typedef struct {
    float scale;
    float mean;
    int32_t product_offset;  // the zero point * the sum of the query's codes
} ck_query_terms;

// For each query q < count and vector v of a block, e = mean * sums[v] + scale * scales[v] * (products[q * CK_BLOCK + v] -
// product_offset) - offsets[v]; selected[q] has a bit v where e is at least bounds[q]. estimates[q * CK_BLOCK + v] is e where the
// bit is set, and undefined elsewhere.
typedef void (*ck_code_select_fn)(const int32_t *products, size_t count, const ck_block_terms *block,
                                  const ck_query_terms *queries, const float *bounds, uint64_t *selected,
                                  float *estimates);

// One instruction set's kernels.
typedef struct {
    const char *name;
    uint32_t required_features;
    uint8_t largest_code;        // vectors' codes are 0...largest_code: 255, or less where that would saturate
    uint8_t largest_query_code;  // queries' are -largest_query_code...largest_query_code: 127, or less
    // The largest sum of the positive codes of a query in a 16-bit lane of a run, and of the negative ones' magnitudes; 0 if
    // there is no limit. Dimensions d are in one lane if d / (CK_QUAD * CK_RUN) and d / 2 % 2 are the same.
    uint16_t largest_query_sum;
    ck_code_products_fn products;
    ck_code_select_fn select;
} ck_code_block_table;

// Every table compiled into this program, the fastest first ("avx512vnni", "avxvnni", "avx2"); the last one is portable and runs
// anywhere.
size_t ck_code_block_table_count(void);
const ck_code_block_table *ck_code_block_table_at(size_t index);

// The table of that name, or NULL.
const ck_code_block_table *ck_code_block_table_named(const char *name);

// What stands for a vector beside its codes. Lengths are Euclidean, and rounded up.
typedef struct {
    float scale;
    float sum;              // sum x
    float coded_length;     // |scale * (code - z)|
    float residual_length;  // |residual|
} ck_encoded_vector;

// Writes the codes of a vector of n finite floats, z = (largest_code + 1) / 2, to place `place` of a block whose codes there
// are 0.
ck_encoded_vector ck_encode_vector(const float *v, size_t n, uint8_t largest_code, uint8_t *block, size_t place);

// The same of a query, its codes one after the other and zero point 0: query = scale * code + mean + residual.
typedef struct {
    float scale;
    float mean;
    int32_t code_sum;
    float deviation_length;  // |query - mean|
    float residual_length;
} ck_encoded_query;

// The limits are the table's: `largest_query_code` and `largest_query_sum`.
ck_encoded_query ck_encode_query(const float *query, size_t n, uint8_t largest_code, uint16_t largest_sum,
                                 int8_t *codes);

#ifdef __cplusplus
}
#endif
#endif
