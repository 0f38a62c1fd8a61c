// SPDX-License-Identifier: Apache-2.0
//
// Rows of codes with terms, and queries to them. A row's terms are its last 16 bytes, behind the codes in their last line or in
// a line of their own.

#ifndef BENCH_CODE_ROWS_H
#define BENCH_CODE_ROWS_H

#include "kernel.h"

// A workload's rows and query as kernels take them.
ck_code_rows code_rows_of(const workload *workload);
const ck_code_query *code_query_of(const workload *workload);

// The distance of the query to a row in double precision, and by how much a kernel's may be off.
void code_row_distance(const kernel *kernel, const workload *workload, size_t row, double *value, double *error);

// The sum of a row's values, and by how much that of the query for dot may be off which the row is made.
void code_row_sum(const kernel *kernel, const workload *workload, size_t row, double *value, double *error);

#endif
