// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "code_terms.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
                             apply_to = function)

typedef __m512i vec;

enum { UNROLL_BYTES = 128 };

CK_INLINE __m512i zero(void) { return _mm512_setzero_si512(); }

CK_INLINE __m512i add(__m512i a_i32x16, __m512i b_i32x16) { return _mm512_add_epi32(a_i32x16, b_i32x16); }

// The sums of the register's 128-bit parts.
CK_INLINE __m128i fold(__m512i sum_i32x16) {
    const __m256i half_i32x8 =
        _mm256_add_epi32(_mm512_castsi512_si256(sum_i32x16), _mm512_extracti64x4_epi64(sum_i32x16, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half_i32x8), _mm256_extracti128_si256(half_i32x8, 1));
}

#include "loops_codes.h"

// ---- Loads ----------------------------------------------------------------------------------------------------------

CK_INLINE __m512i load_u8x64(const uint8_t *p) { return _mm512_loadu_si512(p); }

CK_INLINE __m512i rest_u8x64(const uint8_t *p, size_t i, size_t bytes) {
    return _mm512_maskz_loadu_epi8(((__mmask64)1 << (bytes - i)) - 1, p + i);
}

// 32 bytes, each widened to 16 bits.
CK_INLINE __m512i load_u16x32(const uint8_t *p) { return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)p)); }

CK_INLINE __m512i rest_u16x32(const uint8_t *p, size_t i, size_t bytes) {
    return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(((__mmask32)1 << (bytes - i)) - 1, p + i));
}

// ---- u8 -------------------------------------------------------------------------------------------------------------

CK_INLINE __m512i u8_l1_step(__m512i sum_i32x16, __m512i q_u8x64, __m512i r_u8x64) {
    return add(sum_i32x16, _mm512_sad_epu8(q_u8x64, r_u8x64));
}

CK_INLINE __m512i u8_l2sq_step(__m512i sum_i32x16, __m512i q_u16x32, __m512i r_u16x32) {
    const __m512i difference_i16x32 = _mm512_sub_epi16(q_u16x32, r_u16x32);
    return _mm512_dpwssd_epi32(sum_i32x16, difference_i16x32, difference_i16x32);
}

// VPDPBUSD multiplies unsigned by signed bytes: sum q * (r - 128), which lacks 128 * sum q.
CK_INLINE __m512i u8_dot_step(__m512i sum_i32x16, __m512i q_u8x64, __m512i r_u8x64) {
    return _mm512_dpbusd_epi32(sum_i32x16, q_u8x64, _mm512_xor_si512(r_u8x64, _mm512_set1_epi8(-128)));
}

CK_INLINE uint32_t u8_dot_query_term(const uint8_t *query, size_t bytes) {
    __m512i sum_i32x16 = zero();
    size_t i = 0;
    for (; i + 64 <= bytes; i += 64) sum_i32x16 = u8_l1_step(sum_i32x16, load_u8x64(query + i), zero());
    if (i < bytes) sum_i32x16 = u8_l1_step(sum_i32x16, rest_u8x64(query, i, bytes), zero());
    return 128 * (uint32_t)_mm512_reduce_add_epi32(sum_i32x16);
}

static const code_sum u8_l1 = {64, load_u8x64, rest_u8x64, u8_l1_step, NULL, NULL};
static const code_sum u8_l2sq = {32, load_u16x32, rest_u16x32, u8_l2sq_step, NULL, NULL};
static const code_sum u8_dot = {64, load_u8x64, rest_u8x64, u8_dot_step, u8_dot_query_term, NULL};

// ---- u7 -------------------------------------------------------------------------------------------------------------

CK_INLINE __m512i u7_l2sq_step(__m512i sum_i32x16, __m512i q_u8x64, __m512i r_u8x64) {
    const __m512i difference_u8x64 = _mm512_abs_epi8(_mm512_sub_epi8(q_u8x64, r_u8x64));
    return _mm512_dpbusd_epi32(sum_i32x16, difference_u8x64, difference_u8x64);
}

