// SPDX-License-Identifier: Apache-2.0
//
// The shapes of the kernels on rows, written once over a vector type and a row's elements. A kernel file includes this after
// its instruction set's registers_*.h, which defines:
//   vec, LANES                      the vector register and the floats in it
//   zero, add, load, load_first     load_first(p, count) reads `count` < LANES floats and no byte more; the rest is 0
//   lane_sum(a)                     the sum of the lanes of a vector
//   joint_sum(a, b, c, d)           those of four vectors; the order of a vector's additions does not depend on the others
//   step                            the type of l1_step, l2sq_step and dot_step: one step of a metric's running sum
// and after it has itself defined:
//   element                         the type of a row's elements; those of a query are floats
//   load_row(p)                     LANES elements at p as floats
//   load_row_first(p, count)        the first `count`, at least 1 and fewer than LANES, and reads no byte more; the rest is 0
//   CACHED_SCAN_BYTES               a scan of no more bytes than this goes four rows at a time
//
// Every `step step` argument is a constant at its call, so that each kernel is a loop of its own.
//
// kernel-bench (Benchmarks/README.md) chose the numbers of rows, of running sums and of lines to prefetch.

// Elements in a cache line of 64 bytes, and those that rows_loop takes at a time: whole lines.
enum { LINE = 64 / sizeof(element), ROWS_STEP = LINE > 2 * LANES ? LINE : 2 * LANES };

// The distance of one pair. Four running sums hide the latency of FMA (4 cycles) as far as two loads a step allow (one
// step a cycle). The rest of a length is straight code: at 96 dimensions 1.1 times as fast as a loop.
CK_INLINE float pair_loop(const float *query, const element *row, size_t n, step step) {
    vec sum0 = zero(), sum1 = zero(), sum2 = zero(), sum3 = zero();
    size_t i = 0;
#pragma clang loop unroll_count(2)
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        sum0 = step(sum0, load(query + i), load_row(row + i));
        sum1 = step(sum1, load(query + i + LANES), load_row(row + i + LANES));
        sum2 = step(sum2, load(query + i + 2 * LANES), load_row(row + i + 2 * LANES));
        sum3 = step(sum3, load(query + i + 3 * LANES), load_row(row + i + 3 * LANES));
    }
    if (i + 2 * LANES <= n) {
        sum0 = step(sum0, load(query + i), load_row(row + i));
        sum1 = step(sum1, load(query + i + LANES), load_row(row + i + LANES));
        i += 2 * LANES;
    }
    if (i + LANES <= n) {
        sum2 = step(sum2, load(query + i), load_row(row + i));
        i += LANES;
    }
    if (i < n) sum3 = step(sum3, load_first(query + i, n - i), load_row_first(row + i, n - i));
    return lane_sum(add(add(sum0, sum1), add(sum2, sum3)));
}

// Rows whose lanes are summed jointly.
enum { JOINT_ROWS = 4 };

// Adds two registers of each of R rows (R constant), from element i on, to their sums.
CK_INLINE void add_two(const float *query, const element *const *row, size_t i, const size_t R, step step, vec *even,
                       vec *odd) {
    const vec q0 = load(query + i), q1 = load(query + i + LANES);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < R; r++) {
        even[r] = step(even[r], q0, load_row(row[r] + i));
        odd[r] = step(odd[r], q1, load_row(row[r] + i + LANES));
    }
}

// The distances of the query to R <= 4 rows at once (R constant), their lanes not yet summed. The rows share the query's
// registers, and their cache misses overlap. Two running sums a row: four rows make eight chains of additions, which is
// what two FMA ports with a latency of 4 cycles need, and all that AVX2 has registers for. A row's sum is formed in the
// same order for every R, so that gather and scan agree to the bit. For each line that the loop reads it prefetches one
// line of `ahead`: R rows, or R rows' length of one run (A constant: 0, 1 or R).
CK_INLINE void rows_loop(const float *query, const element *const *row, const size_t R, size_t n, step step, vec *sum,
                         const element *const *ahead, const size_t A) {
    vec even[JOINT_ROWS], odd[JOINT_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < R; r++) even[r] = odd[r] = zero();
    size_t i = 0;
    for (; i + ROWS_STEP <= n; i += ROWS_STEP) {
#pragma clang loop unroll(full)
        for (size_t a = 0; a < A; a++)
#pragma clang loop unroll(full)
            for (size_t line = 0; line < R / A * ROWS_STEP; line += LINE) ck_prefetch(ahead[a] + R / A * i + line);
#pragma clang loop unroll(full)
        for (size_t j = 0; j < ROWS_STEP; j += 2 * LANES) add_two(query, row, i + j, R, step, even, odd);
    }
    if (ROWS_STEP > 2 * LANES && i + 2 * LANES <= n) {
        add_two(query, row, i, R, step, even, odd);
        i += 2 * LANES;
    }
    if (i + LANES <= n) {
        const vec q = load(query + i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) even[r] = step(even[r], q, load_row(row[r] + i));
        i += LANES;
    }
    if (i < n) {
        const vec q = load_first(query + i, n - i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) odd[r] = step(odd[r], q, load_row_first(row[r] + i, n - i));
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < R; r++) sum[r] = add(even[r], odd[r]);
}

