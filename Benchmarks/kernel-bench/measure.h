// SPDX-License-Identifier: Apache-2.0
//
// Times all kernels of a group (one dimension, one place) and the ceilings in turn, round after round: what slows the
// machine down for a moment slows down neighbors in the same round, and ratios are formed within a round.

#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "ceiling.h"
#include "options.h"

enum { MAX_UNITS = 4 };

typedef struct {
    const kernel *kernel;
    double nanoseconds;  // a distance
    double share;        // of the ceiling, 0 to 1
    limit limit;         // what sets the ceiling
    double over_scalar, over_one_sum;  // times as fast as the contender's pair; NaN where that is not measured
    bool right;
} measurement;

typedef struct {
    size_t n;
    place place;
    size_t stride_bytes;
    measurement measurements[MAX_KERNELS];
    size_t count;
    ceiling_rates rates[MAX_UNITS];  // of vector_unit_at(i), 0 if the machine has none
} group;

// The kernels of a layout whose name, "table/kernel/n/place", has the filter in it: up to MAX_KERNELS, stored in *selected.
// None where the place does not hold the vectors.
size_t select_kernels(const layout *layout, place place, size_t n, const options *options, const kernel **selected);

group measure_group(const kernel *const *kernels, size_t kernel_count, workload *workload, const options *options);

#endif
