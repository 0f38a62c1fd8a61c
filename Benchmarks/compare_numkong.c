// SPDX-License-Identifier: Apache-2.0
//
// The kernels as compare_numkong.py calls them: a call is a query or many, with all rows, as it is in the libraries that they
// are compared with.

#include "CKernels.h"

#include <stdbool.h>
#include <stddef.h>

// The name of a table that this machine can run, the fastest first; NULL after the last.
const char *compare_table_name(size_t index) {
    for (size_t i = 0; i < ck_table_count(); i++) {
        const ck_table *table = ck_table_at(i);
        const bool supported = (ck_features() & table->required_features) == table->required_features;
        if (supported && index-- == 0) return table->name;
    }
    return NULL;
}

// All queries with all rows, both without padding. out[q * count + r] is the squared Euclidean distance, or the inner product, of
// query q and row r. One pointer to this is a quicker call from Python than many arguments.
typedef struct {
    const char *table;
    bool dot;
    const float *queries, *rows;
    size_t query_count, count, n;
    float *out;
} compare_call;

// One scan a query.
void compare_scan(const compare_call *call) {
    const ck_table *table = ck_table_named(call->table);
    const ck_scan_fn scan = call->dot ? table->dot.scan : table->l2sq.scan;
    for (size_t q = 0; q < call->query_count; q++)
        scan(call->queries + q * call->n, call->rows, call->n, call->count, call->n, call->out + q * call->count);
}

static ck_dot_batch dot_batch(const compare_call *call) {
    return (ck_dot_batch){.queries = call->queries,
                          .query_count = call->query_count,
                          .query_stride = call->n,
                          .rows = call->rows,
                          .row_count = call->count,
                          .row_stride = call->n,
                          .n = call->n,
                          .out = call->out,
                          .out_stride = call->count};
}

// The inner products of a batch.
void compare_blocked(const compare_call *call) {
    const ck_dot_batch batch = dot_batch(call);
    ck_dot_batch_blocked(ck_table_named(call->table), &batch);
}

// The same by OpenBLAS, with the instructions of its own choice.
void compare_openblas(const compare_call *call) {
    const ck_dot_batch batch = dot_batch(call);
    ck_dot_batch_openblas()(&batch);
}
