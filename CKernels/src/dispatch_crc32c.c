// SPDX-License-Identifier: Apache-2.0

#include "tables.h"

#include <string.h>

static const ck_crc32c_table *const tables[] = {
#if defined(__x86_64__)
    &ck_crc32c_table_sse42,
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
    &ck_crc32c_table_arm64,
#endif
    &ck_crc32c_table_portable,
};

size_t ck_crc32c_table_count(void) { return sizeof tables / sizeof tables[0]; }

const ck_crc32c_table *ck_crc32c_table_at(size_t index) { return tables[index]; }

const ck_crc32c_table *ck_crc32c_table_named(const char *name) {
    for (size_t i = 0; i < ck_crc32c_table_count(); i++)
        if (strcmp(tables[i]->name, name) == 0) return tables[i];
    return NULL;
}

uint32_t ck_crc32c(uint32_t crc, const void *data, size_t count) {
    const uint32_t features = ck_features();
    size_t i = 0;
    while (tables[i]->required_features & ~features) i++;
    return tables[i]->update(crc, data, count);
}
