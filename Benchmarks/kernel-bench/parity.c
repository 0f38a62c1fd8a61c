// SPDX-License-Identifier: Apache-2.0

#include "kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Distances at each end of a pass that are compared with the oracle: a gather, and rows that are not a multiple of any
// kernel's group.
enum { CHECKED = GATHER_COUNT + 3 };

// What results are before a kernel writes them, and what stands behind them, which no kernel may write to.
static const uint32_t UNTOUCHED = 0xC0E00000;  // -7 as a float

static double read_distance(const uint32_t *out) {
    float distance;
    memcpy(&distance, out, sizeof distance);
    return (double)distance;
}

static void expected_sum(const kernel *kernel, const workload *w, size_t row, double *sum, double *error) {
    double magnitudes = 0;
    *sum = 0;
    for (size_t d = 0; d < w->n; d++) {
        const double term = sum_term(kernel->sum, w->layout->query->value(w->query, d),
                                     layout_row_value(w->layout, w->rows, w->stride_bytes, row, d));
        *sum += term;
        magnitudes += fabs(term);
    }
    *error = sum_error_factor(w->n) * magnitudes;
}

static bool distance_is_right(const kernel *kernel, const workload *w, size_t position, double distance) {
    const size_t row = kernel->shape->in_random_order ? w->order[position] : position % w->row_count;
    double sum, error;
    (kernel->shape->expected ? kernel->shape->expected : expected_sum)(kernel, w, row, &sum, &error);
    if (fabs(distance - sum) <= error) return true;
    fprintf(stderr, "%s/%s/%zu/%s: row %zu is %.10g and should be %.10g\n", kernel->table, kernel->name, w->n,
            place_names[w->place], row, distance, sum);
    return false;
}

bool kernel_is_right(const kernel *kernel, const workload *w) {
    if (kernel->is_reference) return true;
    const size_t count = workload_pass_count(w);
    uint32_t *out = malloc((count + 1) * sizeof *out);
    if (!out) abort();
    for (size_t i = 0; i <= count; i++) out[i] = UNTOUCHED;
    kernel->shape->run(kernel, w, 0, count, out);
    bool right = out[count] == UNTOUCHED;
    if (!right) fprintf(stderr, "%s/%s/%zu: writes behind its results\n", kernel->table, kernel->name, w->n);
    for (size_t i = 0; i < count; i++)
        if (i < CHECKED || i + CHECKED >= count) right &= distance_is_right(kernel, w, i, read_distance(&out[i]));
    free(out);
    return right;
}
