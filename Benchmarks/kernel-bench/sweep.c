// SPDX-License-Identifier: Apache-2.0

#include "sweep.h"

#include "timing.h"

#include <stdlib.h>

static double time_sweep(const vector_unit *unit, bool gather, size_t ahead, workload *w, float *out) {
    const size_t count = workload_pass_count(w), first = workload_next_pass(w);
    swept_rows rows = {
        .query = w->query, .rows = w->rows, .stride = w->stride_bytes / sizeof(float), .n = w->n, .ahead = ahead};
    const double start = now_nanoseconds();
    if (gather) {
        rows.count = GATHER_COUNT;
        for (size_t i = 0; i < count; i += GATHER_COUNT) {
            rows.ids = w->order + first + i;
            rows.out = out + i;
            unit->sweep_gather(&rows);
        }
    } else {
        rows.rows += first * rows.stride;
        rows.count = count;
        rows.out = out;
        unit->sweep_scan(&rows);
    }
    return (now_nanoseconds() - start) / (double)count;
}

prefetch_sweep measure_sweep(const vector_unit *unit, bool gather, workload *w, const options *options) {
    prefetch_sweep sweep = {.unit = unit, .shape = gather ? "gather" : "scan", .n = w->n};
    sweep.used = gather ? CK_GATHER_ROWS_AHEAD : CK_SCAN_LINES_AHEAD;
    for (size_t ahead = 0; ahead <= 32; ahead++) sweep.distances[sweep.count++] = ahead;
    static const size_t far[] = {48, 64, 96, 128};
    for (size_t i = 0; i < sizeof far / sizeof far[0] && !gather; i++) sweep.distances[sweep.count++] = far[i];

    const size_t round_count = measured_rounds(options);
    static double times[MAX_DISTANCES][MAX_ROUNDS];
    float *out = malloc(workload_pass_count(w) * sizeof *out);
    if (!out) abort();
    for (size_t r = 0; r < round_count; r++)
        for (size_t d = 0; d < sweep.count; d++) times[d][r] = time_sweep(unit, gather, sweep.distances[d], w, out);
    free(out);

    size_t best = 0, used = 0;
    for (size_t d = 0; d < sweep.count; d++) {
        sweep.nanoseconds[d] = median(times[d], round_count);
        if (sweep.nanoseconds[d] < sweep.nanoseconds[best]) best = d;
        if (sweep.distances[d] == sweep.used) used = d;
    }
    sweep.best = sweep.distances[best];
    sweep.over_best = sweep.nanoseconds[used] / sweep.nanoseconds[best];
    return sweep;
}
