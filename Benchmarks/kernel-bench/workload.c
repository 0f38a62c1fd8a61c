// SPDX-License-Identifier: Apache-2.0

#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// ---- Layouts --------------------------------------------------------------------------------------------------------

// Rows begin at cache lines, as in the package.
static size_t f32_stride_bytes(size_t n) { return (n * sizeof(float) + 63) / 64 * 64; }

// A linear congruential generator (Numerical Recipes' constants).
static uint32_t next_random(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

// Floats in [-1, 1).
static void f32_fill(void *data, size_t bytes, uint32_t seed) {
    float *values = data;
    for (size_t i = 0; i < bytes / sizeof(float); i++) values[i] = (float)(int32_t)next_random(&seed) * 0x1p-31f;
}

static double f32_value(const void *data, size_t stride_bytes, size_t row, size_t i) {
    return (double)((const float *)((const char *)data + row * stride_bytes))[i];
}

const layout layout_f32_rows = {"f32 rows", f32_stride_bytes, f32_fill, f32_value};

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

void *layout_memory(const layout *layout) {
    void *data = allocate(place_bytes(PLACE_MEMORY));
    layout->fill(data, place_bytes(PLACE_MEMORY), 1);
    return data;
}

workload workload_make(const layout *layout, const void *memory, place place, size_t n) {
    workload w = {.layout = layout, .place = place, .n = n, .rows = memory};
    w.stride_bytes = layout->stride_bytes(n);
    w.query = allocate(w.stride_bytes);
    layout->fill(w.query, w.stride_bytes, 2);
    w.row_count = place_bytes(place) / w.stride_bytes;
    w.positions = (w.row_count + GATHER_COUNT - 1) / GATHER_COUNT * GATHER_COUNT;
    if (w.positions < 256) w.positions = 256;
    w.order = allocate(w.positions * sizeof *w.order);
    for (size_t i = 0; i < w.positions; i++) w.order[i] = (uint32_t)(i % w.row_count);
    uint32_t state = 3;
    for (size_t i = w.positions; i > 1; i--) {
        const size_t other = (size_t)((uint64_t)next_random(&state) * i >> 32);
        const uint32_t row = w.order[i - 1];
        w.order[i - 1] = w.order[other];
        w.order[other] = row;
    }
    w.addresses = allocate(w.positions * sizeof *w.addresses);
    for (size_t i = 0; i < w.positions; i++) w.addresses[i] = (const char *)memory + w.order[i] * w.stride_bytes;
    return w;
}

void workload_free(workload *w) {
    free(w->query);
    free(w->order);
    free(w->addresses);
}

size_t workload_pass_count(const workload *w) {
    if (w->place != PLACE_MEMORY) return w->positions;
    return (8 << 20) / w->stride_bytes / GATHER_COUNT * GATHER_COUNT;
}

size_t workload_next_pass(workload *w) {
    if (w->place != PLACE_MEMORY) return 0;
    const size_t count = workload_pass_count(w);
    const size_t first = w->cursor + count <= w->row_count ? w->cursor : 0;
    w->cursor = first + count;
    return first;
}
