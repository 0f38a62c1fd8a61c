// SPDX-License-Identifier: Apache-2.0

#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>

// Nanoseconds on a clock that only goes forward.
double now_nanoseconds(void);

// The median of `count` values, which it sorts; NaN if there are none.
double median(double *values, size_t count);

#endif
