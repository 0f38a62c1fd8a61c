// SPDX-License-Identifier: Apache-2.0
//
// Distance kernels on unsigned integer codes, query and rows alike; every result is exact. CKernels/README.md is the
// contract.
//
//   kind   a code's range   layout
//   u8     0...255          one code a byte
//   u7     0...127          one code a byte, the highest bit clear
//   u4     0...15           two codes a byte: code 2i in the low nibble of byte i, code 2i + 1 in its high nibble;
//                           n codes are (n + 1) / 2 bytes, and the high nibble of the last is ignored where n is odd
//
// n is at most 65,536, so that the largest sum, 65,536 * 255^2 = 4,261,478,400, is a uint32_t (it is no int32_t).

#ifndef CK_CODES_H
#define CK_CODES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The distance of two vectors of n codes.
typedef uint32_t (*ck_code_pair_fn)(const uint8_t *a, const uint8_t *b, size_t n);

// out[i] = distance(query, row ids[i]), i < count. Row r starts at rows + r * stride; the stride counts bytes.
typedef void (*ck_code_gather_fn)(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *ids,
                                  size_t count, size_t n, uint32_t *out);

// out[i] = distance(query, row i), i < count: the rows one after the other.
typedef void (*ck_code_scan_fn)(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n,
                                uint32_t *out);

typedef struct {
    ck_code_pair_fn pair;
    ck_code_gather_fn gather;
    ck_code_scan_fn scan;
} ck_code_kernels;

// One kind of code. l1: sum |a - b|. l2sq: sum (a - b)^2. dot: sum a * b.
typedef struct {
    ck_code_kernels l1;
    ck_code_kernels l2sq;
    ck_code_kernels dot;
} ck_code_metrics;

// v[i] = the middle of the sixteenth that ck_encode_residuals found: within scale / 32 of what was encoded, or
// scale * end_width / 32 in the cells at the ends, but for rounding and for what lies beyond those.
typedef void (*ck_decode_nibbles_fn)(const uint8_t *codes, const uint8_t *residuals, size_t n, const float *offsets,
                                     float scale, float end_width, float *v);

// v[i] = offsets[i] + scale * codes[i].
typedef void (*ck_decode_bytes_fn)(const uint8_t *codes, size_t n, const float *offsets, float scale, float *v);

// One instruction set's kernels. u7 computes what u8 does, its l2sq and dot in about half the instructions; a code above
// 127 makes its results meaningless, and nothing worse.
typedef struct {
    const char *name;
    uint32_t required_features;
    ck_code_metrics u8;
    ck_code_metrics u7;
    ck_code_metrics u4;
    ck_decode_nibbles_fn decode_nibbles;
    ck_decode_bytes_fn decode_bytes;
} ck_code_table;

// Every table compiled into this program, the fastest first ("avx512vnni", "avx2"); the last one is portable and runs
// anywhere.
size_t ck_code_table_count(void);
const ck_code_table *ck_code_table_at(size_t index);

// The table of that name, or NULL.
const ck_code_table *ck_code_table_named(const char *name);

// codes[i] = the integer nearest to (v[i] - offsets[i]) * inverse_scale, or the end of 0...largest_code (at most 127 for u7) that
// it lies beyond, for finite v. ck_encode_nibbles writes the layout of u4, with 0 as the nibble left over.
void ck_encode_bytes(const float *v, size_t n, const float *offsets, float inverse_scale, uint8_t largest_code,
                     uint8_t *codes);
void ck_encode_nibbles(const float *v, size_t n, const float *offsets, float inverse_scale, uint8_t *codes);

// residuals[i] = where in the cell of codes[i] (u4) the value lies, in sixteenths of the cell, in the layout of u4: the two are 8
// bits a value. Codes 1...14 have cells of one step about them; codes 0 and 15, which values beyond the range got as well,
// reach end_width steps outwards from the cell beside them, end_width >= 1.
void ck_encode_residuals(const float *v, size_t n, const float *offsets, float inverse_scale, float end_width,
                         const uint8_t *codes, uint8_t *residuals);

#ifdef __cplusplus
}
#endif
#endif
