// SPDX-License-Identifier: Apache-2.0

#include "kernel.h"

#include "contenders.h"

#include <stdio.h>
#include <stdlib.h>

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

static void add_kernel(kernel added) {
    if (kernel_count == MAX_KERNELS) abort();
    if (!added.name[0])
        snprintf(added.name, sizeof added.name, "%s%s_%s", added.layout->prefix, sum_names[added.sum], added.shape->name);
    kernels[kernel_count++] = added;
}

// A table's kernels on rows of one layout.
static void add_row_kernels(const char *table, const layout *layout, const shape *shapes, const kernel_functions *functions,
                            const vector_unit *unit) {
    for (sum_kind sum = 0; sum < SUM_COUNT; sum++)
        for (size_t s = 0; s < ROW_SHAPE_COUNT; s++)
            add_kernel((kernel){.table = table,
                                .layout = layout,
                                .shape = &shapes[s],
                                .sum = sum,
                                .functions = functions[sum],
                                .unit = unit});
}

static void add_contenders(const vector_unit *unit) {
    for (size_t c = 0; c < contender_count(); c++) {
        const contender *contender = contender_at(c);
        for (sum_kind sum = 0; sum < SUM_COUNT && contender->lanes == unit->lanes; sum++)
            add_kernel((kernel){.table = contender->name,
                                .layout = &layout_f32_rows,
                                .shape = &f32_row_shapes[SHAPE_PAIR],
                                .sum = sum,
                                .functions.f32.pair = contender->pair[sum],
                                .unit = unit});
    }
}

static bool supported(uint32_t features) { return (ck_features() & features) == features; }

static void add_f32_kernels(const vector_unit *unit) {
    const ck_table *table = ck_table_named(unit->table);
    if (!table || !supported(table->required_features)) return;
    add_kernel((kernel){.name = "loads_pair",
                        .table = table->name,
                        .layout = &layout_f32_rows,
                        .shape = &f32_row_shapes[SHAPE_PAIR],
                        .sum = SUM_DOT,
                        .functions.f32.pair = unit->load_pair,
                        .unit = unit,
                        .is_reference = true});
    const kernel_functions functions[SUM_COUNT] = {{.f32 = table->l1}, {.f32 = table->l2sq}, {.f32 = table->dot}};
    add_row_kernels(table->name, &layout_f32_rows, f32_row_shapes, functions, unit);
    for (sum_kind sum = 0; sum < SUM_COUNT; sum++)
        add_kernel((kernel){.table = table->name,
                            .layout = &layout_f32_blocks,
                            .shape = &shape_scan_block,
                            .sum = sum,
                            .functions = functions[sum],
                            .unit = unit});
}

static void add_f16_kernels(const vector_unit *unit) {
    const ck_half_table *table = ck_half_table_named(unit->table);
    if (!table || !supported(table->required_features)) return;
    const kernel_functions functions[SUM_COUNT] = {{.f16 = table->l1}, {.f16 = table->l2sq}, {.f16 = table->dot}};
    add_row_kernels(table->name, &layout_f16_rows, f16_row_shapes, functions, unit);
}

static void add_code_table(const vector_unit *unit, const char *name) {
    const ck_code_row_table *table = ck_code_row_table_named(name);
    if (!table || !supported(table->required_features)) return;
    const struct {
        const layout *layout;
        sum_kind sum;
        const ck_code_row_kernels *kernels;
    } kinds[] = {{&layout_u4_dot_rows, SUM_DOT, &table->u4_dot},
                 {&layout_u8_dot_rows, SUM_DOT, &table->u8_dot},
                 {&layout_u4_l1_rows, SUM_L1, &table->u4_l1},
                 {&layout_u8_l1_rows, SUM_L1, &table->u8_l1}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t s = 0; s < CODE_ROW_SHAPE_COUNT; s++) {
            if (s == CODE_ROW_QUERY && kinds[k].sum != SUM_DOT) continue;
            add_kernel((kernel){.table = table->name,
                                .layout = kinds[k].layout,
                                .shape = &code_row_shapes[s],
                                .sum = kinds[k].sum,
                                .functions.code_rows = *kinds[k].kernels,
                                .unit = unit});
        }
    const struct {
        const char *name;
        ck_code_encode_fn encode;
    } encoders[] = {{"u4_encode", table->encode_u4}, {"u8_encode", table->encode_u8}};
    for (size_t e = 0; e < sizeof encoders / sizeof encoders[0]; e++) {
        kernel added = {.table = table->name,
                        .layout = &layout_encoded_rows,
                        .shape = &shape_encode,
                        .sum = SUM_L2SQ,  // as much arithmetic: differences from the center, squared
                        .functions.encode = encoders[e].encode,
                        .unit = unit};
        snprintf(added.name, sizeof added.name, "%s", encoders[e].name);
        add_kernel(added);
    }
}

static void add_code_kernels(const vector_unit *unit) {
    for (size_t t = 0; t < CODE_TABLE_COUNT; t++)
        if (unit->code_tables[t]) add_code_table(unit, unit->code_tables[t]);
}

const kernel *all_kernels(size_t *count) {
    static void (*const parts[])(const vector_unit *unit) = {add_contenders, add_f32_kernels, add_f16_kernels,
                                                             add_code_kernels};
    kernel_count = 0;
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
        for (size_t u = 0; u < vector_unit_count(); u++)
            if (vector_unit_supported(vector_unit_at(u))) parts[p](vector_unit_at(u));
    *count = kernel_count;
    return kernels;
}
