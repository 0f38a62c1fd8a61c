// SPDX-License-Identifier: Apache-2.0
//
// Two usual ways to write a distance, for context; the package does not contain them.

#ifndef BENCH_CONTENDERS_H
#define BENCH_CONTENDERS_H

#include "vector_unit.h"

typedef struct {
    const char *name;
    size_t lanes;  // of the vector unit that it is held against
    ck_pair_fn pair[SUM_COUNT];
} contender;

// One float after the other, in one sum; on the vector unit of the baseline.
extern const contender contender_scalar;

#if defined(__x86_64__)
// 256 bits after 256 bits, in one sum: what most introductions to SIMD show.
extern const contender contender_one_sum;
#endif

size_t contender_count(void);
const contender *contender_at(size_t index);

#endif
