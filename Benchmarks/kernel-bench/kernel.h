// SPDX-License-Identifier: Apache-2.0
//
// The kernels that are measured: a list of rows, so that a new shape or a new kind of element is a few rows more.

#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include "shape.h"
#include "vector_unit.h"

struct kernel {
    char name[24];      // "l2sq_gather", "u8_dot_scan", "u4_encode"
    const char *table;  // "avx2", or the contender's name
    const layout *layout;
    const shape *shape;
    sum_kind sum;
    kernel_functions functions;
    const vector_unit *unit;  // the registers that it computes in
    bool is_reference;        // does not compute the sum
};

enum { MAX_KERNELS = 256 };

// All kernels that this machine can run, the contenders first. The count is stored in *count.
const kernel *all_kernels(size_t *count);

// Term of a sum, and its floating-point operations; |.| is not one.
double sum_term(sum_kind sum, double a, double b);
size_t sum_operations(sum_kind sum);

// A sum of n terms is off by at most this factor times the sum of the terms' magnitudes (CKernels/README.md).
double sum_error_factor(size_t n);

// Whether the first and the last distances of a pass are within the bound, or exact; prints those that are not to stderr.
bool kernel_is_right(const kernel *kernel, const workload *workload);

#endif
