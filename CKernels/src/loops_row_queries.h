// SPDX-License-Identifier: Apache-2.0
//
// Vectors and rows to queries. The file that includes this has defined
//   map_nibbles(codes, bytes, levels, low, high)   low[i] = levels[low nibble of byte i], high[i] = levels[high nibble];
//                                                  `bytes` is a multiple of a cache line

#include "loops_remainder.h"

// The largest magnitude of a code of a query to rows of u8: the sum of n products with 255 is an int32_t.
CK_INLINE float largest_i16(size_t n) {
    const size_t most = INT32_MAX / (255 * n);
    return most < 2047 ? (float)most : 2047;
}

CK_INLINE int32_t round_to_code(float x) { return (int32_t)(x + (x < 0 ? -0.5f : 0.5f)); }

// The head of a query for dot whose largest magnitude is `most`; returns the inverse of its scale.
CK_INLINE float begin_query(float most, float largest_code, ck_code_query *out) {
    *out = (ck_code_query){0};
    out->scale = most >= CK_LEAST_RANGE ? most / largest_code : 0;
    return out->scale > 0 ? 1 / out->scale : 0;
}

// ---- Vectors --------------------------------------------------------------------------------------------------------

CK_INLINE float largest_magnitude(remainder_sums sums) { return greater(-sums.least, sums.greatest); }

CK_INLINE float inner_product(const float *restrict a, const float *restrict b, size_t n) {
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

// The code sums of n values, whose codes are written to e.
CK_INLINE int32_t encode_i8(const float *restrict q, const float *restrict c, size_t n, float inverse,
                            int8_t *restrict e) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t code = round_to_code((q[i] - c[i]) * inverse);
        e[i] = (int8_t)code;
        sum += code;
    }
    return sum;
}

CK_INLINE int32_t encode_i16(const float *restrict q, const float *restrict c, size_t n, float inverse,
                             int16_t *restrict e) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t code = round_to_code((q[i] - c[i]) * inverse);
        e[i] = (int16_t)code;
        sum += code;
    }
    return sum;
}

static void encode_query_dot_u4(const float *query, const float *center, size_t n, size_t lines, ck_code_query *out) {
    const remainder_sums sums = sum_remainder(query, center, n);
    const float inverse = begin_query(largest_magnitude(sums), 127, out);
    out->squared_norm = sums.squared_norm;
    out->center_product = inner_product(query, center, n);
    const size_t half = half_of(n), padded = lines * CK_LINE_BYTES;
    int8_t *const low = (int8_t *)(out + 1), *const high = low + padded;
    memset(low, 0, 2 * padded);
    const int32_t low_sum = encode_i8(query, center, half, inverse, low);
    out->code_sum = (float)(low_sum + encode_i8(query + half, center + half, n - half, inverse, high));
}

static void encode_query_dot_u8(const float *query, const float *center, size_t n, size_t lines, ck_code_query *out) {
    const remainder_sums sums = sum_remainder(query, center, n);
    const float inverse = begin_query(largest_magnitude(sums), largest_i16(n), out);
    out->squared_norm = sums.squared_norm;
    out->center_product = inner_product(query, center, n);
    int16_t *const e = (int16_t *)(out + 1);
    memset(e, 0, lines * CK_LINE_BYTES * sizeof *e);
    out->code_sum = (float)encode_i16(query, center, n, inverse, e);
}

CK_INLINE void subtract(const float *restrict q, const float *restrict c, size_t n, float *restrict e) {
    for (size_t i = 0; i < n; i++) e[i] = q[i] - c[i];
}

// The head of a query for l1.
CK_INLINE void begin_l1_query(const float *query, const float *center, size_t n, ck_code_query *out) {
    *out = (ck_code_query){0};
    out->squared_norm = sum_remainder(query, center, n).squared_norm;
    out->center_product = inner_product(query, center, n);
}

static void encode_query_l1_u4(const float *query, const float *center, size_t n, size_t lines, ck_code_query *out) {
    begin_l1_query(query, center, n, out);
    const size_t half = half_of(n), padded = lines * CK_LINE_BYTES;
    float *const low = (float *)(out + 1), *const high = low + padded;
    memset(low, 0, 2 * padded * sizeof *low);
    subtract(query, center, half, low);
    subtract(query + half, center + half, n - half, high);
}

