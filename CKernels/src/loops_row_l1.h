// SPDX-License-Identifier: Apache-2.0
//
// Manhattan distances to rows of codes. Each row has a step of its own, so that integer codes cannot be subtracted: they become
// floats in registers.

// Of n values, whose codes are those of the bytes given, shifted and masked.
CK_INLINE float l1_sum(const float *restrict e, const uint8_t *restrict codes, size_t n, int shift, int mask, float low,
                       float step) {
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += fabsf(e[i] - (low + step * (float)(codes[i] >> shift & mask)));
    return sum;
}

CK_INLINE float l1_u4(const ck_code_query *query, const ck_code_rows *rows, size_t r) {
    const ck_code_terms terms = *terms_of(rows, r);
    const uint8_t *const codes = codes_of(rows, r);
    const size_t half = half_of(rows->n);
    const float *const low = (const float *)(query + 1), *const high = low + row_bytes(rows);
    return l1_sum(low, codes, half, 0, 15, terms.low, terms.step) +
           l1_sum(high, codes, rows->n - half, 4, 15, terms.low, terms.step);
}

CK_INLINE float l1_u8(const ck_code_query *query, const ck_code_rows *rows, size_t r) {
    const ck_code_terms terms = *terms_of(rows, r);
    return l1_sum((const float *)(query + 1), codes_of(rows, r), rows->n, 0, 255, terms.low, terms.step);
}

static void gather_l1_u4(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                         float *out) {
    gather_one_by_one(query, rows, ids, count, out, l1_u4);
}

static void gather_l1_u8(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                         float *out) {
    gather_one_by_one(query, rows, ids, count, out, l1_u8);
}

static void scan_l1_u4(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    scan_one_by_one(query, rows, first, count, out, l1_u4);
}

static void scan_l1_u8(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    scan_one_by_one(query, rows, first, count, out, l1_u8);
}
