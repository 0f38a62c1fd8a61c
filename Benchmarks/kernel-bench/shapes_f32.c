// SPDX-License-Identifier: Apache-2.0

#define SHAPES f32_row_shapes
#define FUNCTIONS f32
#define QUERY float
#define ROW float
#define PAIR ck_pair_fn
#include "shape_rows.h"

#include <math.h>

// Every vector wins, so that all distances are written and none is abandoned.
static void run_scan_block(const kernel *kernel, const workload *w, size_t first, size_t count, void *out) {
    const float bound = kernel->sum == SUM_DOT ? -INFINITY : INFINITY;
    for (size_t i = 0; i < count; i += CK_BLOCK)
        kernel->functions.f32.scan_block(w->query, workload_row(w, (first + i) % w->row_count), w->n, bound,
                                          CK_BLOCK_LINES_AHEAD, (float *)out + i);
}

// The query's components are loaded once for all vectors of a block.
const shape shape_scan_block = {"scan_block", run_scan_block, CK_BLOCK, false, 1, NULL};
