// SPDX-License-Identifier: Apache-2.0
//
// The shapes of the kernels on codes, written once over a vector type. An instruction set's file includes this after it
// has defined, for that set:
//   vec                             the vector register, of any integers
//   zero, add                       of registers of 32-bit integers
//   fold(v)                         the sums of its 128-bit parts, lane by lane, modulo 2^32
//   UNROLL_BYTES                    the bytes that an iteration takes: whole cache lines, two or more loads
//
// Integer sums do not depend on their order, so a kernel is exact whenever its terms are.

// How one kind of code is summed under one metric. Every argument of this type is a constant at its call, so that each
// kernel is a loop of its own.
typedef struct {
    size_t width;                                                // bytes that a load takes
    vec (*load)(const uint8_t *p);                               // `width` bytes
    vec (*load_rest)(const uint8_t *p, size_t i, size_t bytes);  // bytes i to bytes - 1, fewer than `width`; else 0
    vec (*step)(vec sum, vec query, vec row);                    // adds the terms of one load
    uint32_t (*query_term)(const uint8_t *query, size_t bytes);  // what every result lacks after that, or NULL
    code_term odd_term;  // of the last of an odd number of packed codes; NULL where codes are not packed
} code_sum;

// Lane r is the sum of the lanes of vector r: a transpose whose columns are added on the way.
CK_INLINE __m128i joint_sum(vec a, vec b, vec c, vec d) {
    const __m128i a_i32x4 = fold(a), b_i32x4 = fold(b), c_i32x4 = fold(c), d_i32x4 = fold(d);
    const __m128i ab_i32x4 = _mm_add_epi32(_mm_unpacklo_epi32(a_i32x4, b_i32x4), _mm_unpackhi_epi32(a_i32x4, b_i32x4));
    const __m128i cd_i32x4 = _mm_add_epi32(_mm_unpacklo_epi32(c_i32x4, d_i32x4), _mm_unpackhi_epi32(c_i32x4, d_i32x4));
    return _mm_add_epi32(_mm_unpacklo_epi64(ab_i32x4, cd_i32x4), _mm_unpackhi_epi64(ab_i32x4, cd_i32x4));
}

enum { LINE_BYTES = 64 };

// Asks for bytes begin to end - 1 of A rows (A constant).
CK_INLINE void prefetch_rows(const uint8_t *const *row, const size_t A, size_t begin, size_t end) {
    if (A == 0) return;
    for (size_t i = begin; i < end; i += LINE_BYTES)
#pragma clang loop unroll(full)
        for (size_t r = 0; r < A; r++) ck_prefetch(row[r] + i);
}

// Rows whose results are written at once.
enum { JOINT_ROWS = 4 };

// Distances of the query to R rows at once (R constant: 1 or 4), which share the query's registers. Two running sums a row:
// with four rows, eight chains hide the latency of an accumulating multiplication (VPDPBUSD: 4 or 5 cycles, one or two a
// cycle). Meanwhile as much is fetched as is read, line by line, from `ahead`: R rows, or R rows' length of one run (A
// constant: 0, 1 or R).
CK_INLINE void rows_loop(const uint8_t *query, const uint8_t *const *row, const size_t R, size_t bytes,
                         const code_sum kind, uint32_t term, uint32_t *out, const uint8_t *const *ahead, const size_t A) {
    const size_t share = A == 1 ? R : 1;  // of what is fetched, a row's length each
    vec even[JOINT_ROWS], odd[JOINT_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) even[r] = odd[r] = zero();
    size_t i = 0;
    for (; i + UNROLL_BYTES <= bytes; i += UNROLL_BYTES) {
        prefetch_rows(ahead, A, share * i, share * (i + UNROLL_BYTES));
#pragma clang loop unroll(full)
        for (size_t j = 0; j < UNROLL_BYTES; j += kind.width) {
            const vec q = kind.load(query + i + j);
            vec *const sum = j / kind.width % 2 == 0 ? even : odd;
#pragma clang loop unroll(full)
            for (size_t r = 0; r < R; r++) sum[r] = kind.step(sum[r], q, kind.load(row[r] + i + j));
        }
    }
    prefetch_rows(ahead, A, share * i, share * bytes);
    for (; i + kind.width <= bytes; i += kind.width) {
        const vec q = kind.load(query + i);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) even[r] = kind.step(even[r], q, kind.load(row[r] + i));
    }
    if (i < bytes) {
        const vec q = kind.load_rest(query, i, bytes);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) odd[r] = kind.step(odd[r], q, kind.load_rest(row[r], i, bytes));
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < JOINT_ROWS; r++) even[r] = add(even[r], odd[r]);
    const __m128i sums_i32x4 = joint_sum(even[0], even[1], even[2], even[3]);
    const __m128i out_i32x4 = _mm_add_epi32(sums_i32x4, _mm_set1_epi32((int)term));
    if (R == JOINT_ROWS)
        _mm_storeu_si128((__m128i *)out, out_i32x4);
    else
        out[0] = (uint32_t)_mm_cvtsi128_si32(out_i32x4);
}

CK_INLINE size_t whole_bytes(size_t n, const code_sum kind) { return kind.odd_term ? n / 2 : n; }

CK_INLINE bool has_odd_code(size_t n, const code_sum kind) { return kind.odd_term && n % 2 == 1; }