// Four rows at a time, while the next four are on their way.
CK_INLINE void gather_loop(const float *query, const element *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, float *out, step step) {
    size_t i = 0;
    for (; i + JOINT_ROWS <= count; i += JOINT_ROWS) {
        vec sum[JOINT_ROWS];
        const element *row[JOINT_ROWS], *ahead[JOINT_ROWS];
#pragma clang loop unroll(full)
        for (size_t r = 0; r < JOINT_ROWS; r++) {
            const size_t next = i + r + CK_GATHER_ROWS_AHEAD;
            row[r] = rows + ids[i + r] * stride;
            ahead[r] = rows + ids[next < count ? next : count - 1] * stride;
        }
        if (i + CK_GATHER_ROWS_AHEAD < count)
            rows_loop(query, row, JOINT_ROWS, n, step, sum, ahead, JOINT_ROWS);
        else
            rows_loop(query, row, JOINT_ROWS, n, step, sum, NULL, 0);
        _mm_storeu_ps(out + i, joint_sum(sum[0], sum[1], sum[2], sum[3]));
    }
    // The rest at once too: their cache misses overlap.
    const size_t rest = count - i;
    if (rest == 0) return;
    vec sum[JOINT_ROWS] = {zero(), zero(), zero(), zero()};
    const element *row[JOINT_ROWS];
    for (size_t r = 0; r < rest; r++) row[r] = rows + ids[i + r] * stride;
    switch (rest) {
    case 1: rows_loop(query, row, 1, n, step, sum, NULL, 0); break;
    case 2: rows_loop(query, row, 2, n, step, sum, NULL, 0); break;
    default: rows_loop(query, row, 3, n, step, sum, NULL, 0); break;
    }
    float sums[JOINT_ROWS];
    _mm_storeu_ps(sums, joint_sum(sum[0], sum[1], sum[2], sum[3]));
    for (size_t r = 0; r < rest; r++) out[i + r] = sums[r];
}

// Rows that the first- or second-level cache surely holds, but for the first time: asking for them would cost up to a quarter
// of the time. As much as a tile of batch_blocked.c.
enum { NEAR_BYTES = 256 * 1024 };

// From a cache four rows at a time: one row's two running sums wait for each other. From memory row after row and by one
// loop, because a prefetcher knows a stream by the address of its load, and one stream is up to 1.6 times as fast as four
// side by side. Both ask for the lines ahead in the order of their addresses, and for none behind the last row.
CK_INLINE void scan_loop(const float *query, const element *rows, size_t stride, size_t count, size_t n, float *out,
                         step step) {
    const size_t bytes = count * stride * sizeof(element);
    const bool cached = bytes <= CACHED_SCAN_BYTES;
    const bool near = CACHED_SCAN_BYTES <= NEAR_BYTES || bytes <= NEAR_BYTES;
    const element *const end = rows + count * stride;
    size_t i = 0;
    for (; i + JOINT_ROWS <= count; i += JOINT_ROWS) {
        vec sum[JOINT_ROWS];
        const element *const first = rows + i * stride;
        if (cached) {
            const element *const row[] = {first, first + stride, first + 2 * stride, first + 3 * stride};
            const element *const ahead = first + CK_SCAN_LINES_AHEAD * LINE;
            if (!near && ahead + JOINT_ROWS * stride <= end)
                rows_loop(query, row, JOINT_ROWS, n, step, sum, &ahead, 1);
            else
                rows_loop(query, row, JOINT_ROWS, n, step, sum, NULL, 0);
        } else {
#pragma clang loop unroll(disable)
            for (size_t r = 0; r < JOINT_ROWS; r++) {
                const element *const row = first + r * stride;
                const element *const ahead = row + CK_SCAN_LINES_AHEAD * LINE;
                if (ahead + stride <= end)
                    rows_loop(query, &row, 1, n, step, &sum[r], &ahead, 1);
                else
                    rows_loop(query, &row, 1, n, step, &sum[r], NULL, 0);
            }
        }
        _mm_storeu_ps(out + i, joint_sum(sum[0], sum[1], sum[2], sum[3]));
    }
    for (; i < count; i++) {
        vec sum;
        const element *const row = rows + i * stride;
        rows_loop(query, &row, 1, n, step, &sum, NULL, 0);
        out[i] = lane_sum(sum);
    }
}
