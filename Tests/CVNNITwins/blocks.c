// SPDX-License-Identifier: Apache-2.0

#include "CVNNITwins.h"

#include <stddef.h>

#define CK_VNNI_EVEX
#include "../../CKernels/src/code_blocks_avxvnni.c"

const ck_code_block_table *vnni_twin_of_blocks(void) {
#if defined(__x86_64__)
    const ck_code_block_table *const twin = &ck_code_block_table_evexvnni;
    if ((twin->required_features & ~ck_features()) == 0) return twin;
#endif
    return NULL;
}
