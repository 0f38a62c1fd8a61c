// SPDX-License-Identifier: Apache-2.0
//
// Distance kernels on 32-bit floats, one table of functions an instruction set. CKernels/README.md is the contract.

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ck_code_blocks.h"
#include "ck_code_rows.h"
#include "ck_crc32c.h"
#include "ck_half.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- Processor features ---------------------------------------------------------------------------------------------

// What the kernels can use: the processor has it (CPUID) and the operating system saves its registers (XCR0), where it has any
// that are not saved in every 64-bit program.
enum {
    CK_FEATURE_AVX2 = 1u << 0,        // AVX2 and FMA, 256-bit state
    CK_FEATURE_F16C = 1u << 1,        // half-precision conversion, 256-bit state
    CK_FEATURE_AVX512 = 1u << 2,      // AVX-512 F, BW, DQ and VL, 512-bit state
    CK_FEATURE_AVX512VNNI = 1u << 3,  // AVX-512 VNNI, 512-bit state
    CK_FEATURE_SSE42 = 1u << 4,       // SSE4.2, CRC32 among it
    CK_FEATURE_AVXVNNI = 1u << 5,     // AVX-VNNI, 256-bit state
};

// The features of this machine. Detected once; 0 on a processor that is not x86-64.
uint32_t ck_features(void);

// The features that a processor with these registers has. Pure, so that every combination can be tested.
//   leaf1_ecx: CPUID leaf 1; leaf7_ebx, leaf7_ecx: leaf 7 subleaf 0; subleaf1_eax: leaf 7 subleaf 1;
//   xcr0: XGETBV(0), or 0 where OSXSAVE is off.
uint32_t ck_features_from_registers(uint32_t leaf1_ecx, uint32_t leaf7_ebx, uint32_t leaf7_ecx, uint32_t subleaf1_eax,
                                    uint64_t xcr0);

// ---- Kernels --------------------------------------------------------------------------------------------------------

// The distance of two vectors of n floats.
typedef float (*ck_pair_fn)(const float *a, const float *b, size_t n);

// out[i] = distance(query, row ids[i]), i < count. Row r starts at rows + r * stride.
typedef void (*ck_gather_fn)(const float *query, const float *rows, size_t stride, const uint32_t *ids, size_t count,
                             size_t n, float *out);

// out[i] = distance(query, row i), i < count: the rows one after the other.
typedef void (*ck_scan_fn)(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out);

// Vectors of a block, which is stored dimension-major: value d of vector v is block[d * CK_BLOCK + v].
enum { CK_BLOCK = 64 };

// out[v] = distance(query, vector v), v < CK_BLOCK, for every vector that wins: whose l1 or l2sq is at most `bound`, or whose
// dot is at least `bound`. Returns a bit a winner. Vectors that cannot win may be abandoned: their out is not written.
// While none is, the cache lines `lines_ahead` further on are prefetched, beyond the block's end too; 0 prefetches nothing.
typedef uint64_t (*ck_scan_block_fn)(const float *query, const float *block, size_t n, float bound, size_t lines_ahead,
                                     float *out);

// A bit v where products[v] - offsets[v] is at least `bound`, v < CK_BLOCK: which of a block's vectors are worth a closer look.
typedef uint64_t (*ck_select_fn)(const float *products, const float *offsets, float bound);

// How far gather and scan prefetch: rows of `ids`, and cache lines; and how far a scan of blocks should, one after the other.
// kernel-bench measures the alternatives.
enum { CK_GATHER_ROWS_AHEAD = 4, CK_SCAN_LINES_AHEAD = 96, CK_BLOCK_LINES_AHEAD = 0 };

typedef struct {
    ck_pair_fn pair;
    ck_gather_fn gather;
    ck_scan_fn scan;
    ck_scan_block_fn scan_block;
} ck_kernels;

// One instruction set's kernels. l1: sum |a - b|. l2sq: sum (a - b)^2. dot: sum a * b.
typedef struct {
    const char *name;
    uint32_t required_features;
    ck_kernels l1;
    ck_kernels l2sq;
    ck_kernels dot;
    ck_select_fn select;
} ck_table;

// Every table compiled into this program, the fastest first; the last one is portable and runs anywhere.
size_t ck_table_count(void);
const ck_table *ck_table_at(size_t index);

// The table of that name, or NULL.
const ck_table *ck_table_named(const char *name);

// ---- Norms ----------------------------------------------------------------------------------------------------------

// sum v[i]^2: the bits of the table's dot.pair(v, v, n).
float ck_squared_norm(const ck_table *table, const float *v, size_t n);

// out[i] = ck_squared_norm(row i), i < count. Row r starts at rows + r * stride.
void ck_squared_norms(const ck_table *table, const float *rows, size_t stride, size_t count, size_t n, float *out);

// Scales v to length 1, however short or long it is, and returns the length it had. Where there is no direction, v is left
// as it is: a vector of zeros, or n = 0, gives 0; NaN anywhere gives NaN; infinity without NaN gives infinity.
double ck_normalize(const ck_table *table, float *v, size_t n);

// ---- Batched inner products -----------------------------------------------------------------------------------------

// out[q * out_stride + r] = the inner product of query q with row r. Value d of query q is queries[q * query_stride + d]. Value
// d of row r is rows[r * row_stride + d]; where dimension_major is set, it is rows[d * row_stride + r], and row_count and
// row_stride are CK_BLOCK: the rows are a block.
typedef struct {
    const float *queries;
    size_t query_count, query_stride;
    const float *rows;
    size_t row_count, row_stride;
    size_t n;
    float *out;
    size_t out_stride;
    bool dimension_major;
} ck_dot_batch;

typedef void (*ck_dot_batch_fn)(const ck_dot_batch *batch);

// By OpenBLAS sgemm; NULL where it is not compiled in. Its first call sets OpenBLAS to one thread, for the process.
ck_dot_batch_fn ck_dot_batch_openblas(void);

// OpenBLAS's description of its build and the processor core it runs kernels for; NULL where it is not compiled in.
const char *ck_openblas_config(void);
const char *ck_openblas_core(void);

// By the table's own scans of rows, in tiles that stay in the cache, and of blocks.
void ck_dot_batch_blocked(const ck_table *table, const ck_dot_batch *batch);

// Whether `candidate` agrees with the portable kernel on several shapes, within the rounding of an n-term sum. Old BLAS
// builds compute wrong results on processors newer than they are.
bool ck_dot_batch_self_test(ck_dot_batch_fn candidate);

// ---- Memory ---------------------------------------------------------------------------------------------------------

// Asks for the cache line at p; any address is allowed.
static inline __attribute__((always_inline)) void ck_prefetch(const void *p) { __builtin_prefetch(p, 0, 3); }

#ifdef __cplusplus
}
#endif
#endif
