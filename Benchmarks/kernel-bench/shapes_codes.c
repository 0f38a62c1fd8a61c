// SPDX-License-Identifier: Apache-2.0

#define SHAPES code_row_shapes
#define FUNCTIONS codes
#define QUERY uint8_t
#define ROW uint8_t
#define RESULT uint32_t
#define PAIR ck_code_pair_fn
#include "shape_rows.h"
