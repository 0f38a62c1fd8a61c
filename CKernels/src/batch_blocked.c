// SPDX-License-Identifier: Apache-2.0

#include "tables.h"

#include <math.h>
#include <stdlib.h>

// A tile of rows is read from memory once and then from the second-level cache by every query: 256 KiB of rows leave
// room for the queries in the 512 KiB of the smallest common L2.
enum { TILE_BYTES = 256 * 1024 };

void ck_dot_batch_blocked(const ck_table *table, const ck_dot_batch *b) {
    const size_t row_bytes = b->row_stride * sizeof(float);
    const size_t tile_rows = row_bytes < TILE_BYTES ? TILE_BYTES / (row_bytes ? row_bytes : 1) : 1;
    for (size_t first = 0; first < b->row_count; first += tile_rows) {
        const size_t count = b->row_count - first < tile_rows ? b->row_count - first : tile_rows;
        for (size_t q = 0; q < b->query_count; q++)
            table->dot.scan(b->queries + q * b->query_stride, b->rows + first * b->row_stride, b->row_stride, count, b->n,
                            b->out + q * b->out_stride + first);
    }
}

// ---- Self-test ------------------------------------------------------------------------------------------------------

// A linear congruential generator (Numerical Recipes' constants): floats in [-1, 1), the same on every machine.
static void fill(float *values, size_t count, uint32_t *state) {
    for (size_t i = 0; i < count; i++) {
        *state = *state * 1664525u + 1013904223u;
        values[i] = (float)(int32_t)*state * 0x1p-31f;
    }
}

static bool agrees(ck_dot_batch_fn candidate, size_t query_count, size_t row_count, size_t n) {
    // The strides differ, so that a candidate which takes one for the other is found out; the queries leave it room.
    const size_t query_stride = (n + 15) / 16 * 16;
    const size_t row_stride = query_stride + 16;
    float *queries = calloc(query_count * row_stride, sizeof(float));
    float *rows = calloc(row_count * row_stride, sizeof(float));
    float *out = calloc(query_count * row_count, sizeof(float));
    bool ok = queries && rows && out;
    if (ok) {
        uint32_t state = 1;
        fill(queries, query_count * row_stride, &state);
        fill(rows, row_count * row_stride, &state);
        const ck_dot_batch batch = {queries, query_count, query_stride, rows, row_count, row_stride, n, out,
                                    row_count};
        candidate(&batch);
        // Both sums have n terms of magnitude at most 1: each is within n * 2^-24 * n of the true value at worst, and
        // within a small multiple of 2^-24 * n in practice. A kernel that is wrong misses by far more.
        const float tolerance = 0x1p-20f * (float)(n + 1);
        for (size_t q = 0; q < query_count && ok; q++)
            for (size_t r = 0; r < row_count && ok; r++) {
                const float expected = ck_table_portable.dot.pair(queries + q * query_stride, rows + r * row_stride, n);
                ok = fabsf(out[q * row_count + r] - expected) <= tolerance;
            }
    }
    free(queries);
    free(rows);
    free(out);
    return ok;
}

bool ck_dot_batch_self_test(ck_dot_batch_fn candidate) {
    // One of everything; edges of the usual micro-kernels on both sides; a tile with many rows; long vectors.
    static const size_t shapes[][3] = {{1, 1, 1},    {1, 33, 96},    {7, 9, 17},     {16, 16, 128},
                                       {3, 200, 31}, {24, 130, 384}, {65, 40, 1536}, {13, 49, 769}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (!agrees(candidate, shapes[i][0], shapes[i][1], shapes[i][2])) return false;
    return true;
}
