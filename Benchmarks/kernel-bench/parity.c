// SPDX-License-Identifier: Apache-2.0

#include "kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// Distances at each end of a pass that are compared with the oracle: a gather, and rows that are not a multiple of any
// kernel's group.
enum { CHECKED = GATHER_COUNT + 3 };

// Stands behind the results, which no kernel may write to.
static const float UNTOUCHED = -7;

static bool distance_is_right(const kernel *kernel, const workload *w, size_t position, float distance) {
    const size_t row = kernel->shape->in_random_order ? w->order[position] : position % w->row_count;
    double sum = 0, magnitudes = 0;
    for (size_t d = 0; d < w->n; d++) {
        const double term = sum_term(kernel->sum, w->layout->value(w->query, w->stride_bytes, 0, d),
                                     w->layout->value(w->rows, w->stride_bytes, row, d));
        sum += term;
        magnitudes += fabs(term);
    }
    if (fabs((double)distance - sum) <= sum_error_factor(w->n) * magnitudes) return true;
    fprintf(stderr, "%s/%s/%zu/%s: row %zu is %.9g and should be %.9g\n", kernel->table, kernel->name, w->n,
            place_names[w->place], row, (double)distance, sum);
    return false;
}

bool kernel_is_right(const kernel *kernel, const workload *w) {
    if (kernel->is_reference) return true;
    const size_t count = workload_pass_count(w);
    float *out = malloc((count + 1) * sizeof *out);
    if (!out) abort();
    out[count] = UNTOUCHED;
    kernel->shape->run(kernel, w, 0, count, out);
    bool right = out[count] == UNTOUCHED;
    if (!right) fprintf(stderr, "%s/%s/%zu: writes behind its results\n", kernel->table, kernel->name, w->n);
    for (size_t i = 0; i < count; i++)
        if (i < CHECKED || i + CHECKED >= count) right &= distance_is_right(kernel, w, i, out[i]);
    free(out);
    return right;
}
