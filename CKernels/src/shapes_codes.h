// SPDX-License-Identifier: Apache-2.0
//
// The kernels on codes of an instruction set, from its three loops and its sums u8_l1, u8_l2sq, u8_dot, u7_l2sq, u7_dot,
// u4_l1, u4_l2sq and u4_dot. The l1 of u7 is that of u8.

static uint32_t u8_l1_pair(const uint8_t *a, const uint8_t *b, size_t n) { return pair_loop(a, b, n, u8_l1); }

static void u8_l1_gather(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                         size_t n, uint32_t *out) {
    gather_loop(query, rows, stride, ids, count, n, out, u8_l1);
}

static void u8_l1_scan(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                       uint32_t *out) {
    scan_loop(query, rows, stride, count, n, out, u8_l1);
}

static uint32_t u8_l2sq_pair(const uint8_t *a, const uint8_t *b, size_t n) { return pair_loop(a, b, n, u8_l2sq); }

static void u8_l2sq_gather(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, uint32_t *out) {
    gather_loop(query, rows, stride, ids, count, n, out, u8_l2sq);
}

static void u8_l2sq_scan(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                         uint32_t *out) {
    scan_loop(query, rows, stride, count, n, out, u8_l2sq);
}

static uint32_t u8_dot_pair(const uint8_t *a, const uint8_t *b, size_t n) { return pair_loop(a, b, n, u8_dot); }

static void u8_dot_gather(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                          size_t n, uint32_t *out) {
    gather_loop(query, rows, stride, ids, count, n, out, u8_dot);
}

static void u8_dot_scan(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                        uint32_t *out) {
    scan_loop(query, rows, stride, count, n, out, u8_dot);
}

static uint32_t u7_l2sq_pair(const uint8_t *a, const uint8_t *b, size_t n) { return pair_loop(a, b, n, u7_l2sq); }

static void u7_l2sq_gather(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, uint32_t *out) {
    gather_loop(query, rows, stride, ids, count, n, out, u7_l2sq);
}

static void u7_l2sq_scan(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                         uint32_t *out) {
    scan_loop(query, rows, stride, count, n, out, u7_l2sq);
}

static uint32_t u7_dot_pair(const uint8_t *a, const uint8_t *b, size_t n) { return pair_loop(a, b, n, u7_dot); }

static void u7_dot_gather(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                          size_t n, uint32_t *out) {
    gather_loop(query, rows, stride, ids, count, n, out, u7_dot);
}

static void u7_dot_scan(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                        uint32_t *out) {
    scan_loop(query, rows, stride, count, n, out, u7_dot);
}

static uint32_t u4_l1_pair(const uint8_t *a, const uint8_t *b, size_t n) { return pair_loop(a, b, n, u4_l1); }

static void u4_l1_gather(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                         size_t n, uint32_t *out) {
    gather_loop(query, rows, stride, ids, count, n, out, u4_l1);
}

static void u4_l1_scan(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                       uint32_t *out) {
    scan_loop(query, rows, stride, count, n, out, u4_l1);
}

static uint32_t u4_l2sq_pair(const uint8_t *a, const uint8_t *b, size_t n) { return pair_loop(a, b, n, u4_l2sq); }

static void u4_l2sq_gather(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, uint32_t *out) {
    gather_loop(query, rows, stride, ids, count, n, out, u4_l2sq);
}

static void u4_l2sq_scan(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                         uint32_t *out) {
    scan_loop(query, rows, stride, count, n, out, u4_l2sq);
}

static uint32_t u4_dot_pair(const uint8_t *a, const uint8_t *b, size_t n) { return pair_loop(a, b, n, u4_dot); }

static void u4_dot_gather(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                          size_t n, uint32_t *out) {
    gather_loop(query, rows, stride, ids, count, n, out, u4_dot);
}

static void u4_dot_scan(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                        uint32_t *out) {
    scan_loop(query, rows, stride, count, n, out, u4_dot);
}
