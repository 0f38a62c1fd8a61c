// SPDX-License-Identifier: Apache-2.0
//
// The kernels that are measured: a list of rows, so that a new shape or a new kind of element is one row more.

#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include "vector_unit.h"
#include "workload.h"

typedef struct kernel kernel;

// What a kernel of a shape does with a workload, and what it costs at least.
typedef struct {
    const char *name;
    const layout *layout;
    // Writes the distances of positions first to first + count - 1.
    void (*run)(const kernel *kernel, const workload *workload, size_t first, size_t count, float *out);
    // Rows that one call is given, where it is given some.
    size_t call_count;
    // Whether position i is row order[i], or row i.
    bool in_random_order;
    // Vectors that have to be loaded for one step: those of the row, and those of the query where nothing shares them.
    double loads_per_step;
} shape;

struct kernel {
    char name[24];      // "l2sq_gather"
    const char *table;  // "avx2", or the contender's name
    const shape *shape;
    sum_kind sum;
    ck_kernels functions;
    const vector_unit *unit;  // the registers that it computes in
    bool is_reference;        // does not compute the sum
};

enum { MAX_KERNELS = 64 };

// All kernels that this machine can run, the contenders first. The count is stored in *count.
const kernel *all_kernels(size_t *count);

// Term of a sum, and its floating-point operations; |.| is not one.
double sum_term(sum_kind sum, double a, double b);
size_t sum_operations(sum_kind sum);

// A sum of n terms is off by at most this factor times the sum of the terms' magnitudes (CKernels/README.md).
double sum_error_factor(size_t n);

// Whether the first and the last distances of a pass are within the bound; prints those that are not to stderr.
bool kernel_is_right(const kernel *kernel, const workload *workload);

#endif