CK_INLINE __m512i u7_dot_step(__m512i sum_i32x16, __m512i q_u8x64, __m512i r_u8x64) {
    return _mm512_dpbusd_epi32(sum_i32x16, q_u8x64, r_u8x64);
}

static const code_sum u7_l2sq = {64, load_u8x64, rest_u8x64, u7_l2sq_step, NULL, NULL};
static const code_sum u7_dot = {64, load_u8x64, rest_u8x64, u7_dot_step, NULL, NULL};

// ---- u4 -------------------------------------------------------------------------------------------------------------

CK_INLINE __m512i low_codes(__m512i codes_u4x128) { return _mm512_and_si512(codes_u4x128, _mm512_set1_epi8(0x0F)); }

CK_INLINE __m512i high_codes(__m512i codes_u4x128) { return low_codes(_mm512_srli_epi16(codes_u4x128, 4)); }

CK_INLINE __m512i u4_l1_step(__m512i sum_i32x16, __m512i q_u4x128, __m512i r_u4x128) {
    const __m512i low_i32x16 = u8_l1_step(sum_i32x16, low_codes(q_u4x128), low_codes(r_u4x128));
    return u8_l1_step(low_i32x16, high_codes(q_u4x128), high_codes(r_u4x128));
}

CK_INLINE __m512i u4_dot_step(__m512i sum_i32x16, __m512i q_u4x128, __m512i r_u4x128) {
    const __m512i low_i32x16 = u7_dot_step(sum_i32x16, low_codes(q_u4x128), low_codes(r_u4x128));
    return u7_dot_step(low_i32x16, high_codes(q_u4x128), high_codes(r_u4x128));
}

// The sum of r * (r - 2q), an unsigned byte times a signed one of -30...15, lacks the sum of q^2. It takes two
// instructions; the compiler would make four of the squared absolute difference.
CK_INLINE __m512i excess_step(__m512i sum_i32x16, __m512i q_u8x64, __m512i r_u8x64) {
    const __m512i twice_u8x64 = _mm512_add_epi8(q_u8x64, q_u8x64);
    return _mm512_dpbusd_epi32(sum_i32x16, r_u8x64, _mm512_sub_epi8(r_u8x64, twice_u8x64));
}

CK_INLINE __m512i u4_l2sq_step(__m512i sum_i32x16, __m512i q_u4x128, __m512i r_u4x128) {
    const __m512i low_i32x16 = excess_step(sum_i32x16, low_codes(q_u4x128), low_codes(r_u4x128));
    return excess_step(low_i32x16, high_codes(q_u4x128), high_codes(r_u4x128));
}

CK_INLINE uint32_t u4_l2sq_query_term(const uint8_t *query, size_t bytes) {
    __m512i sum_i32x16 = zero();
    size_t i = 0;
    for (; i + 64 <= bytes; i += 64)
        sum_i32x16 = u4_dot_step(sum_i32x16, load_u8x64(query + i), load_u8x64(query + i));
    if (i < bytes) sum_i32x16 = u4_dot_step(sum_i32x16, rest_u8x64(query, i, bytes), rest_u8x64(query, i, bytes));
    return (uint32_t)_mm512_reduce_add_epi32(sum_i32x16);
}

static const code_sum u4_l1 = {64, load_u8x64, rest_u8x64, u4_l1_step, NULL, l1_term};
static const code_sum u4_l2sq = {64, load_u8x64, rest_u8x64, u4_l2sq_step, u4_l2sq_query_term, l2sq_term};
static const code_sum u4_dot = {64, load_u8x64, rest_u8x64, u4_dot_step, NULL, dot_term};

#include "loops_decode.h"
#include "shapes_codes.h"

const ck_code_table ck_code_table_avx512vnni = {
    .name = "avx512vnni",
    .required_features = CK_FEATURE_AVX2 | CK_FEATURE_AVX512 | CK_FEATURE_VNNI,
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
