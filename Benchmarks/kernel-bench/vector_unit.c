// SPDX-License-Identifier: Apache-2.0

#include "vector_unit.h"

extern const vector_unit vector_unit_128;
#if defined(__x86_64__)
extern const vector_unit vector_unit_256, vector_unit_512;
#endif

static const vector_unit *const units[] = {
    &vector_unit_128,
#if defined(__x86_64__)
    &vector_unit_256,
    &vector_unit_512,
#endif
};

size_t vector_unit_count(void) { return sizeof units / sizeof units[0]; }

const vector_unit *vector_unit_at(size_t index) { return units[index]; }

bool vector_unit_supported(const vector_unit *unit) {
    return (ck_features() & unit->required_features) == unit->required_features;
}
