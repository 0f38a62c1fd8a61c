// SPDX-License-Identifier: Apache-2.0

#define VECTOR_BYTES 16
#define UNIT vector_unit_128
#define UNIT_NAME "128-bit"
#define UNIT_TABLE "portable"
#define UNIT_CODE_TABLES "portable"
#define UNIT_FEATURES 0
#include "vector_unit_loops.h"
