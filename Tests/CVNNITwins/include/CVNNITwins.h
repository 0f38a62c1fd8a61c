// SPDX-License-Identifier: Apache-2.0
//
// The kernels of AVX-VNNI in AVX-512's encoding, so that tests can run them on a processor that has AVX-512 VNNI only.

#ifndef C_VNNI_TWINS_H
#define C_VNNI_TWINS_H

#include "CKernels.h"

// NULL on a processor that is not x86-64, or that lacks AVX-512 VNNI.
const ck_code_row_table *vnni_twin_of_rows(void);
const ck_code_block_table *vnni_twin_of_blocks(void);

#endif
