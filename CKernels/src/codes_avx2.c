// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "code_terms.h"

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

typedef __m256i vec;

enum { UNROLL_BYTES = 64 };

CK_INLINE __m256i zero(void) { return _mm256_setzero_si256(); }

CK_INLINE __m256i add(__m256i a_i32x8, __m256i b_i32x8) { return _mm256_add_epi32(a_i32x8, b_i32x8); }

// The sums of the register's 128-bit parts.
CK_INLINE __m128i fold(__m256i sum_i32x8) {
    return _mm_add_epi32(_mm256_castsi256_si128(sum_i32x8), _mm256_extracti128_si256(sum_i32x8, 1));
}

#include "loops_codes.h"

// ---- Loads ----------------------------------------------------------------------------------------------------------

// AVX2 loads no part of a register by bytes. A vector of at least one load is loaded up to its end, and the bytes that
// were counted before are cleared; a shorter one is copied. 32 bytes from `kept` + count on keep the last `count`.
static const uint8_t kept[2 * 32] = {[32 ... 63] = 0xFF};

CK_INLINE __m256i load_u8x32(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }

CK_INLINE __m256i rest_u8x32(const uint8_t *p, size_t i, size_t bytes) {
    if (bytes >= 32) return _mm256_and_si256(load_u8x32(p + bytes - 32), load_u8x32(kept + (bytes - i)));
    uint8_t copy[32] = {0};
    memcpy(copy, p, bytes);
    return load_u8x32(copy);
}

// Sixteen bytes, each widened to 16 bits.
CK_INLINE __m256i load_u16x16(const uint8_t *p) { return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p)); }

CK_INLINE __m256i rest_u16x16(const uint8_t *p, size_t i, size_t bytes) {
    if (bytes >= 16) {
        const __m128i last_u8x16 = _mm_loadu_si128((const __m128i *)(p + bytes - 16));
        const __m128i kept_u8x16 = _mm_loadu_si128((const __m128i *)(kept + 16 + (bytes - i)));
        return _mm256_cvtepu8_epi16(_mm_and_si128(last_u8x16, kept_u8x16));
    }
    uint8_t copy[16] = {0};
    memcpy(copy, p, bytes);
    return load_u16x16(copy);
}

// ---- u8 -------------------------------------------------------------------------------------------------------------

// VPMADDUBSW would saturate at 255 * 255; on codes widened to 16 bits, VPMADDWD is exact: 2 * 255^2 < 2^31.

CK_INLINE __m256i u8_l1_step(__m256i sum_i32x8, __m256i q_u8x32, __m256i r_u8x32) {
    return add(sum_i32x8, _mm256_sad_epu8(q_u8x32, r_u8x32));
}

CK_INLINE __m256i u8_l2sq_step(__m256i sum_i32x8, __m256i q_u16x16, __m256i r_u16x16) {
    const __m256i difference_i16x16 = _mm256_sub_epi16(q_u16x16, r_u16x16);
    return add(sum_i32x8, _mm256_madd_epi16(difference_i16x16, difference_i16x16));
}

CK_INLINE __m256i u8_dot_step(__m256i sum_i32x8, __m256i q_u16x16, __m256i r_u16x16) {
    return add(sum_i32x8, _mm256_madd_epi16(q_u16x16, r_u16x16));
}

static const code_sum u8_l1 = {32, load_u8x32, rest_u8x32, u8_l1_step, NULL, NULL};
static const code_sum u8_l2sq = {16, load_u16x16, rest_u16x16, u8_l2sq_step, NULL, NULL};
static const code_sum u8_dot = {16, load_u16x16, rest_u16x16, u8_dot_step, NULL, NULL};

// ---- u7 -------------------------------------------------------------------------------------------------------------

// VPMADDUBSW adds two products in 16 bits with saturation: 2 * 127^2 = 32,258 < 2^15.

CK_INLINE __m256i add_pairs(__m256i sum_i32x8, __m256i pairs_i16x16) {
    return add(sum_i32x8, _mm256_madd_epi16(pairs_i16x16, _mm256_set1_epi16(1)));
}

