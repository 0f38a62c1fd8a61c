// SPDX-License-Identifier: Apache-2.0

#include "layout.h"

#include "CKernels.h"

#include <math.h>

// ---- Encodings ------------------------------------------------------------------------------------------------------

uint32_t next_random(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

static size_t f32_bytes(size_t n) { return n * sizeof(float); }

// Floats in [-1, 1).
static void f32_fill(void *data, size_t bytes, uint32_t seed) {
    float *values = data;
    for (size_t i = 0; i < bytes / sizeof(float); i++) values[i] = (float)(int32_t)next_random(&seed) * 0x1p-31f;
}

static double f32_value(const void *data, size_t i) { return (double)((const float *)data)[i]; }

static size_t f16_bytes(size_t n) { return n * sizeof(uint16_t); }

// Halves of magnitudes from 1/8 to 2: any sign and fraction, and of the exponents those from -3 to 0.
static void f16_fill(void *data, size_t bytes, uint32_t seed) {
    uint16_t *values = data;
    for (size_t i = 0; i < bytes / sizeof(uint16_t); i++)
        values[i] = (uint16_t)((next_random(&seed) >> 16 & 0x8FFF) | 0x3000);
}

static double f16_value(const void *data, size_t i) {
    const uint16_t half = ((const uint16_t *)data)[i];
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return half & 0x8000 ? -magnitude : magnitude;
}

const encoding encoding_f32 = {f32_bytes, f32_fill, f32_value};
static const encoding encoding_f16 = {f16_bytes, f16_fill, f16_value};

// ---- Layouts --------------------------------------------------------------------------------------------------------

const layout layout_f32_rows = {"", &encoding_f32, &encoding_f32, 1, false, NULL};
const layout layout_f32_blocks = {"", &encoding_f32, &encoding_f32, CK_BLOCK, false, NULL};
const layout layout_f16_rows = {"f16_", &encoding_f32, &encoding_f16, 1, false, NULL};
const layout layout_encoded_rows = {"", &encoding_f32, &encoding_f32, 1, true, NULL};

static const layout *const layouts[] = {&layout_f32_rows,    &layout_f32_blocks,  &layout_f16_rows,
                                        &layout_u4_dot_rows, &layout_u8_dot_rows, &layout_u4_l1_rows,
                                        &layout_u8_l1_rows,  &layout_encoded_rows};

size_t layout_count(void) { return sizeof layouts / sizeof layouts[0]; }

const layout *layout_at(size_t index) { return layouts[index]; }

static size_t whole_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

size_t layout_stride_bytes(const layout *layout, size_t n) {
    const size_t bytes = layout->row->bytes(n);
    return layout->rows_together == 1 ? whole_lines(bytes) : bytes;
}

size_t layout_query_bytes(const layout *layout, size_t n) { return whole_lines(layout->query->bytes(n)); }

double layout_row_value(const layout *layout, const void *rows, size_t stride_bytes, size_t row, size_t i) {
    const size_t together = layout->rows_together, within = row % together;
    return layout->row->value((const char *)rows + (row - within) * stride_bytes, i * together + within);
}
