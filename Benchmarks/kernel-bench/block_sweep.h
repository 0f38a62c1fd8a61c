// SPDX-License-Identifier: Apache-2.0
//
// Whether prefetching is worth it in a scan of dimension-major blocks, for the squared Euclidean distance: the table's scan_block
// without it, and with lines 4 to 128 lines ahead.

#ifndef BENCH_BLOCK_SWEEP_H
#define BENCH_BLOCK_SWEEP_H

#include "options.h"
#include "vector_unit.h"
#include "workload.h"

enum { BLOCK_DISTANCES = 8 };

typedef struct {
    const vector_unit *unit;
    place place;
    size_t n;
    size_t distances[BLOCK_DISTANCES];          // in lines; the first is 0
    double nanoseconds[BLOCK_DISTANCES];        // a distance of two vectors
    double over_without[BLOCK_DISTANCES];       // time over time without asking
} block_sweep;

block_sweep measure_block_sweep(const vector_unit *unit, workload *workload, const options *options);

#endif
