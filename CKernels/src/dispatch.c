// SPDX-License-Identifier: Apache-2.0

#include "tables.h"

#include <string.h>

static const ck_table *const tables[] = {
#if defined(__x86_64__)
    &ck_table_avx512,
    &ck_table_avx2,
#endif
    &ck_table_portable,
};

size_t ck_table_count(void) { return sizeof tables / sizeof tables[0]; }

const ck_table *ck_table_at(size_t index) { return tables[index]; }

const ck_table *ck_table_named(const char *name) {
    for (size_t i = 0; i < ck_table_count(); i++)
        if (strcmp(tables[i]->name, name) == 0) return tables[i];
    return NULL;
}
