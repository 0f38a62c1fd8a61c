// SPDX-License-Identifier: Apache-2.0
//
// The loops of one vector unit, included by the file of each width after it has defined
//   VECTOR_BYTES        bytes of a register
//   UNIT                the name of the vector_unit to define
//   UNIT_NAME, UNIT_TABLE, UNIT_CODE_TABLES, UNIT_FEATURES
// The vectors are Clang's own (its Language Extensions, "Vectors and Extended Vectors").

#include "vector_unit.h"

#include <string.h>

typedef float vec __attribute__((vector_size(VECTOR_BYTES)));
enum { LANES = VECTOR_BYTES / sizeof(float), LINE_FLOATS = 16 };

#define BENCH_INLINE static inline __attribute__((always_inline))

// Makes the compiler believe that v is used, and that it has changed: nothing is computed ahead of a loop or left out.
#if defined(__x86_64__)
#define OPAQUE(v) __asm__ volatile("" : "+v"(v))
#else
#define OPAQUE(v) __asm__ volatile("" : "+w"(v))
#endif

BENCH_INLINE vec load(const float *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

// ---- Loads ----------------------------------------------------------------------------------------------------------

static void load_again(const float *data, size_t passes) {
    for (size_t pass = 0; pass < passes; pass++)
#pragma clang loop unroll(full)
        for (size_t k = 0; k < LOADED_VECTORS; k++) {
            vec v = load(data + k * LANES);
            OPAQUE(v);
        }
}

static void read(const float *data, size_t floats, size_t lines_ahead) {
    const size_t ahead = lines_ahead * LINE_FLOATS;
    for (size_t i = 0; i + 8 * LANES <= floats; i += 8 * LANES) {
        if (ahead && i + ahead + 8 * LANES <= floats)
            for (size_t line = 0; line < 8 * LANES; line += LINE_FLOATS) ck_prefetch(data + i + ahead + line);
#pragma clang loop unroll(full)
        for (size_t k = 0; k < 8; k++) {
            vec v = load(data + i + k * LANES);
            OPAQUE(v);
        }
    }
}

static float load_pair(const float *a, const float *b, size_t n) {
#pragma clang loop unroll_count(4)
    for (size_t i = 0; i + LANES <= n; i += LANES) {
        vec va = load(a + i), vb = load(b + i);
        OPAQUE(va);
        OPAQUE(vb);
    }
    return 0;
}

// ---- Arithmetic -----------------------------------------------------------------------------------------------------

typedef vec (*step)(vec sum, vec a, vec b);

BENCH_INLINE vec l1_step(vec sum, vec a, vec b) { return sum + __builtin_elementwise_abs(a - b); }

// On an instruction set with FMA the compiler fuses the product and the sum, as the C standard lets it.
BENCH_INLINE vec l2sq_step(vec sum, vec a, vec b) {
    const vec difference = a - b;
    return sum + difference * difference;
}

BENCH_INLINE vec dot_step(vec sum, vec a, vec b) { return sum + a * b; }

BENCH_INLINE void compute(size_t steps, step step) {
    vec sums[STEP_CHAINS] = {0}, a = {0}, b = {0};
    OPAQUE(b);
    for (size_t i = 0; i < steps; i += STEP_CHAINS)
#pragma clang loop unroll(full)
        for (size_t k = 0; k < STEP_CHAINS; k++) {
            OPAQUE(a);
            sums[k] = step(sums[k], a, b);
        }
    for (size_t k = 0; k < STEP_CHAINS; k++) OPAQUE(sums[k]);
}

static void compute_l1(size_t steps) { compute(steps, l1_step); }

static void compute_l2sq(size_t steps) { compute(steps, l2sq_step); }

static void compute_dot(size_t steps) { compute(steps, dot_step); }

// ---- Prefetch sweep -------------------------------------------------------------------------------------------------

BENCH_INLINE float lane_sum(vec v) {
    float sum = 0;
    for (size_t lane = 0; lane < LANES; lane++) sum += v[lane];
    return sum;
}

// The shape of the tables' rows_loop: R rows share the query, two sums each.
BENCH_INLINE void sweep_rows(const swept_rows *s, const float *const *row, const float *const *ahead, const size_t R,
                             float *out) {
    vec even[4] = {0}, odd[4] = {0};
    for (size_t i = 0; i + 2 * LANES <= s->n; i += 2 * LANES) {
        if (ahead)
#pragma clang loop unroll(full)
            for (size_t r = 0; r < R; r++)
#pragma clang loop unroll(full)
                for (size_t line = 0; line < 2 * LANES; line += LINE_FLOATS) ck_prefetch(ahead[r] + i + line);
        const vec q0 = load(s->query + i), q1 = load(s->query + i + LANES);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < R; r++) {
            even[r] = l2sq_step(even[r], q0, load(row[r] + i));
            odd[r] = l2sq_step(odd[r], q1, load(row[r] + i + LANES));
        }
    }
    for (size_t r = 0; r < R; r++) out[r] = lane_sum(even[r] + odd[r]);
}

static void sweep_gather(const swept_rows *s) {
    for (size_t i = 0; i + 4 <= s->count; i += 4) {
        const float *row[4], *ahead[4];
        for (size_t r = 0; r < 4; r++) {
            const size_t next = i + r + s->ahead < s->count ? i + r + s->ahead : s->count - 1;
            row[r] = s->rows + s->ids[i + r] * s->stride;
            ahead[r] = s->rows + s->ids[next] * s->stride;
        }
        sweep_rows(s, row, s->ahead && i + s->ahead < s->count ? ahead : NULL, 4, s->out + i);
    }
}

static void sweep_scan(const swept_rows *s) {
    const size_t floats_ahead = s->ahead * LINE_FLOATS;
    for (size_t i = 0; i < s->count; i++) {
        const float *const row = s->rows + i * s->stride, *const ahead = row + floats_ahead;
        const bool inside = i * s->stride + floats_ahead <= (s->count - 1) * s->stride;
        sweep_rows(s, &row, s->ahead && inside ? &ahead : NULL, 1, s->out + i);
    }
}

const vector_unit UNIT = {
    .name = UNIT_NAME,
    .table = UNIT_TABLE,
    .code_tables = {UNIT_CODE_TABLES},
    .lanes = LANES,
    .required_features = UNIT_FEATURES,
    .load_again = load_again,
    .read = read,
    .compute = {compute_l1, compute_l2sq, compute_dot},
    .load_pair = load_pair,
    .sweep_gather = sweep_gather,
    .sweep_scan = sweep_scan,
};
