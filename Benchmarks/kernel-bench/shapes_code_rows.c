// SPDX-License-Identifier: Apache-2.0

#include "code_rows.h"

#include <stdlib.h>

static void run_gather(const kernel *kernel, const workload *w, size_t first, size_t count, void *out) {
    const ck_code_rows rows = code_rows_of(w);
    const size_t call_count = kernel->shape->call_count;
    for (size_t i = 0; i < count; i += call_count) {
        const size_t called = count - i < call_count ? count - i : call_count;
        kernel->functions.code_rows.gather(code_query_of(w), &rows, w->order + first + i, called, (float *)out + i);
    }
}

static void run_scan(const kernel *kernel, const workload *w, size_t first, size_t count, void *out) {
    const ck_code_rows rows = code_rows_of(w);
    for (size_t i = 0; i < count; i += w->row_count) {
        const size_t called = count - i < w->row_count ? count - i : w->row_count;
        kernel->functions.code_rows.scan(code_query_of(w), &rows, first, called, (float *)out + i);
    }
}

// The sum of the query's values stands for the query that is written.
static void run_row_query(const kernel *kernel, const workload *w, size_t first, size_t count, void *out) {
    const ck_code_rows rows = code_rows_of(w);
    ck_code_query *const query = malloc(layout_query_bytes(w->layout, w->n));
    if (!query) abort();
    for (size_t i = 0; i < count; i++) {
        kernel->functions.code_rows.row_query(&rows, w->order[first + i], query);
        ((float *)out)[i] = query->scale * query->code_sum;
    }
    free(query);
}

const shape code_row_shapes[CODE_ROW_SHAPE_COUNT] = {
    [CODE_ROW_GATHER] = {"gather", run_gather, GATHER_COUNT, true, 1, code_row_distance},
    [CODE_ROW_GATHER7] = {"gather7", run_gather, 7, true, 1, code_row_distance},
    [CODE_ROW_SCAN] = {"scan", run_scan, 0, false, 1, code_row_distance},
    [CODE_ROW_QUERY] = {"row_query", run_row_query, 1, true, 1, code_row_sum},
};

// The scaled product with the codes is the squared norm of the vector, less the query, which serves as the center.
static void run_encode(const kernel *kernel, const workload *w, size_t first, size_t count, void *out) {
    uint8_t *const codes = malloc(w->n);
    if (!codes) abort();
    for (size_t i = 0; i < count; i++)
        ((float *)out)[i] = kernel->functions.encode(w->addresses[first + i], w->query, w->n, 1, codes).product;
    free(codes);
}

const shape shape_encode = {"encode", run_encode, 1, true, 1, NULL};
