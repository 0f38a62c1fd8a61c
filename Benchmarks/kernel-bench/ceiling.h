// SPDX-License-Identifier: Apache-2.0
//
// The model of what a kernel can reach at most. A row of n dimensions is v = ceil(n / lanes) steps, a vector each:
//   arithmetic   v steps at the rate at which the vector unit does the sum's steps in registers (l1: subtract, clear
//                the sign, add; l2sq: subtract, FMA; dot: FMA; without FMA: multiply, add). They are measured as a
//                whole, so the rate is right for any number and any use of the processor's ports
//   loads        v * loads_per_step vectors at the rate at which L1 delivers them: 2 a step for a pair, 1 (the row)
//                where rows share the query
//   reads        the row's bytes at the rate at which its place delivers bytes in order
// A step of half-precision rows is one of floats, and loads half a register of the row; that halves have to be converted is left
// out. A step of codes is a register of bytes; its arithmetic is not measured, so that the ceiling of codes is that of moving
// them.
// The ceiling is the slowest of the three; call, loop and the sum of the lanes are what a kernel loses against it.

#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include "kernel.h"

// Rates of one vector unit: vectors a nanosecond, and bytes a nanosecond from the workload's place.
typedef struct {
    double steps[SUM_COUNT];
    double loads;
    double read_bytes;
} ceiling_rates;

// Measures the rates once. Memory is read from the workload's cursor on.
ceiling_rates measure_rates(const vector_unit *unit, workload *workload);

typedef enum { LIMIT_ARITHMETIC, LIMIT_LOADS, LIMIT_READS } limit;
extern const char *const limit_names[];

// The least time of a distance, and what sets it.
double ceiling_nanoseconds(const kernel *kernel, const workload *workload, const ceiling_rates *rates, limit *limit);

#endif
