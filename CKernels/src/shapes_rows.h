// SPDX-License-Identifier: Apache-2.0
//
// The nine kernels on rows of an instruction set, from its three loops, its three steps and the type `element` of its rows.

static float l1_pair(const float *query, const element *row, size_t n) { return pair_loop(query, row, n, l1_step); }

static float l2sq_pair(const float *query, const element *row, size_t n) { return pair_loop(query, row, n, l2sq_step); }

static float dot_pair(const float *query, const element *row, size_t n) { return pair_loop(query, row, n, dot_step); }

static void l1_gather(const float *query, const element *rows, size_t stride, const uint32_t *ids, size_t count, size_t n,
                      float *out) {
    gather_loop(query, rows, stride, ids, count, n, out, l1_step);
}

static void l2sq_gather(const float *query, const element *rows, size_t stride, const uint32_t *ids, size_t count,
                        size_t n, float *out) {
    gather_loop(query, rows, stride, ids, count, n, out, l2sq_step);
}

static void dot_gather(const float *query, const element *rows, size_t stride, const uint32_t *ids, size_t count,
                       size_t n, float *out) {
    gather_loop(query, rows, stride, ids, count, n, out, dot_step);
}

static void l1_scan(const float *query, const element *rows, size_t stride, size_t count, size_t n, float *out) {
    scan_loop(query, rows, stride, count, n, out, l1_step);
}

static void l2sq_scan(const float *query, const element *rows, size_t stride, size_t count, size_t n, float *out) {
    scan_loop(query, rows, stride, count, n, out, l2sq_step);
}

static void dot_scan(const float *query, const element *rows, size_t stride, size_t count, size_t n, float *out) {
    scan_loop(query, rows, stride, count, n, out, dot_step);
}
