// SPDX-License-Identifier: Apache-2.0
//
// The shapes of inner products with rows of codes on x86-64, written once over the sums of an instruction set.

// Rows that are measured at once: they share the query's registers, and their distances are computed in the lanes of one.
enum { JOINT_ROWS = 4 };

// Lane r is the sum of products of the query's codes e with those of row[r]. R is constant, 1 or JOINT_ROWS; with 1, only
// lane 0 counts. An argument of this type is constant at each call, so that each kernel is a loop of its own.
typedef __m128i (*rows_sum)(const void *e, const uint8_t *const *row, const size_t R, size_t lines);

// Lane r is the sum of the lanes of vector r: a transpose whose columns are added on the way.
CK_INLINE __m128i joint_sum(__m128i a_i32x4, __m128i b_i32x4, __m128i c_i32x4, __m128i d_i32x4) {
    const __m128i ab_i32x4 = _mm_add_epi32(_mm_unpacklo_epi32(a_i32x4, b_i32x4), _mm_unpackhi_epi32(a_i32x4, b_i32x4));
    const __m128i cd_i32x4 = _mm_add_epi32(_mm_unpacklo_epi32(c_i32x4, d_i32x4), _mm_unpackhi_epi32(c_i32x4, d_i32x4));
    return _mm_add_epi32(_mm_unpacklo_epi64(ab_i32x4, cd_i32x4), _mm_unpackhi_epi64(ab_i32x4, cd_i32x4));
}

// Lane by lane, in the same order in every kernel.
CK_INLINE __m128 products_to_distances(const ck_code_query *query, __m128i sums_i32x4, __m128 constant_f32x4,
                                       __m128 low_f32x4, __m128 step_f32x4) {
#pragma clang fp reassociate(off)
    const __m128 product_f32x4 = _mm_fmadd_ps(step_f32x4, _mm_cvtepi32_ps(sums_i32x4),
                                              _mm_mul_ps(_mm_set1_ps(query->code_sum), low_f32x4));
    const __m128 distance_f32x4 = _mm_fnmadd_ps(_mm_set1_ps(query->scale), product_f32x4,
                                                _mm_add_ps(_mm_set1_ps(query->constant), constant_f32x4));
    // Of NaN and a number, MINPS returns the second.
    return _mm_min_ps(distance_f32x4, _mm_set1_ps(FLT_MAX));
}

CK_INLINE void four_rows(const ck_code_query *query, const ck_code_rows *rows, const size_t *r, float *out,
                         const rows_sum sum) {
    const uint8_t *const row[JOINT_ROWS] = {codes_of(rows, r[0]), codes_of(rows, r[1]), codes_of(rows, r[2]),
                                            codes_of(rows, r[3])};
    const __m128i sums_i32x4 = sum(query + 1, row, JOINT_ROWS, rows->lines);
    __m128 a_f32x4 = _mm_load_ps((const float *)terms_of(rows, r[0]));
    __m128 b_f32x4 = _mm_load_ps((const float *)terms_of(rows, r[1]));
    __m128 c_f32x4 = _mm_load_ps((const float *)terms_of(rows, r[2]));
    __m128 d_f32x4 = _mm_load_ps((const float *)terms_of(rows, r[3]));
    _MM_TRANSPOSE4_PS(a_f32x4, b_f32x4, c_f32x4, d_f32x4);  // constants, lows, steps, errors
    _mm_storeu_ps(out, products_to_distances(query, sums_i32x4, a_f32x4, b_f32x4, c_f32x4));
}

CK_INLINE void one_row(const ck_code_query *query, const ck_code_rows *rows, size_t r, float *out,
                       const rows_sum sum) {
    const uint8_t *const row[1] = {codes_of(rows, r)};
    const ck_code_terms *const terms = terms_of(rows, r);
    const __m128i sums_i32x4 = sum(query + 1, row, 1, rows->lines);
    *out = _mm_cvtss_f32(products_to_distances(query, sums_i32x4, _mm_set_ss(terms->constant), _mm_set_ss(terms->low),
                                               _mm_set_ss(terms->step)));
}

CK_INLINE void gather_loop(const ck_code_query *query, const ck_code_rows *rows, const uint32_t *ids, size_t count,
                           float *out, const rows_sum sum) {
    const size_t ahead = ck_rows_ahead(rows->lines);
    size_t i = 0;
    for (; i + JOINT_ROWS <= count; i += JOINT_ROWS) {
        // The rows that come next are on their way while these are measured.
        for (size_t next = i + ahead; next < count && next < i + ahead + JOINT_ROWS; next++)
            prefetch_row(rows, ids[next]);
        const size_t r[JOINT_ROWS] = {ids[i], ids[i + 1], ids[i + 2], ids[i + 3]};
        four_rows(query, rows, r, out + i, sum);
    }
    for (; i < count; i++) one_row(query, rows, ids[i], out + i, sum);
}

CK_INLINE void scan_loop(const ck_code_query *query, const ck_code_rows *rows, size_t first, size_t count, float *out,
                         const rows_sum sum) {
    size_t i = 0;
    for (; i + JOINT_ROWS <= count; i += JOINT_ROWS) {
        const size_t r[JOINT_ROWS] = {first + i, first + i + 1, first + i + 2, first + i + 3};
        four_rows(query, rows, r, out + i, sum);
    }
    for (; i < count; i++) one_row(query, rows, first + i, out + i, sum);
}
