// SPDX-License-Identifier: Apache-2.0
//
// The shapes of the half-precision kernels, written once over a vector type: loops_f32.h with rows that are widened as
// they are loaded. An instruction set's file includes this after it has defined, for that set:
//   vec, LANES                      the vector register and the floats in it
//   zero, add                       of such registers
//   load, load_half                 LANES floats; LANES halves as floats
//   load_rest, load_half_rest       (p, i, n): elements i to n - 1, fewer than LANES, and 0 in the other lanes, which are
//                                   the same ones in both; no byte outside p[0] to p[n - 1] is read
//   joint_sum(a, b, c, d)           the sums of the lanes of four vectors
//   step                            the type of l1_step, l2sq_step and dot_step: one step of a metric's running sum
//
// Every `step step` argument is a constant at its call, so that each kernel is a loop of its own.

// Halves in a cache line of 64 bytes.
enum { LINE_HALVES = 32 };

// Asks for elements begin to end - 1 of four rows.
CK_INLINE void prefetch_rows(const uint16_t *const *row, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i += LINE_HALVES)
#pragma clang loop unroll(full)
        for (size_t r = 0; r < 4; r++) ck_prefetch(row[r] + i);
}

// Distances of the query to R rows at once (R constant), which share the query's registers. Two running sums a row: with
// four rows, eight chains of additions hide the latency of FMA (4 cycles, two a cycle). A row's sum is formed in the
// same order whatever its place and R, so that gather and scan agree to the bit. `next` names four rows to be fetched
// from memory meanwhile, or is NULL.
CK_INLINE void rows_loop(const float *query, const uint16_t *const *row, const size_t R, size_t n, step step, float *out,
                         const uint16_t *const *next) {
    vec even[4], odd[4];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < 4; r++) even[r] = odd[r] = zero();
    size_t i = 0;
    for (; i + LINE_HALVES <= n; i += LINE_HALVES) {
        if (next) prefetch_rows(next, i, i + LINE_HALVES);
#pragma clang loop unroll(full)
        for (size_t j = i; j < i + LINE_HALVES; j += 2 * LANES) {
            const vec q0 = load(query + j), q1 = load(query + j + LANES);
#pragma clang loop unroll(full)
            for (size_t r = 0; r < R; r++) {
                even[r] = step(even[r], q0, load_half(row[r] + j));
                odd[r] = step(odd[r], q1, load_half(row[r] + j + LANES));
            }
        }
    }
    if (next) prefetch_rows(next, i, n);
    for (; i + LANES <= n; i += LANES) {
        const vec q0 = load(query + i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) even[r] = step(even[r], q0, load_half(row[r] + i));
    }
    if (i < n) {
        const vec q0 = load_rest(query, i, n);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) odd[r] = step(odd[r], q0, load_half_rest(row[r], i, n));
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < 4; r++) even[r] = add(even[r], odd[r]);
    const __m128 sums_f32x4 = joint_sum(even[0], even[1], even[2], even[3]);
    if (R == 4)
        _mm_storeu_ps(out, sums_f32x4);
    else
        out[0] = _mm_cvtss_f32(sums_f32x4);
}

// The distance of one pair. Four running sums hide the latency of FMA as far as the loads of a step allow.
CK_INLINE float pair_loop(const float *query, const uint16_t *row, size_t n, step step) {
    vec sum0 = zero(), sum1 = zero(), sum2 = zero(), sum3 = zero();
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        sum0 = step(sum0, load(query + i), load_half(row + i));
        sum1 = step(sum1, load(query + i + LANES), load_half(row + i + LANES));
        sum2 = step(sum2, load(query + i + 2 * LANES), load_half(row + i + 2 * LANES));
        sum3 = step(sum3, load(query + i + 3 * LANES), load_half(row + i + 3 * LANES));
    }
    for (; i + LANES <= n; i += LANES) sum0 = step(sum0, load(query + i), load_half(row + i));
    if (i < n) sum1 = step(sum1, load_rest(query, i, n), load_half_rest(row, i, n));
    const vec sum = add(add(sum0, sum1), add(sum2, sum3));
    return _mm_cvtss_f32(joint_sum(sum, sum, sum, sum));
}

CK_INLINE void gather_loop(const float *query, const uint16_t *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, float *out, step step) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const uint16_t *const row[4] = {rows + ids[i] * stride, rows + ids[i + 1] * stride, rows + ids[i + 2] * stride,
                                        rows + ids[i + 3] * stride};
        if (i + 4 < count) {
            // The rows that come next are on their way while these are measured.
            const size_t last = count - 1;
            const uint16_t *const next[4] = {rows + ids[i + 4] * stride,
                                             rows + ids[i + 5 < last ? i + 5 : last] * stride,
                                             rows + ids[i + 6 < last ? i + 6 : last] * stride,
                                             rows + ids[i + 7 < last ? i + 7 : last] * stride};
            rows_loop(query, row, 4, n, step, out + i, next);
        } else {
            rows_loop(query, row, 4, n, step, out + i, NULL);
        }
    }
    for (; i < count; i++) {
        const uint16_t *const row[1] = {rows + ids[i] * stride};
        rows_loop(query, row, 1, n, step, out + i, NULL);
    }
}

CK_INLINE void scan_loop(const float *query, const uint16_t *rows, size_t stride, size_t count, size_t n, float *out,
                         step step) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const uint16_t *const row[4] = {rows + i * stride, rows + (i + 1) * stride, rows + (i + 2) * stride,
                                        rows + (i + 3) * stride};
        rows_loop(query, row, 4, n, step, out + i, NULL);
    }
    for (; i < count; i++) {
        const uint16_t *const row[1] = {rows + i * stride};
        rows_loop(query, row, 1, n, step, out + i, NULL);
    }
}
