// SPDX-License-Identifier: Apache-2.0
//
// The terms of the sums on codes, and the codes of a packed byte, in plain C.

#ifndef CK_CODE_TERMS_H
#define CK_CODE_TERMS_H

#include "tables.h"

typedef uint32_t (*code_term)(uint32_t a, uint32_t b);

CK_INLINE uint32_t l1_term(uint32_t a, uint32_t b) { return a > b ? a - b : b - a; }

CK_INLINE uint32_t l2sq_term(uint32_t a, uint32_t b) { return (a - b) * (a - b); }

CK_INLINE uint32_t dot_term(uint32_t a, uint32_t b) { return a * b; }

CK_INLINE uint32_t low_code(uint8_t byte) { return byte & 0x0F; }

CK_INLINE uint32_t high_code(uint8_t byte) { return byte >> 4; }

#endif
