// SPDX-License-Identifier: Apache-2.0
//
// The specification of every other file of kernels on codes, in plain C.

#include "code_terms.h"

// How one kind of code is summed under one metric.
typedef struct {
    code_term term;
    bool packed;  // two codes a byte
} code_sum;

static const code_sum u8_l1 = {l1_term, false};
static const code_sum u8_l2sq = {l2sq_term, false};
static const code_sum u8_dot = {dot_term, false};
static const code_sum u7_l2sq = {l2sq_term, false};
static const code_sum u7_dot = {dot_term, false};
static const code_sum u4_l1 = {l1_term, true};
static const code_sum u4_l2sq = {l2sq_term, true};
static const code_sum u4_dot = {dot_term, true};

CK_INLINE uint32_t pair_loop(const uint8_t *a, const uint8_t *b, size_t n, const code_sum kind) {
    uint32_t sum = 0;
    if (!kind.packed) {
        for (size_t i = 0; i < n; i++) sum += kind.term(a[i], b[i]);
        return sum;
    }
    for (size_t i = 0; i < n / 2; i++)
        sum += kind.term(low_code(a[i]), low_code(b[i])) + kind.term(high_code(a[i]), high_code(b[i]));
    if (n % 2 == 1) sum += kind.term(low_code(a[n / 2]), low_code(b[n / 2]));
    return sum;
}

CK_INLINE void gather_loop(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids, size_t count,
                           size_t n, uint32_t *out, const code_sum kind) {
    for (size_t i = 0; i < count; i++) out[i] = pair_loop(query, rows + ids[i] * stride, n, kind);
}

CK_INLINE void scan_loop(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                         uint32_t *out, const code_sum kind) {
    for (size_t i = 0; i < count; i++) out[i] = pair_loop(query, rows + i * stride, n, kind);
}

#include "loops_decode.h"
#include "shapes_codes.h"

const ck_code_table ck_code_table_portable = {
    .name = "portable",
    .required_features = 0,
    .u8 = {.l1 = {u8_l1_pair, u8_l1_gather, u8_l1_scan},
           .l2sq = {u8_l2sq_pair, u8_l2sq_gather, u8_l2sq_scan},
           .dot = {u8_dot_pair, u8_dot_gather, u8_dot_scan}},
    .u7 = {.l1 = {u8_l1_pair, u8_l1_gather, u8_l1_scan},
           .l2sq = {u7_l2sq_pair, u7_l2sq_gather, u7_l2sq_scan},
           .dot = {u7_dot_pair, u7_dot_gather, u7_dot_scan}},
    .u4 = {.l1 = {u4_l1_pair, u4_l1_gather, u4_l1_scan},
           .l2sq = {u4_l2sq_pair, u4_l2sq_gather, u4_l2sq_scan},
           .dot = {u4_dot_pair, u4_dot_gather, u4_dot_scan}},
    .decode_nibbles = decode_nibbles,
    .decode_bytes = decode_bytes,
};
