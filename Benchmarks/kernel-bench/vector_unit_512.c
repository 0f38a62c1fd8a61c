// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "vector_unit.h"

#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)

#define VECTOR_BYTES 64
#define UNIT vector_unit_512
#define UNIT_NAME "512-bit"
#define UNIT_TABLE "avx512"
#define UNIT_CODE_TABLES "avx512vnni"
#define UNIT_FEATURES (CK_FEATURE_AVX2 | CK_FEATURE_AVX512)
#include "vector_unit_loops.h"

#pragma clang attribute pop

#endif
