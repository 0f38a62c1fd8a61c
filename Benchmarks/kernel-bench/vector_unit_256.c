// SPDX-License-Identifier: Apache-2.0

#if defined(__x86_64__)

#include "vector_unit.h"

#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define VECTOR_BYTES 32
#define UNIT vector_unit_256
#define UNIT_NAME "256-bit"
#define UNIT_TABLE "avx2"
#define UNIT_CODE_TABLES "avx2", "avxvnni"
#define UNIT_FEATURES CK_FEATURE_AVX2
#include "vector_unit_loops.h"

#pragma clang attribute pop

#endif
