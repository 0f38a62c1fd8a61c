// SPDX-License-Identifier: Apache-2.0

#include "tables.h"

#include <math.h>

// The sum of squares is the inner product with oneself: any table's `dot` serves.
float ck_squared_norm(const ck_table *table, const float *v, size_t n) { return table->dot.pair(v, v, n); }

void ck_squared_norms(const ck_table *table, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = ck_squared_norm(table, rows + i * stride, n);
}

// Squares of floats lie between 2^-298 and 2^256: no double is too short or too long for their sum.
static double squared_norm_f64(const float *v, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)v[i] * (double)v[i];
    return sum;
}

double ck_normalize(const ck_table *table, float *v, size_t n) {
    // From 2^-64 on, what squares lose by underflow, 2^-150 each, is less than they lose by rounding.
    const float squared_norm = ck_squared_norm(table, v, n);
    if (squared_norm >= 0x1p-64f && squared_norm < INFINITY) {
        const double norm = sqrt((double)squared_norm);
        const float scale = (float)(1 / norm);
        for (size_t i = 0; i < n; i++) v[i] *= scale;
        return norm;
    }
    const double norm = sqrt(squared_norm_f64(v, n));
    if (!(norm > 0 && norm < (double)INFINITY)) return norm;
    for (size_t i = 0; i < n; i++) v[i] = (float)((double)v[i] / norm);
    return norm;
}
