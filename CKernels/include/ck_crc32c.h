// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C, the checksum with Castagnoli's polynomial 0x1EDC6F41, as in RFC 3720 (iSCSI), section 12.1 and appendix B.4: bits
// reflected, the register inverted before and after. CKernels/README.md is the contract.

#ifndef CK_CRC32C_H
#define CK_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The CRC of some bytes followed by `count` bytes at `data`, where `crc` is that of the former, and 0 is that of none. `data`
// may be NULL where `count` is 0.
typedef uint32_t (*ck_crc32c_fn)(uint32_t crc, const void *data, size_t count);

// By the fastest table that this machine supports.
uint32_t ck_crc32c(uint32_t crc, const void *data, size_t count);

// One instruction set's implementation.
typedef struct {
    const char *name;
    uint32_t required_features;
    ck_crc32c_fn update;
} ck_crc32c_table;

// Every table compiled into this program, the fastest first; the last one is portable and runs anywhere.
size_t ck_crc32c_table_count(void);
const ck_crc32c_table *ck_crc32c_table_at(size_t index);

// The table of that name, or NULL.
const ck_crc32c_table *ck_crc32c_table_named(const char *name);

#ifdef __cplusplus
}
#endif
#endif
