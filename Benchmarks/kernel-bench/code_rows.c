// SPDX-License-Identifier: Apache-2.0

#include "code_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Layouts --------------------------------------------------------------------------------------------------------

static size_t whole_lines(size_t bytes) { return (bytes + CK_LINE_BYTES - 1) / CK_LINE_BYTES; }

static size_t u4_lines(size_t n) { return whole_lines((n + 1) / 2); }

static size_t u8_lines(size_t n) { return whole_lines(n); }

// Codes, and terms at a multiple of 16.
static size_t u4_bytes(size_t n) { return ((n + 1) / 2 + 15) / 16 * 16 + sizeof(ck_code_terms); }

static size_t u8_bytes(size_t n) { return (n + 15) / 16 * 16 + sizeof(ck_code_terms); }

static size_t u4_dot_query_bytes(size_t n) { return sizeof(ck_code_query) + 2 * u4_lines(n) * CK_LINE_BYTES; }

static size_t u8_dot_query_bytes(size_t n) { return sizeof(ck_code_query) + 2 * u8_lines(n) * CK_LINE_BYTES; }

static size_t u4_l1_query_bytes(size_t n) { return sizeof(ck_code_query) + 8 * u4_lines(n) * CK_LINE_BYTES; }

static size_t u8_l1_query_bytes(size_t n) { return sizeof(ck_code_query) + 4 * u8_lines(n) * CK_LINE_BYTES; }

// Random bytes are codes; a query's are encoded.
static void fill_codes(void *data, size_t bytes, uint32_t seed) {
    uint8_t *codes = data;
    for (size_t i = 0; i < bytes; i++) codes[i] = (uint8_t)(next_random(&seed) >> 24);
}

static void fill_nothing(void *data, size_t bytes, uint32_t seed) {
    (void)seed;
    memset(data, 0, bytes);
}

// Terms of 0 to 1.
static void fill_terms(void *rows, size_t stride_bytes, size_t row_count) {
    uint32_t seed = 5;
    for (size_t r = 0; r < row_count; r++) {
        float terms[4];
        for (size_t i = 0; i < 4; i++) terms[i] = (float)(next_random(&seed) >> 8) * 0x1p-24f;
        memcpy((char *)rows + (r + 1) * stride_bytes - sizeof terms, terms, sizeof terms);
    }
}

// A random vector without a center, by the portable kernels, which are the specification.
static void encode_query(ck_code_query_fn encode, size_t lines, void *query, size_t n) {
    float *const vector = calloc(2 * n, sizeof *vector);
    if (!vector) abort();
    encoding_f32.fill(vector, n * sizeof *vector, 2);
    encode(vector, vector + n, n, lines, query);
    free(vector);
}

static const ck_code_row_table *portable(void) { return ck_code_row_table_named("portable"); }

static void u4_dot_complete(void *query, void *rows, size_t stride_bytes, size_t row_count, size_t n) {
    encode_query(portable()->u4_dot.encode_query, u4_lines(n), query, n);
    fill_terms(rows, stride_bytes, row_count);
}

static void u8_dot_complete(void *query, void *rows, size_t stride_bytes, size_t row_count, size_t n) {
    encode_query(portable()->u8_dot.encode_query, u8_lines(n), query, n);
    fill_terms(rows, stride_bytes, row_count);
}

static void u4_l1_complete(void *query, void *rows, size_t stride_bytes, size_t row_count, size_t n) {
    encode_query(portable()->u4_l1.encode_query, u4_lines(n), query, n);
    fill_terms(rows, stride_bytes, row_count);
}

static void u8_l1_complete(void *query, void *rows, size_t stride_bytes, size_t row_count, size_t n) {
    encode_query(portable()->u8_l1.encode_query, u8_lines(n), query, n);
    fill_terms(rows, stride_bytes, row_count);
}

static const encoding u4_rows = {u4_bytes, fill_codes, NULL}, u8_rows = {u8_bytes, fill_codes, NULL};
static const encoding u4_dot_query = {u4_dot_query_bytes, fill_nothing, NULL};
static const encoding u8_dot_query = {u8_dot_query_bytes, fill_nothing, NULL};
static const encoding u4_l1_query = {u4_l1_query_bytes, fill_nothing, NULL};
static const encoding u8_l1_query = {u8_l1_query_bytes, fill_nothing, NULL};

