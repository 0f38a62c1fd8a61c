// SPDX-License-Identifier: Apache-2.0
//
// What the machine's vector units can do at most: loops that only load and loops that only compute, one set a width of
// register. The kernels' share of the machine is measured against them.

#ifndef BENCH_VECTOR_UNIT_H
#define BENCH_VECTOR_UNIT_H

#include "CKernels.h"

// The sums of the kernels.
typedef enum { SUM_L1, SUM_L2SQ, SUM_DOT, SUM_COUNT } sum_kind;

// Rows for a loop with a prefetch distance: out[i] = squared Euclidean distance of the query and the row at place i.
typedef struct {
    const float *query, *rows;
    size_t stride, count, n;
    const uint32_t *ids;  // of gather
    size_t ahead;         // how many rows (gather) or lines (the others) further on is asked for; 0: nothing
    float *out;
} swept_rows;

// Tables of kernels on codes whose registers have one width, at most.
enum { CODE_TABLE_COUNT = 2 };

typedef struct {
    const char *name;  // of the register width, "256-bit"
    const char *table;           // of kernels on floats that compute in such registers
    const char *code_tables[CODE_TABLE_COUNT];  // of kernels on codes, likewise; NULL where there are fewer
    size_t lanes;  // floats in a register
    uint32_t required_features;

    // Loads the first LOADED_VECTORS vectors `passes` times; the loads do nothing else.
    void (*load_again)(const float *data, size_t passes);

    // Loads each of `floats` floats once, 8 vectors a step, asking for the line `lines_ahead` lines further on.
    void (*read)(const float *data, size_t floats, size_t lines_ahead);

    // `steps` steps of the sum (a multiple of STEP_CHAINS) on registers, in STEP_CHAINS independent chains.
    void (*compute[SUM_COUNT])(size_t steps);

    // The pair kernels' loads and call, and nothing else; returns 0.
    ck_pair_fn load_pair;

    void (*sweep_gather)(const swept_rows *rows);
    void (*sweep_scan)(const swept_rows *rows);
} vector_unit;

// Registers that load_again fills in one pass: a power of two, so that the loop itself costs nothing.
enum { LOADED_VECTORS = 16 };

// Enough to hide a latency of 4 cycles on two ports, and with the operands fewer than 16 registers.
enum { STEP_CHAINS = 10 };

// The vector units that this program knows, narrowest first, and whether this machine has one.
size_t vector_unit_count(void);
const vector_unit *vector_unit_at(size_t index);
bool vector_unit_supported(const vector_unit *unit);

#endif
