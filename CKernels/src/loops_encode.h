// SPDX-License-Identifier: Apache-2.0
//
// Vectors and queries to codes, and codes back to vectors: plain C that the compiler vectorizes for the instruction set of the
// file that includes it. Sums are added in whatever order is fastest.

#include "tables.h"

#include <math.h>

#pragma clang fp reassociate(on) contract(fast)

// Ranges below this are not divided: a step, or the scale of a query with codes to 2,047, would be denormal and its inverse
// infinite.
#define CK_LEAST_RANGE 0x1p-115f

// Lengths below this are not scaled: of their squares too few bits are left.
#define CK_LEAST_SQUARED_NORM 0x1p-100f

// The least and the greatest value of v - c, and |v - c|^2 and <v - c, c>.
typedef struct {
    float least, greatest, squared_norm, center_product;
} remainder_sums;

CK_INLINE remainder_sums sum_remainder(const float *restrict v, const float *restrict c, size_t n) {
    float least = v[0] - c[0], greatest = least, squared_norm = 0, center_product = 0;
    for (size_t i = 0; i < n; i++) {
        const float r = v[i] - c[i];
        least = r < least ? r : least;
        greatest = r > greatest ? r : greatest;
        squared_norm += r * r;
        center_product += r * c[i];
    }
    return (remainder_sums){least, greatest, squared_norm, center_product};
}

CK_INLINE float code_of(float r, float low, float inverse, float largest) {
    const float steps = (r - low) * inverse + 0.5f;
    return steps < largest ? steps : largest;
}

// Adds <r, g> and |r - g|^2 of n values, whose codes are those of the bytes given, shifted and masked.
CK_INLINE void add_products(const float *restrict v, const float *restrict c, const uint8_t *restrict codes, size_t n,
                            int shift, int mask, float low, float step, float *product, float *squared) {
    float p = 0, s = 0;
    for (size_t i = 0; i < n; i++) {
        const float r = v[i] - c[i];
        const float g = low + step * (float)(codes[i] >> shift & mask);
        p += r * g;
        s += (r - g) * (r - g);
    }
    *product += p;
    *squared += s;
}

// <r, g> and |r - g|^2 of a whole row.
typedef struct {
    float product, squared_error;
} row_products;

CK_INLINE row_products products_u4(const float *v, const float *c, size_t n, const uint8_t *codes, float low,
                                   float step) {
    const size_t half = (n + 1) / 2;
    row_products sums = {0, 0};
    add_products(v, c, codes, half, 0, 15, low, step, &sums.product, &sums.squared_error);
    add_products(v + half, c + half, codes, n - half, 4, 15, low, step, &sums.product, &sums.squared_error);
    return sums;
}

CK_INLINE row_products products_u8(const float *v, const float *c, size_t n, const uint8_t *codes, float low,
                                   float step) {
    row_products sums = {0, 0};
    add_products(v, c, codes, n, 0, 255, low, step, &sums.product, &sums.squared_error);
    return sums;
}

typedef row_products (*products_fn)(const float *v, const float *c, size_t n, const uint8_t *codes, float low,
                                    float step);

// What is known of a row whose codes are written: g is scaled if that is asked for and r has a length.
CK_INLINE ck_encoded_row finish_row(const float *v, const float *c, size_t n, const uint8_t *codes, int unbiased,
                                    remainder_sums sums, float step, products_fn products) {
    ck_encoded_row row = {sums.least, step, sums.squared_norm, 0, sums.center_product, 0};
    row_products found = products(v, c, n, codes, row.low, row.step);
    const bool has_length = sums.squared_norm >= CK_LEAST_SQUARED_NORM && found.product > 0;
    const float scale = has_length ? sums.squared_norm / found.product : 1;
    // Where a few values have most of the range, the codes of the others say little; a large scale would only blow them up.
    if (unbiased && scale > 0.5f && scale < 2) {
        row.low *= scale;
        row.step *= scale;
        found = products(v, c, n, codes, row.low, row.step);
    }
    row.product = found.product;
    row.error = sqrtf(found.squared_error);
    return row;
}