static void encode_query_l1_u8(const float *query, const float *center, size_t n, size_t lines, ck_code_query *out) {
    begin_l1_query(query, center, n, out);
    float *const e = (float *)(out + 1);
    memset(e, 0, lines * CK_LINE_BYTES * sizeof *e);
    subtract(query, center, n, e);
}

// ---- Rows -----------------------------------------------------------------------------------------------------------

// The largest magnitude that a row's terms allow its values.
CK_INLINE float largest_value(const ck_code_terms *terms, float largest_code) {
    return greater(fabsf(terms->low), fabsf(terms->low + terms->step * largest_code));
}

// The codes that a query has for the sixteen codes of a row: the same from every table.
CK_INLINE void query_levels(const ck_code_terms *terms, float inverse, int8_t *levels) {
#pragma clang fp reassociate(off) contract(off)
    for (int code = 0; code < 16; code++)
        levels[code] = (int8_t)round_to_code((terms->low + terms->step * (float)code) * inverse);
}

CK_INLINE int32_t sum_i8(const int8_t *e, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += e[i];
    return sum;
}

static void row_query_dot_u4(const ck_code_rows *rows, size_t r, ck_code_query *out) {
    const ck_code_terms *const terms = terms_of(rows, r);
    const float inverse = begin_query(largest_value(terms, 15), 127, out);
    int8_t levels[16];
    query_levels(terms, inverse, levels);
    const size_t half = half_of(rows->n), rest = rows->n - half, padded = row_bytes(rows);
    int8_t *const low = (int8_t *)(out + 1), *const high = low + padded;
    map_nibbles(codes_of(rows, r), padded, levels, low, high);
    memset(low + half, 0, padded - half);
    memset(high + rest, 0, padded - rest);
    out->code_sum = (float)sum_i8(low, 2 * padded);
}

CK_INLINE int32_t row_to_i16(const uint8_t *restrict codes, size_t n, float low, float step, int16_t *restrict e) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t code = round_to_code(low + step * (float)codes[i]);
        e[i] = (int16_t)code;
        sum += code;
    }
    return sum;
}

static void row_query_dot_u8(const ck_code_rows *rows, size_t r, ck_code_query *out) {
    const ck_code_terms *const terms = terms_of(rows, r);
    const float inverse = begin_query(largest_value(terms, 255), largest_i16(rows->n), out);
    int16_t *const e = (int16_t *)(out + 1);
    memset(e, 0, row_bytes(rows) * sizeof *e);
    out->code_sum = (float)row_to_i16(codes_of(rows, r), rows->n, terms->low * inverse, terms->step * inverse, e);
}

// g of n values, whose codes are those of the bytes given, shifted and masked.
CK_INLINE void row_to_floats(const uint8_t *restrict codes, size_t n, int shift, int mask, const ck_code_terms *terms,
                             float *restrict e) {
    const float low = terms->low, step = terms->step;
    for (size_t i = 0; i < n; i++) e[i] = low + step * (float)(codes[i] >> shift & mask);
}

static void row_query_l1_u4(const ck_code_rows *rows, size_t r, ck_code_query *out) {
    const size_t half = half_of(rows->n), padded = row_bytes(rows);
    float *const low = (float *)(out + 1), *const high = low + padded;
    *out = (ck_code_query){0};
    memset(low, 0, 2 * padded * sizeof *low);
    row_to_floats(codes_of(rows, r), half, 0, 15, terms_of(rows, r), low);
    row_to_floats(codes_of(rows, r), rows->n - half, 4, 15, terms_of(rows, r), high);
}

static void row_query_l1_u8(const ck_code_rows *rows, size_t r, ck_code_query *out) {
    float *const e = (float *)(out + 1);
    *out = (ck_code_query){0};
    memset(e, 0, row_bytes(rows) * sizeof *e);
    row_to_floats(codes_of(rows, r), rows->n, 0, 255, terms_of(rows, r), e);
}
