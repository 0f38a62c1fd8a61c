// SPDX-License-Identifier: Apache-2.0
//
// The report, as text or as one JSON object, printed while it is measured.

#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "block_sweep.h"
#include "measure.h"
#include "sweep.h"

void report_begin(const options *options);
void report_group(const options *options, const group *group);
void report_sweep(const options *options, const prefetch_sweep *sweep);
void report_block_sweep(const options *options, const block_sweep *sweep);
// The ceilings, medians over the groups that were reported.
void report_ceilings(const options *options);
void report_end(const options *options, bool all_right);

#endif
