// SPDX-License-Identifier: Apache-2.0
//
// Which prefetch distance is best in memory, for the squared Euclidean distance of rows of n dimensions: 0 to 32 rows
// (gather) or cache lines (scan) ahead, and for scan longer distances too.

#ifndef BENCH_SWEEP_H
#define BENCH_SWEEP_H

#include "options.h"
#include "vector_unit.h"
#include "workload.h"

enum { MAX_DISTANCES = 40 };

typedef struct {
    const vector_unit *unit;
    const char *shape;  // "gather" or "scan"
    size_t n;
    size_t count;
    size_t distances[MAX_DISTANCES];
    double nanoseconds[MAX_DISTANCES];  // a distance of two vectors
    size_t best, used;                  // prefetch distances: the fastest, and the tables'
    double over_best;                   // time at `used` over time at `best`
} prefetch_sweep;

prefetch_sweep measure_sweep(const vector_unit *unit, bool gather, workload *workload, const options *options);

#endif
