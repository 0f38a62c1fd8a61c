// SPDX-License-Identifier: Apache-2.0
//
// The kernels on rows of codes that loops_code_rows.h and an instruction set's rows_sum_u4 and rows_sum_u8 make.

static void gather_dot_u4(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                          float *out) {
    gather_loop(query, rows, ids, count, out, rows_sum_u4);
}

static void gather_dot_u8(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                          float *out) {
    gather_loop(query, rows, ids, count, out, rows_sum_u8);
}

static void scan_dot_u4(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    scan_loop(query, rows, first, count, out, rows_sum_u4);
}

static void scan_dot_u8(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out) {
    scan_loop(query, rows, first, count, out, rows_sum_u8);
}
