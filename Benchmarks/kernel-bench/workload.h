// SPDX-License-Identifier: Apache-2.0
//
// The vectors that a kernel is timed on, and in which level of the memory hierarchy they stay.

#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "layout.h"

typedef enum { PLACE_L1, PLACE_L2, PLACE_MEMORY, PLACE_COUNT } place;

extern const char *const place_names[PLACE_COUNT];

// Bytes of vectors that stay in a place: half of the L1 cache, a quarter of L2 (1 MiB: a tile of batch_blocked.c), several
// times an L3.
size_t place_bytes(place place);

// Positions that one call of gather names: the neighbors of a node at M = 16.
enum { GATHER_COUNT = 32 };

typedef struct {
    const layout *layout;
    place place;
    size_t n, stride_bytes;
    void *query;
    const void *rows;
    size_t row_count;
    uint32_t *order;         // all rows in random order, over and over up to `positions`
    const void **addresses;  // of those rows
    size_t positions;        // a whole number of gathers; in a cache enough of them that the end of a pass does not count
    // Where the next kernel goes on. Kernels take turns at memory that is several times the caches, so that none finds
    // rows that another left there.
    size_t cursor;
} workload;

// place_bytes(PLACE_MEMORY) of components; all workloads of an encoding share them.
void *encoding_memory(const encoding *encoding);

// Whether a place holds vectors of n dimensions: no cache may be filled by more than three quarters with those that are stored
// together.
bool workload_fits(const layout *layout, place place, size_t n);

// Vectors of n dimensions, the first ones of `memory`. Terms of rows of codes are written there.
workload workload_make(const layout *layout, void *memory, place place, size_t n);
void workload_free(workload *workload);

// Where a row begins; with rows that are stored together, the first of them.
const void *workload_row(const workload *workload, size_t row);

// The distances that are timed in one go, and where they start: all rows in a cache, the next 8 MiB in memory.
size_t workload_pass_count(const workload *workload);
size_t workload_next_pass(workload *workload);

#endif
