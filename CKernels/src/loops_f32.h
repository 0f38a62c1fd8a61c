// SPDX-License-Identifier: Apache-2.0
//
// The shapes of the f32 kernels, written once over a vector type. An instruction set's file includes this after it has
// defined, for that set:
//   vec, LANES                      the vector register and the floats in it
//   zero, add, load, load_first     load_first(p, count) reads `count` < LANES floats and no byte more; the rest is 0
//   joint_sum(a, b, c, d)           the sums of the lanes of four vectors
//   step                            the type of l1_step, l2sq_step and dot_step: one step of a metric's running sum
//
// Every `step step` argument is a constant at its call, so that each kernel is a loop of its own.

// Floats in a cache line of 64 bytes.
enum { LINE_FLOATS = 16 };

// Distances of the query to R rows at once (R constant), which share the query's registers. Two running sums a row: with
// four rows, eight chains of additions hide the latency of FMA (4 cycles, two a cycle). A row's sum is formed in the
// same order whatever its place and R, so that gather and scan agree to the bit. `next` names four rows to be fetched
// from memory meanwhile, or is NULL.
CK_INLINE void rows_loop(const float *query, const float *const *row, const size_t R, size_t n, step step, float *out,
                         const float *const *next) {
    vec even[4], odd[4];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < 4; r++) even[r] = odd[r] = zero();
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        const vec q0 = load(query + i), q1 = load(query + i + LANES);
        if (next)
#pragma clang loop unroll(full)
            for (size_t r = 0; r < 4; r++)
#pragma clang loop unroll(full)
                for (size_t line = 0; line < 2 * LANES; line += LINE_FLOATS) ck_prefetch(next[r] + i + line);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) {
            even[r] = step(even[r], q0, load(row[r] + i));
            odd[r] = step(odd[r], q1, load(row[r] + i + LANES));
        }
    }
    if (i + LANES <= n) {
        const vec q0 = load(query + i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) even[r] = step(even[r], q0, load(row[r] + i));
        i += LANES;
    }
    if (i < n) {
        const vec q0 = load_first(query + i, n - i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) odd[r] = step(odd[r], q0, load_first(row[r] + i, n - i));
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < 4; r++) even[r] = add(even[r], odd[r]);
    const __m128 sums_f32x4 = joint_sum(even[0], even[1], even[2], even[3]);
    if (R == 4)
        _mm_storeu_ps(out, sums_f32x4);
    else
        out[0] = _mm_cvtss_f32(sums_f32x4);
}

// The distance of one pair. Four running sums hide the latency of FMA as far as the two loads a step allow.
CK_INLINE float pair_loop(const float *a, const float *b, size_t n, step step) {
    vec sum0 = zero(), sum1 = zero(), sum2 = zero(), sum3 = zero();
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        sum0 = step(sum0, load(a + i), load(b + i));
        sum1 = step(sum1, load(a + i + LANES), load(b + i + LANES));
        sum2 = step(sum2, load(a + i + 2 * LANES), load(b + i + 2 * LANES));
        sum3 = step(sum3, load(a + i + 3 * LANES), load(b + i + 3 * LANES));
    }
    for (; i + LANES <= n; i += LANES) sum0 = step(sum0, load(a + i), load(b + i));
    if (i < n) sum1 = step(sum1, load_first(a + i, n - i), load_first(b + i, n - i));
    const vec sum = add(add(sum0, sum1), add(sum2, sum3));
    return _mm_cvtss_f32(joint_sum(sum, sum, sum, sum));
}

CK_INLINE void gather_loop(const float *query, const float *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, float *out, step step) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const float *const row[4] = {rows + ids[i] * stride, rows + ids[i + 1] * stride, rows + ids[i + 2] * stride,
                                     rows + ids[i + 3] * stride};
        if (i + 4 < count) {
            // The rows that come next are on their way while these are measured.
            const size_t last = count - 1;
            const float *const next[4] = {rows + ids[i + 4] * stride, rows + ids[i + 5 < last ? i + 5 : last] * stride,
                                          rows + ids[i + 6 < last ? i + 6 : last] * stride,
                                          rows + ids[i + 7 < last ? i + 7 : last] * stride};
            rows_loop(query, row, 4, n, step, out + i, next);
        } else {
            rows_loop(query, row, 4, n, step, out + i, NULL);
        }
    }
    for (; i < count; i++) {
        const float *const row[1] = {rows + ids[i] * stride};
        rows_loop(query, row, 1, n, step, out + i, NULL);
    }
}

CK_INLINE void scan_loop(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out,
                         step step) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const float *const row[4] = {rows + i * stride, rows + (i + 1) * stride, rows + (i + 2) * stride,
                                     rows + (i + 3) * stride};
        rows_loop(query, row, 4, n, step, out + i, NULL);
    }
    for (; i < count; i++) {
        const float *const row[1] = {rows + i * stride};
        rows_loop(query, row, 1, n, step, out + i, NULL);
    }
}

// ---- Kernels --------------------------------------------------------------------------------------------------------

static float l1_pair(const float *a, const float *b, size_t n) { return pair_loop(a, b, n, l1_step); }

static float l2sq_pair(const float *a, const float *b, size_t n) { return pair_loop(a, b, n, l2sq_step); }

static float dot_pair(const float *a, const float *b, size_t n) { return pair_loop(a, b, n, dot_step); }

static void l1_gather(const float *query, const float *rows, size_t stride, const uint32_t *ids, size_t count, size_t n,
                      float *out) {
    gather_loop(query, rows, stride, ids, count, n, out, l1_step);
}

static void l2sq_gather(const float *query, const float *rows, size_t stride, const uint32_t *ids, size_t count, size_t n,
                      float *out) {
    gather_loop(query, rows, stride, ids, count, n, out, l2sq_step);
}

static void dot_gather(const float *query, const float *rows, size_t stride, const uint32_t *ids, size_t count, size_t n,
                      float *out) {
    gather_loop(query, rows, stride, ids, count, n, out, dot_step);
}

static void l1_scan(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    scan_loop(query, rows, stride, count, n, out, l1_step);
}

static void l2sq_scan(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    scan_loop(query, rows, stride, count, n, out, l2sq_step);
}

static void dot_scan(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    scan_loop(query, rows, stride, count, n, out, dot_step);
}
