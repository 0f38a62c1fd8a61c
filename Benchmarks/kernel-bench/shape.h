// SPDX-License-Identifier: Apache-2.0
//
// What a kernel does with a workload. Shapes on rows are written once over the kind of element, in shape_rows.h.

#ifndef BENCH_SHAPE_H
#define BENCH_SHAPE_H

#include "CKernels.h"
#include "workload.h"

// The functions of one sum; which member it is, is the kernel's element kind.
typedef union {
    ck_kernels f32;
    ck_half_kernels f16;
    ck_code_kernels codes;
} kernel_functions;

typedef struct kernel kernel;

typedef struct {
    const char *name;
    // Writes the distances of positions first to first + count - 1, 4 bytes each.
    void (*run)(const kernel *kernel, const workload *workload, size_t first, size_t count, void *out);
    // Rows that one call is given, where it is given some.
    size_t call_count;
    // Whether position i is row order[i], or row i.
    bool in_random_order;
    // Vectors that have to be loaded for one step: those of the row, and those of the query where nothing shares them.
    double loads_per_step;
} shape;

enum { SHAPE_PAIR, SHAPE_GATHER, SHAPE_GATHER7, SHAPE_SCAN, ROW_SHAPE_COUNT };

extern const shape f32_row_shapes[ROW_SHAPE_COUNT], f16_row_shapes[ROW_SHAPE_COUNT], code_row_shapes[ROW_SHAPE_COUNT];
extern const shape shape_scan_block;

#endif
