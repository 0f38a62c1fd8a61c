// SPDX-License-Identifier: Apache-2.0
//
// The steps and loops of the portable kernels on rows, written once over a row's elements. A kernel file includes this after
// it has defined:
//   element     the type of a row's elements
//   value(e)    the float that an element stands for

typedef float (*step)(float sum, float a, float b);

CK_INLINE float l1_step(float sum, float a, float b) { return sum + fabsf(a - b); }

CK_INLINE float l2sq_step(float sum, float a, float b) { return sum + (a - b) * (a - b); }

CK_INLINE float dot_step(float sum, float a, float b) { return sum + a * b; }

// Sixteen running sums: the compiler may keep them in vector registers without changing the order of any addition. It is
// told to, by four lanes of 128 bits: left to itself, Clang 21 multiplies one by one.
enum { LANES = 16 };

CK_INLINE float pair_loop(const float *query, const element *row, size_t n, step step) {
    float sums[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
#pragma clang loop vectorize_width(4) interleave_count(4) unroll(disable)
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] = step(sums[lane], query[i + lane], value(row[i + lane]));
    for (size_t lane = 0; i < n; i++, lane++) sums[lane] = step(sums[lane], query[i], value(row[i]));

    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
    return sums[0];
}

CK_INLINE void gather_loop(const float *query, const element *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, float *out, step step) {
    for (size_t i = 0; i < count; i++) out[i] = pair_loop(query, rows + ids[i] * stride, n, step);
}

CK_INLINE void scan_loop(const float *query, const element *rows, size_t stride, size_t count, size_t n, float *out,
                         step step) {
    for (size_t i = 0; i < count; i++) out[i] = pair_loop(query, rows + i * stride, n, step);
}
