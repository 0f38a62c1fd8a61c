// SPDX-License-Identifier: Apache-2.0

#include "tables.h"

#include <string.h>

static const ck_code_row_table *const tables[] = {
#if defined(__x86_64__)
    &ck_code_row_table_avx512vnni,
    &ck_code_row_table_avxvnni,
    &ck_code_row_table_avx2,
#endif
    &ck_code_row_table_portable,
};

size_t ck_code_row_table_count(void) { return sizeof tables / sizeof tables[0]; }

const ck_code_row_table *ck_code_row_table_at(size_t index) { return tables[index]; }

const ck_code_row_table *ck_code_row_table_named(const char *name) {
    for (size_t i = 0; i < ck_code_row_table_count(); i++)
        if (strcmp(tables[i]->name, name) == 0) return tables[i];
    return NULL;
}
