// SPDX-License-Identifier: Apache-2.0
//
// What a kernel does with a workload. Shapes on rows of floats are written once over the kind of element, in shape_rows.h. Those
// on rows of codes are in shapes_code_rows.c.

#ifndef BENCH_SHAPE_H
#define BENCH_SHAPE_H

#include "CKernels.h"
#include "workload.h"

// The functions of one sum, or one that encodes; which member it is, the kernel's layout and shape say.
typedef union {
    ck_kernels f32;
    ck_half_kernels f16;
    ck_code_row_kernels code_rows;
    ck_code_encode_fn encode;
} kernel_functions;

typedef struct kernel kernel;

typedef struct {
    const char *name;
    // Writes the distances of positions first to first + count - 1, a float each.
    void (*run)(const kernel *kernel, const workload *workload, size_t first, size_t count, void *out);
    // Rows that one call is given, where it is given some.
    size_t call_count;
    // Whether position i is row order[i], or row i.
    bool in_random_order;
    // Vectors that have to be loaded for one step: those of the row, and those of the query where nothing shares them.
    double loads_per_step;
    // The right result of a row, and by how much a kernel's may be off. NULL: the sum of terms, and the bound of
    // CKernels/README.md.
    void (*expected)(const kernel *kernel, const workload *workload, size_t row, double *value, double *error);
} shape;

enum { SHAPE_PAIR, SHAPE_GATHER, SHAPE_GATHER7, SHAPE_SCAN, ROW_SHAPE_COUNT };
enum { CODE_ROW_GATHER, CODE_ROW_GATHER7, CODE_ROW_SCAN, CODE_ROW_QUERY, CODE_ROW_SHAPE_COUNT };

extern const shape f32_row_shapes[ROW_SHAPE_COUNT], f16_row_shapes[ROW_SHAPE_COUNT];
extern const shape code_row_shapes[CODE_ROW_SHAPE_COUNT];
extern const shape shape_scan_block, shape_encode;

#endif