static ck_encoded_row encode_u4(const float *restrict vector, const float *restrict center, size_t n, int unbiased,
                                uint8_t *restrict codes) {
    const remainder_sums sums = sum_remainder(vector, center, n);
    const float range = sums.greatest - sums.least;
    const float step = range >= CK_LEAST_RANGE ? range / 15 : 0;
    const float inverse = step > 0 ? 1 / step : 0;
    const float low = sums.least;
    const size_t half = (n + 1) / 2;
    for (size_t i = 0; i < n - half; i++) {
        const int32_t a = (int32_t)code_of(vector[i] - center[i], low, inverse, 15);
        const int32_t b = (int32_t)code_of(vector[half + i] - center[half + i], low, inverse, 15);
        codes[i] = (uint8_t)(a | b << 4);
    }
    if (n % 2 == 1) codes[half - 1] = (uint8_t)code_of(vector[half - 1] - center[half - 1], low, inverse, 15);
    return finish_row(vector, center, n, codes, unbiased, sums, step, products_u4);
}

static ck_encoded_row encode_u8(const float *restrict vector, const float *restrict center, size_t n, int unbiased,
                                uint8_t *restrict codes) {
    const remainder_sums sums = sum_remainder(vector, center, n);
    const float range = sums.greatest - sums.least;
    const float step = range >= CK_LEAST_RANGE ? range / 255 : 0;
    const float inverse = step > 0 ? 1 / step : 0;
    for (size_t i = 0; i < n; i++)
        codes[i] = (uint8_t)(int32_t)code_of(vector[i] - center[i], sums.least, inverse, 255);
    return finish_row(vector, center, n, codes, unbiased, sums, step, products_u8);
}

// ---- Queries --------------------------------------------------------------------------------------------------------

// The largest absolute code of a query to rows of u8: so that a sum of n products with 255 is an int32_t.
CK_INLINE float largest_i16(size_t n) {
    const size_t most = 0x7FFFFFFF / (255 * (n > 0 ? n : 1));
    return most < 2047 ? (float)most : 2047;
}

CK_INLINE float rounded(float x) { return x + (x < 0 ? -0.5f : 0.5f); }

// The head of a query whose codes may be as large as `largest`; returns the inverse of its scale.
CK_INLINE float begin_query(const float *q, const float *c, size_t n, float largest, ck_code_query *out) {
    const remainder_sums sums = sum_remainder(q, c, n);
    const float most = -sums.least > sums.greatest ? -sums.least : sums.greatest;
    *out = (ck_code_query){0};
    out->scale = most >= CK_LEAST_RANGE ? most / largest : 0;
    out->squared_norm = sums.squared_norm;
    float product = 0;
    for (size_t i = 0; i < n; i++) product += q[i] * c[i];
    out->center_product = product;
    return out->scale > 0 ? 1 / out->scale : 0;
}

CK_INLINE int32_t encode_i8(const float *restrict q, const float *restrict c, size_t n, size_t padded, float inverse,
                            int8_t *restrict e) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t code = (int32_t)rounded((q[i] - c[i]) * inverse);
        e[i] = (int8_t)code;
        sum += code;
    }
    for (size_t i = n; i < padded; i++) e[i] = 0;
    return sum;
}

static void encode_query_dot_u4(const float *query, const float *center, size_t n, size_t lines, ck_code_query *out) {
    const float inverse = begin_query(query, center, n, 127, out);
    const size_t half = (n + 1) / 2, padded = lines * CK_LINE_BYTES;
    int8_t *const e = (int8_t *)(out + 1);
    const int32_t low_sum = encode_i8(query, center, half, padded, inverse, e);
    out->code_sum =
        (float)(low_sum + encode_i8(query + half, center + half, n - half, padded, inverse, e + padded));
}

static void encode_query_dot_u8(const float *restrict query, const float *restrict center, size_t n, size_t lines,
                                ck_code_query *restrict out) {
    const float inverse = begin_query(query, center, n, largest_i16(n), out);
    const size_t padded = lines * CK_LINE_BYTES;
    int16_t *const restrict e = (int16_t *)(out + 1);
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t code = (int32_t)rounded((query[i] - center[i]) * inverse);
        e[i] = (int16_t)code;
        sum += code;
    }
    for (size_t i = n; i < padded; i++) e[i] = 0;
    out->code_sum = (float)sum;
}

CK_INLINE void copy_remainder(const float *restrict q, const float *restrict c, size_t n, size_t padded,
                              float *restrict e) {
    for (size_t i = 0; i < n; i++) e[i] = q[i] - c[i];
    for (size_t i = n; i < padded; i++) e[i] = 0;
}

