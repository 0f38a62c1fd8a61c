// SPDX-License-Identifier: Apache-2.0

#include "kernel.h"

#include <math.h>
#include <stdio.h>

// Distances that are compared with the oracle: a gather, and rows that are not a multiple of any kernel's group.
enum { CHECKED = GATHER_COUNT + 3 };

bool kernel_is_right(const kernel *kernel, const workload *w) {
    if (kernel->is_reference) return true;
    const size_t count = w->positions < CHECKED ? w->positions : CHECKED;
    float out[CHECKED + 1];
    out[count] = -7;
    kernel->shape->run(kernel, w, 0, count, out);
    bool right = out[count] == -7;
    if (!right) fprintf(stderr, "%s/%s/%zu: writes behind its results\n", kernel->table, kernel->name, w->n);
    for (size_t i = 0; i < count; i++) {
        const size_t row = kernel->shape->in_random_order ? w->order[i] : i % w->row_count;
        double sum = 0, magnitudes = 0;
        for (size_t d = 0; d < w->n; d++) {
            const double term = sum_term(kernel->sum, w->layout->value(w->query, w->stride_bytes, 0, d),
                                         w->layout->value(w->rows, w->stride_bytes, row, d));
            sum += term;
            magnitudes += fabs(term);
        }
        if (fabs((double)out[i] - sum) <= sum_error_factor(w->n) * magnitudes) continue;
        right = false;
        fprintf(stderr, "%s/%s/%zu: row %zu is %.9g and should be %.9g\n", kernel->table, kernel->name, w->n, row,
                (double)out[i], sum);
    }
    return right;
}
