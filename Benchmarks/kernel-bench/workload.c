// SPDX-License-Identifier: Apache-2.0

#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// ---- Places ---------------------------------------------------------------------------------------------------------

const char *const place_names[PLACE_COUNT] = {"L1", "L2", "memory"};

// What the system says, or the smallest common cache.
static size_t cache_bytes(int level) {
    long bytes = 0;
#if defined(_SC_LEVEL1_DCACHE_SIZE)
    bytes = sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : _SC_LEVEL2_CACHE_SIZE);
#endif
    return bytes > 0 ? (size_t)bytes : level == 1 ? 32 << 10 : 512 << 10;
}

size_t place_bytes(place place) {
    switch (place) {
    case PLACE_L1: return cache_bytes(1) / 2;
    case PLACE_L2: return cache_bytes(2) / 4;
    default: return 256 << 20;
    }
}

// ---- Workloads ------------------------------------------------------------------------------------------------------

// Memory at the start of a huge page, in huge pages where the system has them, as the package stores its vectors.
static void *allocate(size_t bytes) {
    void *data = NULL;
    if (posix_memalign(&data, 2 << 20, bytes) != 0) {
        fputs("kernel-bench: out of memory\n", stderr);
        abort();
    }
#if defined(MADV_HUGEPAGE)
    madvise(data, bytes, MADV_HUGEPAGE);
#endif
    return data;
}

void *encoding_memory(const encoding *encoding) {
    void *data = allocate(place_bytes(PLACE_MEMORY));
    encoding->fill(data, place_bytes(PLACE_MEMORY), 1);
    return data;
}

bool workload_fits(const layout *layout, place place, size_t n) {
    const size_t together = layout->rows_together * layout_stride_bytes(layout, n);
    return place == PLACE_MEMORY || together <= cache_bytes(place == PLACE_L1 ? 1 : 2) / 4 * 3;
}

// All rows in random order (Fisher-Yates), over and over up to `positions`.
static void shuffle_rows(workload *w) {
    for (size_t i = 0; i < w->positions; i++) w->order[i] = (uint32_t)(i % w->row_count);
    uint32_t state = 3;
    for (size_t i = w->positions; i > 1; i--) {
        state = state * 1664525u + 1013904223u;  // Numerical Recipes' generator
        const size_t other = (size_t)((uint64_t)state * i >> 32);
        const uint32_t row = w->order[i - 1];
        w->order[i - 1] = w->order[other];
        w->order[other] = row;
    }
}

// Passes are whole numbers of gathers and of rows that are stored together.
static size_t pass_multiple(const layout *layout) {
    return layout->rows_together > GATHER_COUNT ? layout->rows_together : GATHER_COUNT;
}

workload workload_make(const layout *layout, void *memory, place place, size_t n) {
    workload w = {.layout = layout, .place = place, .n = n, .rows = memory};
    w.stride_bytes = layout_stride_bytes(layout, n);
    w.query = allocate(layout_query_bytes(layout, n));
    layout->query->fill(w.query, layout_query_bytes(layout, n), 2);
    w.row_count = place_bytes(place) / w.stride_bytes / layout->rows_together * layout->rows_together;
    if (w.row_count == 0) w.row_count = layout->rows_together;
    const size_t multiple = pass_multiple(layout);
    w.positions = (w.row_count + multiple - 1) / multiple * multiple;
    if (w.positions < 256) w.positions = 256;
    if (layout->complete) layout->complete(w.query, memory, w.stride_bytes, w.row_count, n);
    w.order = allocate(w.positions * sizeof *w.order);
    shuffle_rows(&w);
    w.addresses = allocate(w.positions * sizeof *w.addresses);
    for (size_t i = 0; i < w.positions; i++) w.addresses[i] = workload_row(&w, w.order[i]);
    return w;
}

void workload_free(workload *w) {
    free(w->query);
    free(w->order);
    free(w->addresses);
}

const void *workload_row(const workload *w, size_t row) { return (const char *)w->rows + row * w->stride_bytes; }

size_t workload_pass_count(const workload *w) {
    if (w->place != PLACE_MEMORY) return w->positions;
    const size_t multiple = pass_multiple(w->layout);
    return (8 << 20) / w->stride_bytes / multiple * multiple;
}

size_t workload_next_pass(workload *w) {
    if (w->place != PLACE_MEMORY) return 0;
    const size_t count = workload_pass_count(w);
    const size_t first = w->cursor + count <= w->row_count ? w->cursor : 0;
    w->cursor = first + count;
    return first;
}
