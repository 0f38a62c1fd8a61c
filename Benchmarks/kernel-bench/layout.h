// SPDX-License-Identifier: Apache-2.0
//
// How vectors are stored. A new kind of storage is an encoding, a layout, or both.

#ifndef BENCH_LAYOUT_H
#define BENCH_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The components of a vector.
typedef struct {
    // Bytes of n components.
    size_t (*bytes)(size_t n);
    // Random contents for `bytes` bytes of vectors of any dimension.
    void (*fill)(void *data, size_t bytes, uint32_t seed);
    // Component i, as the number that it stands for; NULL where that takes more than the component.
    double (*value)(const void *data, size_t i);
} encoding;

extern const encoding encoding_f32;

// A linear congruential generator (Numerical Recipes' constants); its high bits are the random ones.
uint32_t next_random(uint32_t *state);

// A query and rows.
typedef struct {
    const char *prefix;  // of its kernels' names
    const encoding *query, *row;
    // Vectors that are stored together, dimension-major; 1 where each is stored by itself, from a cache line on.
    size_t rows_together;
    // Whether rows are codes, or become codes: arithmetic is not measured.
    bool is_coded;
    // Writes what rows of n dimensions and their query hold beside codes, or NULL: rows are their components.
    void (*complete)(void *query, void *rows, size_t stride_bytes, size_t row_count, size_t n);
} layout;

extern const layout layout_f32_rows, layout_f32_blocks, layout_f16_rows;
extern const layout layout_u4_dot_rows, layout_u8_dot_rows, layout_u4_l1_rows, layout_u8_l1_rows;
// Rows of floats that are encoded, with the query as their center.
extern const layout layout_encoded_rows;

// Every layout.
size_t layout_count(void);
const layout *layout_at(size_t index);

// Bytes of one row of n dimensions with its padding, and so the cache lines that a distance reads; and of a query.
size_t layout_stride_bytes(const layout *layout, size_t n);
size_t layout_query_bytes(const layout *layout, size_t n);

// Component i of a row, as the number that it stands for.
double layout_row_value(const layout *layout, const void *rows, size_t stride_bytes, size_t row, size_t i);

#endif
