// SPDX-License-Identifier: Apache-2.0
//
// What is left of a vector after the center is taken away: its ends and its length.

#ifndef CK_LOOPS_REMAINDER_H
#define CK_LOOPS_REMAINDER_H

// The least and the greatest value of r = v - c, |r|^2 and <r, c>.
typedef struct {
    float least, greatest, squared_norm, center_product;
} remainder_sums;

// Running sums in lanes: a register of AVX-512 for each of the four, or two of AVX2. They are written out because the compiler
// does not vectorize a search for the least float: one might be NaN.
enum { REMAINDER_LANES = 16 };

typedef struct {
    float least[REMAINDER_LANES], greatest[REMAINDER_LANES];
    float squared_norm[REMAINDER_LANES], center_product[REMAINDER_LANES];
} remainder_lanes;

CK_INLINE float lesser(float a, float b) { return a < b ? a : b; }

CK_INLINE float greater(float a, float b) { return a > b ? a : b; }

CK_INLINE void add_to_lane(remainder_lanes *sums, size_t lane, float v, float c) {
    const float r = v - c;
    sums->least[lane] = lesser(r, sums->least[lane]);
    sums->greatest[lane] = greater(r, sums->greatest[lane]);
    sums->squared_norm[lane] += r * r;
    sums->center_product[lane] += r * c;
}

// n > 0.
CK_INLINE remainder_sums sum_remainder(const float *restrict v, const float *restrict c, size_t n) {
    remainder_lanes lanes;
    for (size_t l = 0; l < REMAINDER_LANES; l++) {
        lanes.least[l] = lanes.greatest[l] = v[0] - c[0];
        lanes.squared_norm[l] = lanes.center_product[l] = 0;
    }
    size_t i = 0;
    for (; i + REMAINDER_LANES <= n; i += REMAINDER_LANES)
        for (size_t l = 0; l < REMAINDER_LANES; l++) add_to_lane(&lanes, l, v[i + l], c[i + l]);
    for (size_t l = 0; i + l < n; l++) add_to_lane(&lanes, l, v[i + l], c[i + l]);

    // One loop each: in one for all, the compiler shuffles the four into short vectors.
    remainder_sums sums = {lanes.least[0], lanes.greatest[0], 0, 0};
    for (size_t l = 1; l < REMAINDER_LANES; l++) sums.least = lesser(lanes.least[l], sums.least);
    for (size_t l = 1; l < REMAINDER_LANES; l++) sums.greatest = greater(lanes.greatest[l], sums.greatest);
    for (size_t l = 0; l < REMAINDER_LANES; l++) sums.squared_norm += lanes.squared_norm[l];
    for (size_t l = 0; l < REMAINDER_LANES; l++) sums.center_product += lanes.center_product[l];
    return sums;
}

#endif