static void encode_query_l1_u4(const float *query, const float *center, size_t n, size_t lines, ck_code_query *out) {
    begin_query(query, center, n, 1, out);
    const size_t half = (n + 1) / 2, padded = lines * CK_LINE_BYTES;
    float *const e = (float *)(out + 1);
    copy_remainder(query, center, half, padded, e);
    copy_remainder(query + half, center + half, n - half, padded, e + padded);
}

static void encode_query_l1_u8(const float *query, const float *center, size_t n, size_t lines, ck_code_query *out) {
    begin_query(query, center, n, 1, out);
    copy_remainder(query, center, n, lines * CK_LINE_BYTES, (float *)(out + 1));
}

// ---- Rows as queries ------------------------------------------------------------------------------------------------

CK_INLINE const uint8_t *codes_of(const ck_code_rows *rows, size_t r) { return rows->codes + r * rows->stride; }

CK_INLINE const ck_code_terms *terms_of(const ck_code_rows *rows, size_t r) {
    return (const ck_code_terms *)(rows->terms + r * rows->terms_stride);
}

// The head of a row that becomes a query; returns the inverse of its scale.
CK_INLINE float begin_row_query(const ck_code_terms *terms, float largest_code, float largest, ck_code_query *out) {
    const float high = terms->low + terms->step * largest_code;
    const float a = fabsf(terms->low), b = fabsf(high);
    const float most = a > b ? a : b;
    *out = (ck_code_query){0};
    out->scale = most >= CK_LEAST_RANGE ? most / largest : 0;
    return out->scale > 0 ? 1 / out->scale : 0;
}

CK_INLINE int32_t row_to_i8(const uint8_t *restrict codes, size_t n, size_t padded, int shift, float low, float step,
                            int8_t *restrict e) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t code = (int32_t)rounded(low + step * (float)(codes[i] >> shift & 15));
        e[i] = (int8_t)code;
        sum += code;
    }
    for (size_t i = n; i < padded; i++) e[i] = 0;
    return sum;
}

static void row_query_dot_u4(const ck_code_rows *rows, size_t r, ck_code_query *out) {
    const ck_code_terms *const terms = terms_of(rows, r);
    const float inverse = begin_row_query(terms, 15, 127, out);
    const float low = terms->low * inverse, step = terms->step * inverse;
    const size_t half = (rows->n + 1) / 2, padded = rows->lines * CK_LINE_BYTES;
    int8_t *const e = (int8_t *)(out + 1);
    const int32_t low_sum = row_to_i8(codes_of(rows, r), half, padded, 0, low, step, e);
    out->code_sum = (float)(low_sum + row_to_i8(codes_of(rows, r), rows->n - half, padded, 4, low, step, e + padded));
}

static void row_query_dot_u8(const ck_code_rows *rows, size_t r, ck_code_query *out) {
    const ck_code_terms *const terms = terms_of(rows, r);
    const float inverse = begin_row_query(terms, 255, largest_i16(rows->n), out);
    const float low = terms->low * inverse, step = terms->step * inverse;
    const uint8_t *const restrict codes = codes_of(rows, r);
    int16_t *const restrict e = (int16_t *)(out + 1);
    int32_t sum = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const int32_t code = (int32_t)rounded(low + step * (float)codes[i]);
        e[i] = (int16_t)code;
        sum += code;
    }
    for (size_t i = rows->n; i < rows->lines * CK_LINE_BYTES; i++) e[i] = 0;
    out->code_sum = (float)sum;
}

CK_INLINE void row_to_floats(const uint8_t *restrict codes, size_t n, size_t padded, int shift, int mask, float low,
                             float step, float *restrict e) {
    for (size_t i = 0; i < n; i++) e[i] = low + step * (float)(codes[i] >> shift & mask);
    for (size_t i = n; i < padded; i++) e[i] = 0;
}

static void row_query_l1_u4(const ck_code_rows *rows, size_t r, ck_code_query *out) {
    const ck_code_terms *const terms = terms_of(rows, r);
    const size_t half = (rows->n + 1) / 2, padded = rows->lines * CK_LINE_BYTES;
    float *const e = (float *)(out + 1);
    *out = (ck_code_query){0};
    row_to_floats(codes_of(rows, r), half, padded, 0, 15, terms->low, terms->step, e);
    row_to_floats(codes_of(rows, r), rows->n - half, padded, 4, 15, terms->low, terms->step, e + padded);
}

