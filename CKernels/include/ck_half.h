// SPDX-License-Identifier: Apache-2.0
//
// Distance kernels between a query of 32-bit floats and rows of 16-bit floats (IEEE 754 binary16, in a uint16_t each).
// Every half is a float exactly; arithmetic is on floats. CKernels/README.md is the contract.

#ifndef CK_HALF_H
#define CK_HALF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The distance of two vectors of n dimensions.
typedef float (*ck_half_pair_fn)(const float *query, const uint16_t *row, size_t n);

// out[i] = distance(query, row ids[i]), i < count. Row r starts at rows + r * stride; the stride counts halves.
typedef void (*ck_half_gather_fn)(const float *query, const uint16_t *rows, size_t stride, const uint32_t *ids,
                                  size_t count, size_t n, float *out);

// out[i] = distance(query, row i), i < count: the rows one after the other.
typedef void (*ck_half_scan_fn)(const float *query, const uint16_t *rows, size_t stride, size_t count, size_t n,
                                float *out);

// row[i] = the half nearest to vector[i], the even one of two, i < n; infinity where that is 65,520 or more.
typedef void (*ck_half_narrow_fn)(const float *vector, uint16_t *row, size_t n);

// vector[i] = the float of the same value as row[i], i < n.
typedef void (*ck_half_widen_fn)(const uint16_t *row, float *vector, size_t n);

typedef struct {
    ck_half_pair_fn pair;
    ck_half_gather_fn gather;
    ck_half_scan_fn scan;
} ck_half_kernels;

// One instruction set's kernels. l1: sum |q - r|. l2sq: sum (q - r)^2. dot: sum q * r.
typedef struct {
    const char *name;
    uint32_t required_features;
    ck_half_kernels l1;
    ck_half_kernels l2sq;
    ck_half_kernels dot;
    ck_half_narrow_fn narrow;
    ck_half_widen_fn widen;
} ck_half_table;

// Every table compiled into this program, the fastest first; the last one is portable and runs anywhere. Their names
// are those of the tables for 32-bit floats.
size_t ck_half_table_count(void);
const ck_half_table *ck_half_table_at(size_t index);

// The table of that name, or NULL.
const ck_half_table *ck_half_table_named(const char *name);

#ifdef __cplusplus
}
#endif
#endif
