// SPDX-License-Identifier: Apache-2.0

#include "tables.h"

#include <float.h>
#include <math.h>

// What double arithmetic on n <= 65,536 terms, and rounding to float afterwards, can take off a length.
static const double ROUNDING_UP = 1 + 0x1p-22;

static float rounded_up(double length) { return length > 0 ? fmaxf((float)(length * ROUNDING_UP), FLT_MIN) : 0; }

static double sum(const float *v, size_t n) {
    double total = 0;
    for (size_t i = 0; i < n; i++) total += v[i];
    return total;
}

// The largest distance of a value from the mean.
static double largest_deviation(const float *v, size_t n, double mean) {
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(v[i] - mean));
    return largest;
}

// The scale that spreads deviations of at most `largest` over `codes` codes on each side; 0 where a scale that small has lost
// its precision, and everything is residual.
static float scale_for(double largest, int codes) {
    const float scale = (float)(largest / codes);
    return scale >= FLT_MIN ? scale : 0;
}

// The integer nearest to x, |x| < 2^22: adding 1.5 * 2^23 leaves it in the low bits of a float's significand.
static int nearest(float x) {
    const union {
        float value;
        int32_t bits;
    } shifted = {.value = x + 0x1.8p23f};
    return shifted.bits - 0x4B400000;
}

static int clamped(int x, int limit) { return x < -limit ? -limit : x > limit ? limit : x; }

ck_encoded_vector ck_encode_vector(const float *v, size_t n, uint8_t largest_code, uint8_t *block, size_t place) {
    const int zero_point = (largest_code + 1) / 2;
    const int codes = zero_point - 1;
    const double total = sum(v, n);
    const float mean = n ? (float)(total / (double)n) : 0;
    const float scale = scale_for(largest_deviation(v, n, mean), codes);
    const float inverse = scale > 0 ? 1 / scale : 0;
    double coded = 0, residual = 0;
    uint8_t *const out = block + place * CK_QUAD;
    for (size_t d = 0; d < n; d++) {
        const int code = clamped(nearest((v[d] - mean) * inverse), codes);
        out[d / CK_QUAD * CK_BLOCK * CK_QUAD + d % CK_QUAD] = (uint8_t)(code + zero_point);
        const double left = (double)v[d] - mean - (double)scale * code;
        coded += (double)(code * code);
        residual += left * left;
    }
    return (ck_encoded_vector){
        .scale = scale,
        .sum = (float)total,
        .coded_length = rounded_up(scale * sqrt(coded)),
        .residual_length = rounded_up(sqrt(residual)),
    };
}

// The largest sum of deviations to one side from the mean in a 16-bit lane of a run.
static double largest_lane_sum(const float *v, size_t n, double mean) {
    double largest = 0;
    for (size_t first = 0; first < n; first += CK_QUAD * CK_RUN) {
        double above[2] = {0}, below[2] = {0};
        for (size_t d = first; d < n && d < first + CK_QUAD * CK_RUN; d++) {
            above[d / 2 % 2] += fmax(v[d] - mean, 0);
            below[d / 2 % 2] += fmax(mean - v[d], 0);
        }
        for (size_t lane = 0; lane < 2; lane++) largest = fmax(largest, fmax(above[lane], below[lane]));
    }
    return largest;
}

ck_encoded_query ck_encode_query(const float *query, size_t n, uint8_t largest_code, uint16_t largest_sum,
                                 int8_t *codes) {
    const float mean = n ? (float)(sum(query, n) / (double)n) : 0;
    float scale = scale_for(largest_deviation(query, n, mean), largest_code);
    // Rounding adds at most a half to each code of a lane.
    if (largest_sum)
        scale = fmaxf(scale, scale_for(largest_lane_sum(query, n, mean), largest_sum - CK_QUAD / 2 * CK_RUN / 2));
    const float inverse = scale > 0 ? 1 / scale : 0;
    int32_t code_sum = 0;
    double deviation = 0, residual = 0;
    for (size_t d = 0; d < n; d++) {
        const int code = clamped(nearest((query[d] - mean) * inverse), largest_code);
        codes[d] = (int8_t)code;
        code_sum += code;
        const double away = (double)query[d] - mean;
        const double left = away - (double)scale * code;
        deviation += away * away;
        residual += left * left;
    }
    return (ck_encoded_query){
        .scale = scale,
        .mean = mean,
        .code_sum = code_sum,
        .deviation_length = rounded_up(sqrt(deviation)),
        .residual_length = rounded_up(sqrt(residual)),
    };
}