static void row_query_l1_u8(const ck_code_rows *rows, size_t r, ck_code_query *out) {
    const ck_code_terms *const terms = terms_of(rows, r);
    *out = (ck_code_query){0};
    row_to_floats(codes_of(rows, r), rows->n, rows->lines * CK_LINE_BYTES, 0, 255, terms->low, terms->step,
                  (float *)(out + 1));
}

// ---- Manhattan ------------------------------------------------------------------------------------------------------

// Codes are decoded in registers: they have no common steps, and no integers whose differences would count.
CK_INLINE float l1_sum(const float *restrict e, const uint8_t *restrict codes, size_t n, int shift, int mask, float low,
                       float step) {
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += fabsf(e[i] - (low + step * (float)(codes[i] >> shift & mask)));
    return sum;
}

CK_INLINE float l1_u4(const ck_code_query *query, const ck_code_rows *rows, size_t r) {
    const ck_code_terms *const terms = terms_of(rows, r);
    const size_t half = (rows->n + 1) / 2;
    const float *const e = (const float *)(query + 1);
    return l1_sum(e, codes_of(rows, r), half, 0, 15, terms->low, terms->step) +
           l1_sum(e + rows->lines * CK_LINE_BYTES, codes_of(rows, r), rows->n - half, 4, 15, terms->low, terms->step);
}

CK_INLINE float l1_u8(const ck_code_query *query, const ck_code_rows *rows, size_t r) {
    const ck_code_terms *const terms = terms_of(rows, r);
    return l1_sum((const float *)(query + 1), codes_of(rows, r), rows->n, 0, 255, terms->low, terms->step);
}

static void gather_l1_u4(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                         float *out) {
    for (size_t i = 0; i < count; i++) out[i] = l1_u4(query, rows, ids[i]);
}

static void gather_l1_u8(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                         float *out) {
    for (size_t i = 0; i < count; i++) out[i] = l1_u8(query, rows, ids[i]);
}

static void scan_l1_u4(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = l1_u4(query, rows, first + i);
}

static void scan_l1_u8(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = l1_u8(query, rows, first + i);
}

// ---- The second plane, and vectors again ----------------------------------------------------------------------------

// Where about its code a value lies, in sixteenths of CK_REMAINDER_WIDTH steps; 8 is the code itself.
CK_INLINE int32_t remainder_of(float r, float low, float inverse, float code) {
    const float place = ((r - low) * inverse - code) * (16 / CK_REMAINDER_WIDTH) + 8.5f;
    const float above = place > 0 ? place : 0;
    return (int32_t)(above < 15 ? above : 15);
}

static void encode_remainders(const float *restrict vector, const float *restrict center, size_t n, float low,
                              float step, const uint8_t *restrict codes, uint8_t *restrict remainders) {
    const float inverse = step > 0 ? 1 / step : 0;
    const size_t half = (n + 1) / 2;
    for (size_t i = 0; i < n - half; i++) {
        const int32_t a = remainder_of(vector[i] - center[i], low, inverse, (float)(codes[i] & 15));
        const int32_t b = remainder_of(vector[half + i] - center[half + i], low, inverse, (float)(codes[i] >> 4));
        remainders[i] = (uint8_t)(a | b << 4);
    }
    if (n % 2 == 1) {
        const float r = vector[half - 1] - center[half - 1];
        remainders[half - 1] = (uint8_t)remainder_of(r, low, inverse, (float)(codes[half - 1] & 15));
    }
}

CK_INLINE void decode_plane(const uint8_t *restrict codes, const uint8_t *restrict remainders,
                            const float *restrict center, size_t n, int shift, float low, float step,
                            float *restrict v) {
    const float part = step * (CK_REMAINDER_WIDTH / 16);
    for (size_t i = 0; i < n; i++) {
        const float code = (float)(codes[i] >> shift & 15), remainder = (float)((remainders[i] >> shift & 15) - 8);
        v[i] = center[i] + (low + step * code + part * remainder);
    }
}

static void decode_u4(const uint8_t *codes, const uint8_t *remainders, const float *center, size_t n, float low,
                      float step, float *vector) {
    const size_t half = (n + 1) / 2;
    decode_plane(codes, remainders, center, half, 0, low, step, vector);
    decode_plane(codes, remainders, center + half, n - half, 4, low, step, vector + half);
}

static void decode_u8(const uint8_t *restrict codes, const float *restrict center, size_t n, float low, float step,
                      float *restrict vector) {
    for (size_t i = 0; i < n; i++) vector[i] = center[i] + (low + step * (float)codes[i]);
}
