// SPDX-License-Identifier: Apache-2.0
//
// The specification of every other file of kernels on rows of codes, in plain C.

#include "tables.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "code_rows.h"

// ---- Inner products -------------------------------------------------------------------------------------------------

// The distance to a row; `sum` is the sum of products of its codes with the query's.
CK_INLINE float distance(const ck_code_query *query, const ck_code_terms *terms, int32_t sum) {
#pragma clang fp reassociate(off)
    const float product = query->code_sum * terms->low + terms->step * (float)sum;
    const float distance = query->constant + terms->constant - query->scale * product;
    return distance < FLT_MAX ? distance : FLT_MAX;
}

CK_INLINE float dot_u4(const ck_code_query *query, const ck_code_rows *rows, size_t r) {
    const uint8_t *const codes = codes_of(rows, r);
    const size_t half = half_of(rows->n);
    const int8_t *const low = (const int8_t *)(query + 1), *const high = low + row_bytes(rows);
    int32_t sum = 0;
    for (size_t i = 0; i < half; i++) sum += low[i] * (codes[i] & 15);
    for (size_t i = 0; i < rows->n - half; i++) sum += high[i] * (codes[i] >> 4);
    return distance(query, terms_of(rows, r), sum);
}

CK_INLINE float dot_u8(const ck_code_query *query, const ck_code_rows *rows, size_t r) {
    const uint8_t *const codes = codes_of(rows, r);
    const int16_t *const e = (const int16_t *)(query + 1);
    int32_t sum = 0;
    for (size_t i = 0; i < rows->n; i++) sum += e[i] * codes[i];
    return distance(query, terms_of(rows, r), sum);
}

static void gather_dot_u4(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                          float *out) {
    gather_one_by_one(query, rows, ids, count, out, dot_u4);
}

static void gather_dot_u8(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                          float *out) {
    gather_one_by_one(query, rows, ids, count, out, dot_u8);
}

static void scan_dot_u4(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    scan_one_by_one(query, rows, first, count, out, dot_u4);
}

static void scan_dot_u8(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    scan_one_by_one(query, rows, first, count, out, dot_u8);
}

// ---- The table ------------------------------------------------------------------------------------------------------

CK_INLINE void map_nibbles(const uint8_t *restrict codes, size_t bytes, const int8_t *restrict levels,
                           int8_t *restrict low, int8_t *restrict high) {
    for (size_t i = 0; i < bytes; i++) {
        low[i] = levels[codes[i] & 15];
        high[i] = levels[codes[i] >> 4];
    }
}

#include "loops_row_decode.h"
#include "loops_row_encode.h"
#include "loops_row_l1.h"
#include "loops_row_queries.h"

const ck_code_row_table ck_code_row_table_portable = {
    .name = "portable",
    .required_features = 0,
    CODE_ROW_FUNCTIONS,
};