const layout layout_u4_dot_rows = {"u4_", &u4_dot_query, &u4_rows, 1, true, u4_dot_complete};
const layout layout_u8_dot_rows = {"u8_", &u8_dot_query, &u8_rows, 1, true, u8_dot_complete};
const layout layout_u4_l1_rows = {"u4_", &u4_l1_query, &u4_rows, 1, true, u4_l1_complete};
const layout layout_u8_l1_rows = {"u8_", &u8_l1_query, &u8_rows, 1, true, u8_l1_complete};

static bool is_u4(const workload *w) { return w->layout->row == &u4_rows; }

ck_code_rows code_rows_of(const workload *w) {
    const uint8_t *const bytes = w->rows;
    return (ck_code_rows){.codes = bytes,
                          .stride = w->stride_bytes,
                          .terms = bytes + w->stride_bytes - sizeof(ck_code_terms),
                          .terms_stride = w->stride_bytes,
                          .n = w->n,
                          .lines = is_u4(w) ? u4_lines(w->n) : u8_lines(w->n)};
}

const ck_code_query *code_query_of(const workload *w) { return w->query; }

// ---- True values ----------------------------------------------------------------------------------------------------

static ck_code_terms terms_of(const workload *w, size_t row) {
    const ck_code_rows rows = code_rows_of(w);
    ck_code_terms terms;
    memcpy(&terms, rows.terms + row * rows.terms_stride, sizeof terms);
    return terms;
}

// Code i of a row.
static double code_of(const workload *w, size_t row, size_t i) {
    const uint8_t *const codes = workload_row(w, row);
    const size_t half = (w->n + 1) / 2;
    if (!is_u4(w)) return codes[i];
    return i < half ? codes[i] & 15 : codes[i - half] >> 4;
}

// What a query holds for code i of a row.
static double query_code(const workload *w, sum_kind sum, size_t i) {
    const void *const e = code_query_of(w) + 1;
    const size_t half = (w->n + 1) / 2;
    const size_t place = is_u4(w) && i >= half ? u4_lines(w->n) * CK_LINE_BYTES + i - half : i;
    if (sum == SUM_L1) return (double)((const float *)e)[place];
    return is_u4(w) ? ((const int8_t *)e)[place] : ((const int16_t *)e)[place];
}

void code_row_distance(const kernel *kernel, const workload *w, size_t row, double *value, double *error) {
    const ck_code_query *const query = code_query_of(w);
    const ck_code_terms terms = terms_of(w, row);
    const double low = (double)terms.low, step = (double)terms.step, u = 0x1p-24;
    double l1 = 0, magnitudes = 0, product = 0;
    for (size_t i = 0; i < w->n; i++) {
        const double e = query_code(w, kernel->sum, i), code = code_of(w, row, i);
        l1 += fabs(e - (low + step * code));
        magnitudes += fabs(e) + fabs(low) + step * code;
        product += e * code;
    }
    if (kernel->sum == SUM_L1) {
        *value = l1;
        *error = sum_error_factor(w->n) * magnitudes;
        return;
    }
    const double scale = (double)query->scale, offset = (double)query->code_sum * low;
    const double constant = (double)query->constant + (double)terms.constant;
    *value = constant - scale * (offset + step * product);
    *error = 4 * u * (fabs(constant) + scale * (fabs(offset) + step * fabs(product)));
}

void code_row_sum(const kernel *kernel, const workload *w, size_t row, double *value, double *error) {
    (void)kernel;
    const ck_code_terms terms = terms_of(w, row);
    const double largest_code = is_u4(w) ? 15 : 255;
    const double largest = fmax(fabs((double)terms.low), fabs((double)terms.low + (double)terms.step * largest_code));
    *value = 0;
    for (size_t i = 0; i < w->n; i++) *value += (double)terms.low + (double)terms.step * code_of(w, row, i);
    // Half a scale a value.
    *error = (double)w->n * largest * 0.501 / (is_u4(w) ? 127 : 2047);
}
