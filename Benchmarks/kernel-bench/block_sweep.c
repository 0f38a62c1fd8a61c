// SPDX-License-Identifier: Apache-2.0

#include "block_sweep.h"

#include "timing.h"

#include <math.h>
#include <stdlib.h>

static const size_t distances[BLOCK_DISTANCES] = {0, 4, 8, 16, 32, 64, 96, 128};

// A sample in a cache takes this long at least.
static const double SAMPLE_NANOSECONDS = 100e3;

// One pass over the workload's next rows by a table's kernel, which asks for lines so far ahead.
static void run_blocks(ck_scan_block_fn kernel, size_t ahead, const workload *w, const float *rows, size_t count, float *out) {
    for (size_t b = 0; b < count; b += CK_BLOCK) kernel(w->query, rows + b * w->n, w->n, INFINITY, ahead, out + b);
}

// Nanoseconds a distance: of the workload's next pass, or in a cache of as many as make up a sample after one to warm up.
static double time_blocks(ck_scan_block_fn kernel, size_t ahead, workload *w, float *out) {
    const bool cached = w->place != PLACE_MEMORY;
    const float *const rows = workload_row(w, workload_next_pass(w));
    const size_t count = cached ? w->row_count : workload_pass_count(w);
    if (cached) run_blocks(kernel, ahead, w, rows, count, out);
    size_t passes = 0;
    double elapsed = 0;
    for (const double start = now_nanoseconds(); passes == 0 || (cached && elapsed < SAMPLE_NANOSECONDS); passes++) {
        run_blocks(kernel, ahead, w, rows, count, out);
        elapsed = now_nanoseconds() - start;
    }
    return elapsed / (double)(passes * count);
}

// The median of the ratios within rounds.
static double median_ratio(const double *times, const double *base, size_t round_count) {
    double ratios[MAX_ROUNDS];
    for (size_t r = 0; r < round_count; r++) ratios[r] = times[r] / base[r];
    return median(ratios, round_count);
}

block_sweep measure_block_sweep(const vector_unit *unit, workload *w, const options *options) {
    block_sweep sweep = {.unit = unit, .place = w->place, .n = w->n};
    const ck_scan_block_fn kernel = ck_table_named(unit->table)->l2sq.scan_block;
    const size_t round_count = measured_rounds(options);
    double times[BLOCK_DISTANCES][MAX_ROUNDS];
    float *out = malloc((w->row_count + CK_BLOCK) * sizeof *out);
    if (!out) abort();
    for (size_t r = 0; r < round_count; r++)
        for (size_t d = 0; d < BLOCK_DISTANCES; d++) times[d][r] = time_blocks(kernel, distances[d], w, out);
    free(out);

    // A median sorts its values: ratios before times, and the base of all ratios last.
    for (size_t d = BLOCK_DISTANCES; d-- > 0;) {
        sweep.distances[d] = distances[d];
        sweep.over_without[d] = median_ratio(times[d], times[0], round_count);
        sweep.nanoseconds[d] = median(times[d], round_count);
    }
    return sweep;
}
