// SPDX-License-Identifier: Apache-2.0
//
// VNNI in registers of 256 bits. AVX-VNNI has it without AVX-512; processors with AVX-512 VNNI have the same instructions in another
// encoding (EVEX). A file that defines CK_VNNI_EVEX and includes a table's file gets the table of the other encoding, by which tests
// run these kernels on such a processor.
//
// The file that includes this ends with `#pragma clang attribute pop`.

#ifdef CK_VNNI_EVEX
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512vl,avx512vnni"))), apply_to = function)
#define VNNI_256(name) _mm256_##name##_epi32
#else
#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#define VNNI_256(name) _mm256_##name##_avx_epi32
#endif