CK_INLINE uint32_t query_term(const uint8_t *query, size_t bytes, const code_sum kind) {
    return kind.query_term ? kind.query_term(query, bytes) : 0;
}

CK_INLINE uint32_t odd_term(const uint8_t *a, const uint8_t *b, size_t n, const code_sum kind) {
    return kind.odd_term(low_code(a[n / 2]), low_code(b[n / 2]));
}

// The distance of one pair. Four running sums hide the latency of a step.
CK_INLINE uint32_t pair_loop(const uint8_t *a, const uint8_t *b, size_t n, const code_sum kind) {
    const size_t bytes = whole_bytes(n, kind);
    const size_t width = kind.width;
    vec sum0 = zero(), sum1 = zero(), sum2 = zero(), sum3 = zero();
    size_t i = 0;
    for (; i + 4 * width <= bytes; i += 4 * width) {
        sum0 = kind.step(sum0, kind.load(a + i), kind.load(b + i));
        sum1 = kind.step(sum1, kind.load(a + i + width), kind.load(b + i + width));
        sum2 = kind.step(sum2, kind.load(a + i + 2 * width), kind.load(b + i + 2 * width));
        sum3 = kind.step(sum3, kind.load(a + i + 3 * width), kind.load(b + i + 3 * width));
    }
    for (; i + width <= bytes; i += width) sum0 = kind.step(sum0, kind.load(a + i), kind.load(b + i));
    if (i < bytes) sum1 = kind.step(sum1, kind.load_rest(a, i, bytes), kind.load_rest(b, i, bytes));
    const vec sum = add(add(sum0, sum1), add(sum2, sum3));
    const uint32_t whole = (uint32_t)_mm_cvtsi128_si32(joint_sum(sum, sum, sum, sum)) + query_term(a, bytes, kind);
    return has_odd_code(n, kind) ? whole + odd_term(a, b, n, kind) : whole;
}

CK_INLINE void gather_loop(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, uint32_t *out, const code_sum kind) {
    const size_t bytes = whole_bytes(n, kind);
    const uint32_t term = query_term(query, bytes, kind);
    size_t i = 0;
    for (; i + JOINT_ROWS <= count; i += JOINT_ROWS) {
        const uint8_t *const row[4] = {rows + ids[i] * stride, rows + ids[i + 1] * stride, rows + ids[i + 2] * stride,
                                       rows + ids[i + 3] * stride};
        if (i + 4 < count) {
            // The rows that come next are on their way while these are measured.
            const size_t last = count - 1;
            const uint8_t *const next[4] = {rows + ids[i + 4] * stride,
                                            rows + ids[i + 5 < last ? i + 5 : last] * stride,
                                            rows + ids[i + 6 < last ? i + 6 : last] * stride,
                                            rows + ids[i + 7 < last ? i + 7 : last] * stride};
            rows_loop(query, row, JOINT_ROWS, bytes, kind, term, out + i, next, JOINT_ROWS);
        } else {
            rows_loop(query, row, JOINT_ROWS, bytes, kind, term, out + i, NULL, 0);
        }
    }
    for (; i < count; i++) {
        const uint8_t *const row[1] = {rows + ids[i] * stride};
        rows_loop(query, row, 1, bytes, kind, term, out + i, NULL, 0);
    }
    if (has_odd_code(n, kind))
        for (i = 0; i < count; i++) out[i] += odd_term(query, rows + ids[i] * stride, n, kind);
}

// Rows that the second-level cache may hold: asking for them would cost up to 1.1 times the time. More than is asked for
// ahead.
enum { NEAR_BYTES = 1024 * 1024 };

// Four rows at a time, which from memory are asked for as one stream, line after line: nearly as fast as one row at a time,
// which in a cache takes up to twice as long.
CK_INLINE void scan_loop(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                         uint32_t *out, const code_sum kind) {
    const size_t bytes = whole_bytes(n, kind);
    const uint32_t term = query_term(query, bytes, kind);
    const size_t bytes_ahead = CK_SCAN_LINES_AHEAD * LINE_BYTES;
    // The rows before this byte ask for no line behind the last row.
    const size_t asking_end = count * stride > NEAR_BYTES ? count * stride - bytes_ahead : 0;
    size_t i = 0;
    for (; (i + JOINT_ROWS) * stride < asking_end; i += JOINT_ROWS) {
        const uint8_t *const row[4] = {rows + i * stride, rows + (i + 1) * stride, rows + (i + 2) * stride,
                                       rows + (i + 3) * stride};
        const uint8_t *const ahead[1] = {row[0] + bytes_ahead};
        rows_loop(query, row, JOINT_ROWS, bytes, kind, term, out + i, ahead, 1);
    }
    for (; i + JOINT_ROWS <= count; i += JOINT_ROWS) {
        const uint8_t *const row[4] = {rows + i * stride, rows + (i + 1) * stride, rows + (i + 2) * stride,
                                       rows + (i + 3) * stride};
        rows_loop(query, row, JOINT_ROWS, bytes, kind, term, out + i, NULL, 0);
    }
    for (; i < count; i++) {
        const uint8_t *const row[1] = {rows + i * stride};
        rows_loop(query, row, 1, bytes, kind, term, out + i, NULL, 0);
    }
    if (has_odd_code(n, kind))
        for (i = 0; i < count; i++) out[i] += odd_term(query, rows + i * stride, n, kind);
}
