// SPDX-License-Identifier: Apache-2.0
//
// Rows of codes as all tables read them, and the shapes of kernels that measure one row at a time.
//
// A table's file includes this, and then the loops_row_*.h. Those are plain C: the compiler vectorizes them for the instruction
// set of that file.

// The compiler may add the terms of a sum of floats in any order.
#pragma clang fp reassociate(on) contract(fast)

// Ranges below this are not divided: a step, or the scale of a query with codes to 2,047, would be denormal and its inverse
// infinite.
#define CK_LEAST_RANGE 0x1p-115f

CK_INLINE const uint8_t *codes_of(const ck_code_rows *rows, size_t r) { return rows->codes + r * rows->stride; }

CK_INLINE const ck_code_terms *terms_of(const ck_code_rows *rows, size_t r) {
    return (const ck_code_terms *)(rows->terms + r * rows->terms_stride);
}

// Bytes of a row, and so the codes of each half of a query.
CK_INLINE size_t row_bytes(const ck_code_rows *rows) { return rows->lines * CK_LINE_BYTES; }

// Of n codes of 4 bits, those in low nibbles.
CK_INLINE size_t half_of(size_t n) { return (n + 1) / 2; }

CK_INLINE void prefetch_row(const ck_code_rows *rows, size_t r) {
    const uint8_t *const codes = codes_of(rows, r);
    // Most rows have one to six lines: unrolled eight times, the loop's rest costs more than the loop.
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < row_bytes(rows); i += CK_LINE_BYTES) ck_prefetch(codes + i);
    ck_prefetch(terms_of(rows, r));
}

// The distance to row r. An argument of this type is constant at each call, so that each kernel is a loop of its own.
typedef float (*row_distance)(const ck_code_query *query, const ck_code_rows *rows, size_t r);

CK_INLINE void gather_one_by_one(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids,
                                 size_t count, float *out, const row_distance distance) {
    const size_t ahead = ck_rows_ahead(rows->lines);
    for (size_t i = 0; i < count; i++) {
        if (i + ahead < count) prefetch_row(rows, ids[i + ahead]);
        out[i] = distance(query, rows, ids[i]);
    }
}

CK_INLINE void scan_one_by_one(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count,
                               float *out, const row_distance distance) {
    for (size_t i = 0; i < count; i++) out[i] = distance(query, rows, first + i);
}

// A table's functions, under the names that the files of all tables give them.
#define CODE_ROW_FUNCTIONS                                                                   \
    .u4_dot = {gather_dot_u4, scan_dot_u4, encode_query_dot_u4, row_query_dot_u4},           \
    .u8_dot = {gather_dot_u8, scan_dot_u8, encode_query_dot_u8, row_query_dot_u8},           \
    .u4_l1 = {gather_l1_u4, scan_l1_u4, encode_query_l1_u4, row_query_l1_u4},                \
    .u8_l1 = {gather_l1_u8, scan_l1_u8, encode_query_l1_u8, row_query_l1_u8},                \
    .encode_u4 = encode_u4, .encode_u8 = encode_u8, .encode_remainders = encode_remainders,  \
    .decode_u4 = decode_u4, .decode_u8 = decode_u8
