// SPDX-License-Identifier: Apache-2.0
//
// The scan of a block of vectors stored dimension-major, written once over a vector type. An instruction set's file includes
// this after its registers_*.h and has also defined:
//   store(p, v), broadcast(x)   broadcast: every lane is x
//   subtract(a, b)
//   lanes_at_most(v, x)         a bit a lane, set where the lane is at most x; never set for NaN
//   lanes_at_least(v, x)        the same for "at least"
//
// Source of the layout and of abandoning by partial sums: Kuffo, Krippner & Boncz, "PDX: A Data Layout for Vector Similarity
// Search" (2025). Departures: sums are compared with the bound every fixed number of dimensions, and what is abandoned is a
// register's worth of vectors, not single ones: their values share cache lines.

// Registers across a block, and running sums for each: with eight chains of additions the latency of FMA is hidden.
enum { GROUPS = CK_BLOCK / LANES, CHAINS = 8 / GROUPS };

// Dimensions between two comparisons with the bound: a multiple of CHAINS, often enough to stop early and seldom enough
// that comparing costs nothing.
enum { ABANDON_STEP = 32 };

typedef struct {
    vec chain[CHAINS][GROUPS];
} block_sums;

// Whether the block's values are asked for before they are read; constant at each call, so that each kind is a loop of its own.
typedef enum { AS_IT_IS, PREFETCHED } fetching;

enum { LINE_FLOATS = 64 / sizeof(float) };

// Adds dimensions first to end - 1 of the vectors in registers g to g + groups - 1 (groups constant). The order of a
// vector's additions does not depend on the others.
CK_INLINE void add_groups(block_sums *sums, size_t g, const size_t groups, const float *query, const float *block,
                          size_t first, size_t end, const fetching fetching, size_t floats_ahead, step step) {
    vec chain[CHAINS][GROUPS];
#pragma clang loop unroll(full)
    for (size_t c = 0; c < CHAINS; c++)
#pragma clang loop unroll(full)
        for (size_t i = 0; i < groups; i++) chain[c][i] = sums->chain[c][g + i];
    size_t d = first;
    for (; d + CHAINS <= end; d += CHAINS)
#pragma clang loop unroll(full)
        for (size_t c = 0; c < CHAINS; c++) {
            const float *const values = block + (d + c) * CK_BLOCK + g * LANES;
            if (fetching == PREFETCHED)
#pragma clang loop unroll(full)
                for (size_t line = 0; line < CK_BLOCK; line += LINE_FLOATS) ck_prefetch(values + floats_ahead + line);
#pragma clang loop unroll(full)
            for (size_t i = 0; i < groups; i++)
                chain[c][i] = step(chain[c][i], broadcast(query[d + c]), load(values + i * LANES));
        }
    for (; d < end; d++)
#pragma clang loop unroll(full)
        for (size_t i = 0; i < groups; i++)
            chain[0][i] = step(chain[0][i], broadcast(query[d]), load(block + d * CK_BLOCK + (g + i) * LANES));
#pragma clang loop unroll(full)
    for (size_t c = 0; c < CHAINS; c++)
#pragma clang loop unroll(full)
        for (size_t i = 0; i < groups; i++) sums->chain[c][g + i] = chain[c][i];
}

CK_INLINE vec group_sum(const block_sums *sums, size_t g) {
    vec sum = sums->chain[0][g];
    for (size_t c = 1; c < CHAINS; c++) sum = add(sum, sums->chain[c][g]);
    return sum;
}

// Whether a sum can tell before its end that it exceeds the bound: one whose terms are never negative can.
typedef enum { NONNEGATIVE_TERMS, ANY_TERMS } terms;

CK_INLINE uint64_t scan_block_loop(const float *query, const float *block, size_t n, float bound, size_t lines_ahead,
                                   float *out, const terms terms, step step) {
    const uint32_t all = (1u << GROUPS) - 1;
    const size_t interval = terms == NONNEGATIVE_TERMS ? ABANDON_STEP : n;
    block_sums sums;
    for (size_t c = 0; c < CHAINS; c++)
        for (size_t g = 0; g < GROUPS; g++) sums.chain[c][g] = zero();
    uint32_t live = all;  // a bit a register with a vector that can still win
    for (size_t first = 0; first < n; first += interval) {
        const size_t end = first + interval < n ? first + interval : n;
        if (live == all && lines_ahead)
            add_groups(&sums, 0, GROUPS, query, block, first, end, PREFETCHED, lines_ahead * LINE_FLOATS, step);
        else if (live == all)
            add_groups(&sums, 0, GROUPS, query, block, first, end, AS_IT_IS, 0, step);
        else
            for (uint32_t rest = live; rest; rest &= rest - 1)
                add_groups(&sums, (size_t)__builtin_ctz(rest), 1, query, block, first, end, AS_IT_IS, 0, step);
        if (terms == ANY_TERMS) break;
        for (uint32_t rest = live; rest; rest &= rest - 1) {
            const size_t g = (size_t)__builtin_ctz(rest);
            if (!lanes_at_most(group_sum(&sums, g), bound)) live &= ~(1u << g);
        }
        if (!live) return 0;
    }
    uint64_t winners = 0;
    for (uint32_t rest = live; rest; rest &= rest - 1) {
        const size_t g = (size_t)__builtin_ctz(rest);
        const vec sum = group_sum(&sums, g);
        store(out + g * LANES, sum);
        const uint32_t lanes = terms == NONNEGATIVE_TERMS ? lanes_at_most(sum, bound) : lanes_at_least(sum, bound);
        winners |= (uint64_t)lanes << g * LANES;
    }
    return winners;
}

static uint64_t l1_scan_block(const float *query, const float *block, size_t n, float bound, size_t lines_ahead,
                               float *out) {
    return scan_block_loop(query, block, n, bound, lines_ahead, out, NONNEGATIVE_TERMS, l1_step);
}

static uint64_t l2sq_scan_block(const float *query, const float *block, size_t n, float bound, size_t lines_ahead,
                               float *out) {
    return scan_block_loop(query, block, n, bound, lines_ahead, out, NONNEGATIVE_TERMS, l2sq_step);
}

static uint64_t dot_scan_block(const float *query, const float *block, size_t n, float bound, size_t lines_ahead,
                               float *out) {
    return scan_block_loop(query, block, n, bound, lines_ahead, out, ANY_TERMS, dot_step);
}

static uint64_t select_products(const float *products, const float *offsets, float bound) {
    uint64_t selected = 0;
#pragma clang loop unroll(full)
    for (size_t i = 0; i < CK_BLOCK; i += LANES)
        selected |= (uint64_t)lanes_at_least(subtract(load(products + i), load(offsets + i)), bound) << i;
    return selected;
}
