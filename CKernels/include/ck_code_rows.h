// SPDX-License-Identifier: Apache-2.0
//
// Distances from a query to rows of codes, each with a range of its own. CKernels/README.md is the contract.
//
// A row stands for a vector x. The remainder r = x - c, c being a center, is rounded to codes between its own least and
// greatest value:
//
//   r[d] is about g[d] = low + step * code[d]
//
// No value is clipped (LVQ: Aguerrebere and others, "Similarity search in the blink of an eye with compressed indices", 2023).
// An unbiased row has g scaled so that <r, r - g> = 0. The expected error of an inner product with g is then 0 over queries of
// random direction (RaBitQ: Gao and Long 2024, 2025).
//
//   kind   codes     a row's bytes, n codes, half = (n + 1) / 2
//   u4     0...15    byte i: code i in the low nibble, code half + i in the high nibble; 0 where n is odd and there is none
//   u8     0...255   byte i: code i
//
// A row is whole cache lines and begins on one. The bytes behind the codes in the last line do not count: the row's terms may
// lie there.

#ifndef CK_CODE_ROWS_H
#define CK_CODE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What is known of a row beside its codes. `constant` is the part of the distance that does not depend on the query. The kernels
// do not read `error`.
typedef struct {
    float constant;
    float low;
    float step;
    float error;
} ck_code_terms;

// Codes and terms of row r: codes + r * stride and terms + r * terms_stride bytes; terms begin at a multiple of 16 bytes.
typedef struct {
    const uint8_t *codes;
    size_t stride;
    const uint8_t *terms;
    size_t terms_stride;
    size_t n;      // codes of a row
    size_t lines;  // cache lines that hold them
} ck_code_rows;

// The head of a query is its first cache line. The query's codes e follow, in the order of a row's bytes and padded with zeros:
//
//   dot   kind u4: int8_t, those of the low nibbles in `lines` lines, then those of the high nibbles in as many
//         kind u8: int16_t, 2 * lines lines
//   l1    float: u4 in 4 * lines lines for each nibble, u8 in 4 * lines lines
//
// For dot, a value of q - c is about scale * e, and code_sum is the sum of e. For l1, e is q - c, and both are 0.
typedef struct {
    float constant;
    float scale;
    float code_sum;
    float squared_norm;    // |q - c|^2, not read by the kernels
    float center_product;  // <q, c>, not read by the kernels
    float unit;            // what a distance is multiplied by to have the metric's unit, not read by the kernels
    float own_error;       // |r - g| of the row that the query was made of, not read by the kernels
    float padding[9];
} ck_code_query;

enum { CK_LINE_BYTES = 64 };

// Rows that a gather asks for before it measures them. Each has `lines` cache lines and one of terms: about 48 lines are
// under way. Benchmarks/EXPERIMENTS.md says what other numbers give.
enum { CK_LINES_UNDER_WAY = 48 };

static inline size_t ck_rows_ahead(size_t lines) { return CK_LINES_UNDER_WAY / (lines + 1) + 1; }

// out[i] is the distance to row ids[i], i < count:
//   dot   constants of query and row - scale * (code_sum * low + step * sum(e[d] * code[d])); the sum is exact
//         FLT_MAX where that is larger, or NaN
//   l1    sum(|e[d] - (low + step * code[d])|)
// It has the same bits from gather and scan.
typedef void (*ck_code_rows_gather_fn)(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids,
                                       size_t count, float *out);

// out[i] is the distance to row first + i, i < count.
typedef void (*ck_code_rows_scan_fn)(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count,
                                     float *out);

// Makes row r a query: codes, scale and code_sum, or for l1 the values of g. The head's other fields are 0. For u4 and dot every
// table gives the same codes.
typedef void (*ck_code_rows_query_fn)(const ck_code_rows *rows, size_t r, ck_code_query *query);

// What ck_code_encode_fn found out about a vector; low and step are those of the terms.
typedef struct {
    float low;
    float step;
    float squared_norm;    // |r|^2
    float product;         // <r, g>
    float center_product;  // <r, c>
    float error;           // |r - g|
} ck_encoded_row;

// Encodes a vector of n > 0 finite values, whose remainder has a finite squared norm. Writes the bytes of a row's codes and none
// behind them. `unbiased`: g is scaled, unless |r|^2 is below 2^-100 or the factor is not between 1/2 and 2.
typedef ck_encoded_row (*ck_code_encode_fn)(const float *vector, const float *center, size_t n, int unbiased,
                                            uint8_t *codes);

// Encodes a query of n > 0 finite values, head and codes; `constant` is 0. `lines` are those of a row.
typedef void (*ck_code_query_fn)(const float *query, const float *center, size_t n, size_t lines, ck_code_query *out);

typedef struct {
    ck_code_rows_gather_fn gather;
    ck_code_rows_scan_fn scan;
    ck_code_query_fn encode_query;
    ck_code_rows_query_fn row_query;
} ck_code_row_kernels;

// A second plane of 4 bits beside codes of kind u4, in the same layout: where about its code a value of r lies, in sixteenths of
// CK_REMAINDER_WIDTH steps. The width exceeds a step because scaling moves codes away from their values.
#define CK_REMAINDER_WIDTH 1.125f

typedef void (*ck_encode_remainders_fn)(const float *vector, const float *center, size_t n, float low, float step,
                                        const uint8_t *codes, uint8_t *remainders);

// vector[d] = center[d] + g[d], d < n, for u4 with the remainders.
typedef void (*ck_decode_u4_fn)(const uint8_t *codes, const uint8_t *remainders, const float *center, size_t n,
                                float low, float step, float *vector);
typedef void (*ck_decode_u8_fn)(const uint8_t *codes, const float *center, size_t n, float low, float step,
                                float *vector);

// One instruction set's functions. Integer sums are exact. What is computed in floats differs between sets by rounding.
typedef struct {
    const char *name;
    uint32_t required_features;
    ck_code_row_kernels u4_dot, u8_dot, u4_l1, u8_l1;
    ck_code_encode_fn encode_u4, encode_u8;
    ck_encode_remainders_fn encode_remainders;
    ck_decode_u4_fn decode_u4;
    ck_decode_u8_fn decode_u8;
} ck_code_row_table;

// Every table compiled into this program, the fastest first ("avx512vnni", "avxvnni", "avx2"); the last one is portable and runs
// anywhere.
size_t ck_code_row_table_count(void);
const ck_code_row_table *ck_code_row_table_at(size_t index);

// The table of that name, or NULL.
const ck_code_row_table *ck_code_row_table_named(const char *name);

#ifdef __cplusplus
}
#endif
#endif
