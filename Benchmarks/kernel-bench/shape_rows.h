// SPDX-License-Identifier: Apache-2.0
//
// The shapes on rows of one kind of float, included by the file of each kind after it has defined
//   SHAPES              the name of the array of shapes to define
//   FUNCTIONS           the member of kernel_functions
//   QUERY, ROW          types of a component of the query and of a row's
//   PAIR                the type of the pair function

#include "kernel.h"

static void run_pair(const kernel *kernel, const workload *w, size_t first, size_t count, void *out) {
    // No more variables than registers that survive a call: the caller adds one load (the address) to the kernel's.
    const PAIR pair = kernel->functions.FUNCTIONS.pair;
    const QUERY *const query = w->query;
    const size_t n = w->n;
    float *result = out;
    const void *const *row = w->addresses + first, *const *const end = row + count;
    for (; row < end; row++) *result++ = pair(query, *row, n);
}

static void run_gather(const kernel *kernel, const workload *w, size_t first, size_t count, void *out) {
    const size_t call_count = kernel->shape->call_count;
    for (size_t i = 0; i < count; i += call_count) {
        const size_t called = count - i < call_count ? count - i : call_count;
        kernel->functions.FUNCTIONS.gather(w->query, w->rows, w->stride_bytes / sizeof(ROW), w->order + first + i, called,
                                           w->n, (float *)out + i);
    }
}

static void run_scan(const kernel *kernel, const workload *w, size_t first, size_t count, void *out) {
    const ROW *const rows = workload_row(w, first);
    for (size_t i = 0; i < count; i += w->row_count) {
        const size_t called = count - i < w->row_count ? count - i : w->row_count;
        kernel->functions.FUNCTIONS.scan(w->query, rows, w->stride_bytes / sizeof(ROW), called, w->n, (float *)out + i);
    }
}

// A pair loads both vectors. The others need only load the row: enough rows at a time make the query's loads as few as
// one likes (four at a time: 1.25 loads a step). A gather of 7 is what is left of a node's neighbors when those that were
// seen are gone: no multiple of any kernel's group.
const shape SHAPES[ROW_SHAPE_COUNT] = {
    [SHAPE_PAIR] = {"pair", run_pair, 1, true, 2, NULL},
    [SHAPE_GATHER] = {"gather", run_gather, GATHER_COUNT, true, 1, NULL},
    [SHAPE_GATHER7] = {"gather7", run_gather, 7, true, 1, NULL},
    [SHAPE_SCAN] = {"scan", run_scan, 0, false, 1, NULL},
};
