// SPDX-License-Identifier: Apache-2.0
//
// The lists of tables, one a kind of kernel. Each is sorted by speed, the fastest first; the last table runs on any processor.

#include "tables.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

// ---- Rows of 32-bit floats ------------------------------------------------------------------------------------------

static const ck_table *const tables[] = {
#if defined(__x86_64__)
    &ck_table_avx512,
    &ck_table_avx2,
#endif
    &ck_table_portable,
};

size_t ck_table_count(void) { return COUNT_OF(tables); }

const ck_table *ck_table_at(size_t index) { return tables[index]; }

const ck_table *ck_table_named(const char *name) {
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        if (strcmp(tables[i]->name, name) == 0) return tables[i];
    return NULL;
}

// ---- Rows in half precision -----------------------------------------------------------------------------------------

static const ck_half_table *const half_tables[] = {
#if defined(__x86_64__)
    &ck_half_table_avx512,
    &ck_half_table_avx2,
#endif
    &ck_half_table_portable,
};

size_t ck_half_table_count(void) { return COUNT_OF(half_tables); }

const ck_half_table *ck_half_table_at(size_t index) { return half_tables[index]; }

const ck_half_table *ck_half_table_named(const char *name) {
    for (size_t i = 0; i < COUNT_OF(half_tables); i++)
        if (strcmp(half_tables[i]->name, name) == 0) return half_tables[i];
    return NULL;
}

// ---- Rows of codes --------------------------------------------------------------------------------------------------

static const ck_code_row_table *const code_row_tables[] = {
#if defined(__x86_64__)
    &ck_code_row_table_avx512vnni,
    &ck_code_row_table_avxvnni,
    &ck_code_row_table_avx2,
#endif
    &ck_code_row_table_portable,
};

size_t ck_code_row_table_count(void) { return COUNT_OF(code_row_tables); }

const ck_code_row_table *ck_code_row_table_at(size_t index) { return code_row_tables[index]; }

const ck_code_row_table *ck_code_row_table_named(const char *name) {
    for (size_t i = 0; i < COUNT_OF(code_row_tables); i++)
        if (strcmp(code_row_tables[i]->name, name) == 0) return code_row_tables[i];
    return NULL;
}

// ---- Blocks of codes ------------------------------------------------------------------------------------------------

static const ck_code_block_table *const code_block_tables[] = {
#if defined(__x86_64__)
    &ck_code_block_table_avx512vnni,
    &ck_code_block_table_avxvnni,
    &ck_code_block_table_avx2,
#endif
    &ck_code_block_table_portable,
};

size_t ck_code_block_table_count(void) { return COUNT_OF(code_block_tables); }

const ck_code_block_table *ck_code_block_table_at(size_t index) { return code_block_tables[index]; }

const ck_code_block_table *ck_code_block_table_named(const char *name) {
    for (size_t i = 0; i < COUNT_OF(code_block_tables); i++)
        if (strcmp(code_block_tables[i]->name, name) == 0) return code_block_tables[i];
    return NULL;
}

// ---- Checksums ------------------------------------------------------------------------------------------------------

static const ck_crc32c_table *const crc32c_tables[] = {
#if defined(__x86_64__)
    &ck_crc32c_table_sse42,
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
    &ck_crc32c_table_arm64,
#endif
    &ck_crc32c_table_portable,
};

size_t ck_crc32c_table_count(void) { return COUNT_OF(crc32c_tables); }

const ck_crc32c_table *ck_crc32c_table_at(size_t index) { return crc32c_tables[index]; }

const ck_crc32c_table *ck_crc32c_table_named(const char *name) {
    for (size_t i = 0; i < COUNT_OF(crc32c_tables); i++)
        if (strcmp(crc32c_tables[i]->name, name) == 0) return crc32c_tables[i];
    return NULL;
}

uint32_t ck_crc32c(uint32_t crc, const void *data, size_t count) {
    const uint32_t features = ck_features();
    size_t i = 0;
    while (crc32c_tables[i]->required_features & ~features) i++;
    return crc32c_tables[i]->update(crc, data, count);
}
