// SPDX-License-Identifier: Apache-2.0

#include "tables.h"

#include <math.h>
#include <stdlib.h>

// A tile of rows is read from memory once and then from the second-level cache by every query: 256 KiB of rows leave
// room for the queries in the 512 KiB of the smallest common L2.
enum { TILE_BYTES = 256 * 1024 };

static void blocked_on_block(const ck_table *table, const ck_dot_batch *b) {
    for (size_t q = 0; q < b->query_count; q++)
        table->dot.scan_block(b->queries + q * b->query_stride, b->rows, b->n, -INFINITY, 0,
                              b->out + q * b->out_stride);
}

void ck_dot_batch_blocked(const ck_table *table, const ck_dot_batch *b) {
    if (b->dimension_major) {
        blocked_on_block(table, b);
        return;
    }
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

// The strides differ, so that a candidate which takes one for the other is found out; the queries leave it room.
static bool agrees(ck_dot_batch_fn candidate, size_t query_count, size_t row_count, size_t n, bool dimension_major) {
    const size_t query_stride = (n + 15) / 16 * 16;
    const size_t vector_stride = query_stride + 16;  // of the rows one after the other
    const size_t values = vector_stride * (row_count > CK_BLOCK ? row_count : CK_BLOCK);
    float *queries = calloc(query_count * vector_stride, sizeof(float));
    float *rows = calloc(values, sizeof(float));
    float *block = calloc(values, sizeof(float));
    float *out = calloc(query_count * row_count, sizeof(float));
    bool ok = queries && rows && block && out;
    if (ok) {
        uint32_t state = 1;
        fill(queries, query_count * vector_stride, &state);
        fill(rows, row_count * vector_stride, &state);
        for (size_t r = 0; r < row_count && dimension_major; r++)
            for (size_t d = 0; d < n; d++) block[d * CK_BLOCK + r] = rows[r * vector_stride + d];
        const ck_dot_batch batch = {.queries = queries,
                                    .query_count = query_count,
                                    .query_stride = query_stride,
                                    .rows = dimension_major ? block : rows,
                                    .row_count = row_count,
                                    .row_stride = dimension_major ? CK_BLOCK : vector_stride,
                                    .n = n,
                                    .out = out,
                                    .out_stride = row_count,
                                    .dimension_major = dimension_major};
        candidate(&batch);
        // Both sums have n terms of magnitude at most 1: each is within n * 2^-24 * n of the true value at worst, and
        // within a small multiple of 2^-24 * n in practice. A kernel that is wrong misses by far more.
        const float tolerance = 0x1p-20f * (float)(n + 1);
        for (size_t q = 0; q < query_count && ok; q++)
            for (size_t r = 0; r < row_count && ok; r++) {
                const float *const query = queries + q * query_stride;
                const float expected = ck_table_portable.dot.pair(query, rows + r * vector_stride, n);
                ok = fabsf(out[q * row_count + r] - expected) <= tolerance;
            }
    }
    free(queries);
    free(rows);
    free(block);
    free(out);
    return ok;
}

bool ck_dot_batch_self_test(ck_dot_batch_fn candidate) {
    // One of everything; edges of the usual micro-kernels on both sides; a tile with many rows; long vectors. Blocks always
    // have CK_BLOCK rows.
    static const size_t shapes[][3] = {{1, 1, 1},    {1, 33, 96},    {7, 9, 17},     {16, 16, 128},
                                       {3, 200, 31}, {24, 130, 384}, {65, 40, 1536}, {13, 49, 769}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const size_t query_count = shapes[i][0], row_count = shapes[i][1], n = shapes[i][2];
        if (!agrees(candidate, query_count, row_count, n, false)) return false;
        if (!agrees(candidate, query_count, CK_BLOCK, n, true)) return false;
    }
    return true;
}
