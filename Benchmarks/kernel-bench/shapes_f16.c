// SPDX-License-Identifier: Apache-2.0

#define SHAPES f16_row_shapes
#define FUNCTIONS f16
#define QUERY float
#define ROW uint16_t
#define PAIR ck_half_pair_fn
#include "shape_rows.h"
