// SPDX-License-Identifier: Apache-2.0
//
// The specification of every other file of kernels on rows of codes, in plain C.

#include <float.h>

#include "loops_encode.h"

// The distance of which `sum` is the products' part.
CK_INLINE float distance(const ck_code_query *query, const ck_code_terms *terms, int32_t sum) {
    const float product = query->code_sum * terms->low + terms->step * (float)sum;
    const float distance = query->constant + terms->constant - query->scale * product;
    return distance < FLT_MAX ? distance : FLT_MAX;
}

CK_INLINE float dot_u4(const ck_code_query *query, const ck_code_rows *rows, size_t r) {
    const int8_t *const e = (const int8_t *)(query + 1);
    const uint8_t *const codes = codes_of(rows, r);
    const size_t half = (rows->n + 1) / 2, padded = rows->lines * CK_LINE_BYTES;
    int32_t sum = 0;
    for (size_t i = 0; i < half; i++) sum += e[i] * (codes[i] & 15);
    for (size_t i = 0; i < rows->n - half; i++) sum += e[padded + i] * (codes[i] >> 4);
    return distance(query, terms_of(rows, r), sum);
}

CK_INLINE float dot_u8(const ck_code_query *query, const ck_code_rows *rows, size_t r) {
    const int16_t *const e = (const int16_t *)(query + 1);
    const uint8_t *const codes = codes_of(rows, r);
    int32_t sum = 0;
    for (size_t i = 0; i < rows->n; i++) sum += e[i] * codes[i];
    return distance(query, terms_of(rows, r), sum);
}

static void gather_dot_u4(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                          float *out) {
    for (size_t i = 0; i < count; i++) out[i] = dot_u4(query, rows, ids[i]);
}

static void gather_dot_u8(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                          float *out) {
    for (size_t i = 0; i < count; i++) out[i] = dot_u8(query, rows, ids[i]);
}

static void scan_dot_u4(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = dot_u4(query, rows, first + i);
}

static void scan_dot_u8(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = dot_u8(query, rows, first + i);
}

const ck_code_row_table ck_code_row_table_portable = {
    .name = "portable",
    .required_features = 0,
    .u4_dot = {gather_dot_u4, scan_dot_u4, encode_query_dot_u4, row_query_dot_u4},
    .u8_dot = {gather_dot_u8, scan_dot_u8, encode_query_dot_u8, row_query_dot_u8},
    .u4_l1 = {gather_l1_u4, scan_l1_u4, encode_query_l1_u4, row_query_l1_u4},
    .u8_l1 = {gather_l1_u8, scan_l1_u8, encode_query_l1_u8, row_query_l1_u8},
    .encode_u4 = encode_u4,
    .encode_u8 = encode_u8,
    .encode_remainders = encode_remainders,
    .decode_u4 = decode_u4,
    .decode_u8 = decode_u8,
};
