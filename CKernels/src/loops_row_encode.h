// SPDX-License-Identifier: Apache-2.0
//
// Vectors to rows of codes.

#include "loops_remainder.h"

// Rows whose squared norm is below this are not scaled: too few bits are left of the squares.
#define CK_LEAST_SQUARED_NORM 0x1p-100f

// ---- Codes ----------------------------------------------------------------------------------------------------------

// Steps from a row's least value to its greatest.
typedef struct {
    float low, step, inverse;
} row_steps;

CK_INLINE row_steps divide_range(remainder_sums sums, float largest) {
    const float range = sums.greatest - sums.least;
    const float step = range >= CK_LEAST_RANGE ? range / largest : 0;
    return (row_steps){sums.least, step, step > 0 ? 1 / step : 0};
}

CK_INLINE int32_t code_of(float r, row_steps steps, float largest) {
    const float place = (r - steps.low) * steps.inverse + 0.5f;
    return (int32_t)(place < largest ? place : largest);
}

// ---- Products of vector and codes -----------------------------------------------------------------------------------

// <r, g> and |r - g|^2.
typedef struct {
    float product, squared_error;
} row_products;

// Of n values, whose codes are those of the bytes given, shifted and masked.
CK_INLINE row_products sum_products(const float *restrict v, const float *restrict c, size_t n,
                                    const uint8_t *restrict codes, int shift, int mask, float low, float step) {
    float product = 0, squared_error = 0;
    for (size_t i = 0; i < n; i++) {
        const float r = v[i] - c[i];
        const float g = low + step * (float)(codes[i] >> shift & mask);
        product += r * g;
        squared_error += (r - g) * (r - g);
    }
    return (row_products){product, squared_error};
}

// Of a whole row.
typedef row_products (*products_fn)(const float *v, const float *c, size_t n, const uint8_t *codes, float low,
                                    float step);

CK_INLINE row_products products_u4(const float *v, const float *c, size_t n, const uint8_t *codes, float low,
                                   float step) {
    const size_t half = half_of(n);
    const row_products lows = sum_products(v, c, half, codes, 0, 15, low, step);
    const row_products highs = sum_products(v + half, c + half, n - half, codes, 4, 15, low, step);
    return (row_products){lows.product + highs.product, lows.squared_error + highs.squared_error};
}

CK_INLINE row_products products_u8(const float *v, const float *c, size_t n, const uint8_t *codes, float low,
                                   float step) {
    return sum_products(v, c, n, codes, 0, 255, low, step);
}

// ---- Rows -----------------------------------------------------------------------------------------------------------

// What is known of a row whose codes are written.
CK_INLINE ck_encoded_row finish_row(const float *v, const float *c, size_t n, const uint8_t *codes, int unbiased,
                                    remainder_sums sums, row_steps steps, const products_fn products) {
    ck_encoded_row row = {steps.low, steps.step, sums.squared_norm, 0, sums.center_product, 0};
    row_products found = products(v, c, n, codes, row.low, row.step);
    const bool has_length = sums.squared_norm >= CK_LEAST_SQUARED_NORM && found.product > 0;
    const float factor = has_length ? sums.squared_norm / found.product : 1;
    // Where a few values have most of the range, the codes of the others say little. A large factor would only
    // make the few too large.
    if (unbiased && factor > 0.5f && factor < 2) {
        row.low *= factor;
        row.step *= factor;
        found = products(v, c, n, codes, row.low, row.step);
    }
    row.product = found.product;
    row.error = sqrtf(found.squared_error);
    return row;
}

static ck_encoded_row encode_u4(const float *restrict vector, const float *restrict center, size_t n, int unbiased,
                                uint8_t *restrict codes) {
    const remainder_sums sums = sum_remainder(vector, center, n);
    const row_steps steps = divide_range(sums, 15);
    const size_t half = half_of(n);
    for (size_t i = 0; i < n - half; i++) {
        const int32_t low = code_of(vector[i] - center[i], steps, 15);
        const int32_t high = code_of(vector[half + i] - center[half + i], steps, 15);
        codes[i] = (uint8_t)(low | high << 4);
    }
    if (n % 2 == 1) codes[half - 1] = (uint8_t)code_of(vector[half - 1] - center[half - 1], steps, 15);
    return finish_row(vector, center, n, codes, unbiased, sums, steps, products_u4);
}

static ck_encoded_row encode_u8(const float *restrict vector, const float *restrict center, size_t n, int unbiased,
                                uint8_t *restrict codes) {
    const remainder_sums sums = sum_remainder(vector, center, n);
    const row_steps steps = divide_range(sums, 255);
    for (size_t i = 0; i < n; i++) codes[i] = (uint8_t)code_of(vector[i] - center[i], steps, 255);
    return finish_row(vector, center, n, codes, unbiased, sums, steps, products_u8);
}

// ---- Remainders -----------------------------------------------------------------------------------------------------

// Where about its code a value lies, in sixteenths of CK_REMAINDER_WIDTH steps; 8 is the code itself.
CK_INLINE int32_t remainder_of(float r, row_steps steps, float code) {
    const float place = ((r - steps.low) * steps.inverse - code) * (16 / CK_REMAINDER_WIDTH) + 8.5f;
    const float above = place > 0 ? place : 0;
    return (int32_t)(above < 15 ? above : 15);
}

static void encode_remainders(const float *restrict vector, const float *restrict center, size_t n, float low,
                              float step, const uint8_t *restrict codes, uint8_t *restrict remainders) {
    const row_steps steps = {low, step, step > 0 ? 1 / step : 0};
    const size_t half = half_of(n);
    for (size_t i = 0; i < n - half; i++) {
        const int32_t first = remainder_of(vector[i] - center[i], steps, (float)(codes[i] & 15));
        const int32_t second = remainder_of(vector[half + i] - center[half + i], steps, (float)(codes[i] >> 4));
        remainders[i] = (uint8_t)(first | second << 4);
    }
    if (n % 2 == 1) {
        const float r = vector[half - 1] - center[half - 1];
        remainders[half - 1] = (uint8_t)remainder_of(r, steps, (float)(codes[half - 1] & 15));
    }
}