CK_INLINE __m256i u7_l2sq_step(__m256i sum_i32x8, __m256i q_u8x32, __m256i r_u8x32) {
    const __m256i difference_u8x32 = _mm256_abs_epi8(_mm256_sub_epi8(q_u8x32, r_u8x32));
    return add_pairs(sum_i32x8, _mm256_maddubs_epi16(difference_u8x32, difference_u8x32));
}

CK_INLINE __m256i u7_dot_step(__m256i sum_i32x8, __m256i q_u8x32, __m256i r_u8x32) {
    return add_pairs(sum_i32x8, _mm256_maddubs_epi16(q_u8x32, r_u8x32));
}

static const code_sum u7_l2sq = {32, load_u8x32, rest_u8x32, u7_l2sq_step, NULL, NULL};
static const code_sum u7_dot = {32, load_u8x32, rest_u8x32, u7_dot_step, NULL, NULL};

// ---- u4 -------------------------------------------------------------------------------------------------------------

// Four products are at most 4 * 15^2 = 900, far from where VPMADDUBSW saturates.

CK_INLINE __m256i low_codes(__m256i codes_u4x64) { return _mm256_and_si256(codes_u4x64, _mm256_set1_epi8(0x0F)); }

CK_INLINE __m256i high_codes(__m256i codes_u4x64) { return low_codes(_mm256_srli_epi16(codes_u4x64, 4)); }

// By VPSIGNB: of VPABSB on differences of such codes the compiler makes three instructions, because it knows their range.
CK_INLINE __m256i absolute_difference(__m256i q_u8x32, __m256i r_u8x32) {
    const __m256i difference_i8x32 = _mm256_sub_epi8(q_u8x32, r_u8x32);
    return _mm256_sign_epi8(difference_i8x32, difference_i8x32);
}

CK_INLINE __m256i u4_l1_step(__m256i sum_i32x8, __m256i q_u4x64, __m256i r_u4x64) {
    const __m256i low_i32x8 = _mm256_sad_epu8(low_codes(q_u4x64), low_codes(r_u4x64));
    const __m256i high_i32x8 = _mm256_sad_epu8(high_codes(q_u4x64), high_codes(r_u4x64));
    return add(sum_i32x8, add(low_i32x8, high_i32x8));
}

CK_INLINE __m256i u4_l2sq_step(__m256i sum_i32x8, __m256i q_u4x64, __m256i r_u4x64) {
    const __m256i low_u8x32 = absolute_difference(low_codes(q_u4x64), low_codes(r_u4x64));
    const __m256i high_u8x32 = absolute_difference(high_codes(q_u4x64), high_codes(r_u4x64));
    return add_pairs(sum_i32x8, _mm256_add_epi16(_mm256_maddubs_epi16(low_u8x32, low_u8x32),
                                                 _mm256_maddubs_epi16(high_u8x32, high_u8x32)));
}

CK_INLINE __m256i u4_dot_step(__m256i sum_i32x8, __m256i q_u4x64, __m256i r_u4x64) {
    return add_pairs(sum_i32x8, _mm256_add_epi16(_mm256_maddubs_epi16(low_codes(q_u4x64), low_codes(r_u4x64)),
                                                 _mm256_maddubs_epi16(high_codes(q_u4x64), high_codes(r_u4x64))));
}

static const code_sum u4_l1 = {32, load_u8x32, rest_u8x32, u4_l1_step, NULL, l1_term};
static const code_sum u4_l2sq = {32, load_u8x32, rest_u8x32, u4_l2sq_step, NULL, l2sq_term};
static const code_sum u4_dot = {32, load_u8x32, rest_u8x32, u4_dot_step, NULL, dot_term};

#include "loops_decode.h"
#include "shapes_codes.h"

const ck_code_table ck_code_table_avx2 = {
    .name = "avx2",
    .required_features = CK_FEATURE_AVX2,
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

#pragma clang attribute pop

#endif
