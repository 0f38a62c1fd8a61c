// SPDX-License-Identifier: Apache-2.0

#include "CKernels.h"

#if defined(CK_OPENBLAS)

#include <cblas.h>

static void dot_batch(const ck_dot_batch *b) {
    // The caller's threads are the parallelism: a second pool inside would fight them for the cores.
    static bool single_threaded;
    if (!__atomic_exchange_n(&single_threaded, true, __ATOMIC_ACQ_REL)) openblas_set_num_threads(1);
    if (b->query_count == 0 || b->row_count == 0) return;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, b->dimension_major ? CblasNoTrans : CblasTrans, (blasint)b->query_count,
                (blasint)b->row_count, (blasint)b->n, 1.0f, b->queries, (blasint)b->query_stride, b->rows, (blasint)b->row_stride, 0.0f, b->out,
                (blasint)b->out_stride);
}

ck_dot_batch_fn ck_dot_batch_openblas(void) { return dot_batch; }

const char *ck_openblas_config(void) { return openblas_get_config(); }

const char *ck_openblas_core(void) { return openblas_get_corename(); }

#else

ck_dot_batch_fn ck_dot_batch_openblas(void) { return NULL; }

const char *ck_openblas_config(void) { return NULL; }

const char *ck_openblas_core(void) { return NULL; }

#endif
