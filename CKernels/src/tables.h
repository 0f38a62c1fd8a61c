// SPDX-License-Identifier: Apache-2.0
//
// The tables that dispatch.c lists; each is defined by the kernel file of its instruction set.

#ifndef CK_TABLES_H
#define CK_TABLES_H

#include "CKernels.h"

extern const ck_table ck_table_portable;
extern const ck_half_table ck_half_table_portable;
extern const ck_code_row_table ck_code_row_table_portable;
extern const ck_code_block_table ck_code_block_table_portable;
extern const ck_crc32c_table ck_crc32c_table_portable;
#if defined(__x86_64__)
extern const ck_table ck_table_avx2;
extern const ck_table ck_table_avx512;
extern const ck_half_table ck_half_table_avx2;
extern const ck_half_table ck_half_table_avx512;
extern const ck_code_row_table ck_code_row_table_avx2;
extern const ck_code_row_table ck_code_row_table_avxvnni;
extern const ck_code_row_table ck_code_row_table_avx512vnni;
extern const ck_code_block_table ck_code_block_table_avx2;
extern const ck_code_block_table ck_code_block_table_avxvnni;
extern const ck_code_block_table ck_code_block_table_avx512vnni;
extern const ck_crc32c_table ck_crc32c_table_sse42;
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
extern const ck_crc32c_table ck_crc32c_table_arm64;
#endif

// Inlined into the kernel it serves even in a debug build, so that a step passed as a constant argument costs no call
// once the optimizer runs.
#define CK_INLINE static inline __attribute__((always_inline))

#endif
