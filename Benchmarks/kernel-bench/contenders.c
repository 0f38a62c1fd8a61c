// SPDX-License-Identifier: Apache-2.0

#include "contenders.h"

#include <math.h>

#define ONE_AT_A_TIME _Pragma("clang loop vectorize(disable) interleave(disable)")

static float l1_pair(const float *a, const float *b, size_t n) {
    float sum = 0;
    ONE_AT_A_TIME for (size_t i = 0; i < n; i++) sum += fabsf(a[i] - b[i]);
    return sum;
}

static float l2sq_pair(const float *a, const float *b, size_t n) {
    float sum = 0;
    ONE_AT_A_TIME for (size_t i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

static float dot_pair(const float *a, const float *b, size_t n) {
    float sum = 0;
    ONE_AT_A_TIME for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

const contender contender_scalar = {"scalar", 4, {l1_pair, l2sq_pair, dot_pair}};

static const contender *const contenders[] = {
    &contender_scalar,
#if defined(__x86_64__)
    &contender_one_sum,
#endif
};

size_t contender_count(void) { return sizeof contenders / sizeof contenders[0]; }

const contender *contender_at(size_t index) { return contenders[index]; }
