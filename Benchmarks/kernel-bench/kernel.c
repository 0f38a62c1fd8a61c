// SPDX-License-Identifier: Apache-2.0

#include "kernel.h"

#include "contenders.h"

#include <stdio.h>
#include <stdlib.h>

// ---- Shapes ---------------------------------------------------------------------------------------------------------

static const float *f32_row(const workload *w, size_t row) {
    return (const float *)((const char *)w->rows + row * w->stride_bytes);
}

static void run_pair(const kernel *kernel, const workload *w, size_t first, size_t count, float *out) {
    // No more variables than registers that survive a call: the caller adds one load (the address) to the kernel's.
    const ck_pair_fn pair = kernel->functions.pair;
    const float *const query = w->query;
    const size_t n = w->n;
    const void *const *row = w->addresses + first, *const *const end = row + count;
    for (; row < end; row++) *out++ = pair(query, *row, n);
}

static void run_gather(const kernel *kernel, const workload *w, size_t first, size_t count, float *out) {
    const size_t call_count = kernel->shape->call_count;
    for (size_t i = 0; i < count; i += call_count) {
        const size_t called = count - i < call_count ? count - i : call_count;
        kernel->functions.gather(w->query, w->rows, w->stride_bytes / sizeof(float), w->order + first + i, called, w->n,
                                 out + i);
    }
}

static void run_scan(const kernel *kernel, const workload *w, size_t first, size_t count, float *out) {
    for (size_t i = 0; i < count; i += w->row_count) {
        const size_t called = count - i < w->row_count ? count - i : w->row_count;
        kernel->functions.scan(w->query, f32_row(w, first), w->stride_bytes / sizeof(float), called, w->n, out + i);
    }
}

// A pair loads both vectors. The others need only load the row: enough rows at a time make the query's loads as few as
// one likes (four at a time: 1.25 loads a step).
static const shape shape_pair = {"pair", &layout_f32_rows, run_pair, 1, true, 2};
static const shape shape_gather = {"gather", &layout_f32_rows, run_gather, GATHER_COUNT, true, 1};
// What is left of a node's neighbors when those that were seen are gone: no multiple of any kernel's group.
static const shape shape_gather7 = {"gather7", &layout_f32_rows, run_gather, 7, true, 1};
static const shape shape_scan = {"scan", &layout_f32_rows, run_scan, 0, false, 1};

static const shape *const table_shapes[] = {&shape_pair, &shape_gather, &shape_gather7, &shape_scan};

// ---- Sums -----------------------------------------------------------------------------------------------------------

static const char *const sum_names[SUM_COUNT] = {"l1", "l2sq", "dot"};

double sum_term(sum_kind sum, double a, double b) {
    switch (sum) {
    case SUM_L1: return a < b ? b - a : a - b;
    case SUM_L2SQ: return (a - b) * (a - b);
    default: return a * b;
    }
}

size_t sum_operations(sum_kind sum) { return sum == SUM_L2SQ ? 3 : 2; }

double sum_error_factor(size_t n) {
    const double u = 0x1p-24, terms = (double)n + 2;
    return terms * u / (1 - terms * u);
}

// ---- The list -------------------------------------------------------------------------------------------------------


static kernel kernels[MAX_KERNELS];
static size_t kernel_count;

static void add_kernel(const char *table, const shape *shape, sum_kind sum, ck_kernels functions,
                       const vector_unit *unit) {
    if (kernel_count == MAX_KERNELS) abort();
    kernel *added = &kernels[kernel_count++];
    *added = (kernel){.table = table, .shape = shape, .sum = sum, .functions = functions, .unit = unit};
    snprintf(added->name, sizeof added->name, "%s_%s", sum_names[sum], shape->name);
}

const kernel *all_kernels(size_t *count) {
    kernel_count = 0;
    for (size_t u = 0; u < vector_unit_count(); u++) {
        const vector_unit *unit = vector_unit_at(u);
        for (size_t c = 0; c < contender_count() && vector_unit_supported(unit); c++) {
            const contender *contender = contender_at(c);
            for (sum_kind sum = 0; sum < SUM_COUNT && contender->lanes == unit->lanes; sum++)
                add_kernel(contender->name, &shape_pair, sum, (ck_kernels){.pair = contender->pair[sum]}, unit);
        }
    }
    for (size_t u = 0; u < vector_unit_count(); u++) {
        const vector_unit *unit = vector_unit_at(u);
        const ck_table *table = ck_table_named(unit->table);
        if (!table || !vector_unit_supported(unit)) continue;
        kernels[kernel_count++] = (kernel){.name = "loads_pair",
                                           .table = table->name,
                                           .shape = &shape_pair,
                                           .sum = SUM_DOT,
                                           .functions = {.pair = unit->load_pair},
                                           .unit = unit,
                                           .is_reference = true};
        const ck_kernels functions[SUM_COUNT] = {table->l1, table->l2sq, table->dot};
        for (sum_kind sum = 0; sum < SUM_COUNT; sum++)
            for (size_t s = 0; s < sizeof table_shapes / sizeof table_shapes[0]; s++)
                add_kernel(table->name, table_shapes[s], sum, functions[sum], unit);
    }
    *count = kernel_count;
    return kernels;
}
