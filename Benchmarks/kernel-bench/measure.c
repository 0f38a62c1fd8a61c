// SPDX-License-Identifier: Apache-2.0

#include "measure.h"

#include "timing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const kernel *kernel;
    size_t passes;  // over the workload in one sample
    double nanoseconds[MAX_ROUNDS];
} timed_kernel;

// A sample in a cache takes this long at least; in memory it is one pass over 8 MiB.
static const double SAMPLE_NANOSECONDS = 100e3;

// Nanoseconds a distance.
static double time_kernel(const timed_kernel *timed, workload *w, void *out) {
    const kernel *kernel = timed->kernel;
    const size_t count = workload_pass_count(w), first = workload_next_pass(w);
    if (w->place != PLACE_MEMORY) kernel->shape->run(kernel, w, first, count, out);
    const double start = now_nanoseconds();
    for (size_t pass = 0; pass < timed->passes; pass++) kernel->shape->run(kernel, w, first, count, out);
    return (now_nanoseconds() - start) / (double)(timed->passes * count);
}

static void choose_passes(timed_kernel *timed, workload *w, void *out) {
    timed->passes = 1;
    if (w->place == PLACE_MEMORY) return;
    const double pass = (double)workload_pass_count(w);
    while (time_kernel(timed, w, out) * pass * (double)timed->passes < SAMPLE_NANOSECONDS) timed->passes *= 2;
}

static void measure_all_rates(ceiling_rates *rates, workload *w) {
    size_t widest = 0;
    for (size_t u = 0; u < vector_unit_count(); u++) {
        if (!vector_unit_supported(vector_unit_at(u))) continue;
        rates[u] = measure_rates(vector_unit_at(u), w);
        widest = u;
    }
    // Memory is as fast as the widest loads find it, for all.
    for (size_t u = 0; u < widest && w->place == PLACE_MEMORY; u++) rates[u].read_bytes = rates[widest].read_bytes;
}

static ceiling_rates median_rates(const ceiling_rates (*rounds)[MAX_UNITS], size_t unit, size_t round_count) {
    ceiling_rates rates;
    double values[MAX_ROUNDS];
    for (sum_kind sum = 0; sum < SUM_COUNT; sum++) {
        for (size_t r = 0; r < round_count; r++) values[r] = rounds[r][unit].steps[sum];
        rates.steps[sum] = median(values, round_count);
    }
    for (size_t r = 0; r < round_count; r++) values[r] = rounds[r][unit].loads;
    rates.loads = median(values, round_count);
    for (size_t r = 0; r < round_count; r++) values[r] = rounds[r][unit].read_bytes;
    rates.read_bytes = median(values, round_count);
    return rates;
}

// How many times as fast as the contender's pair, or NaN.
static double times_contender(const char *contender, const timed_kernel *timed, const timed_kernel *all, size_t count,
                              size_t round_count) {
    for (size_t k = 0; k < count; k++) {
        if (strcmp(all[k].kernel->table, contender) != 0 || all[k].kernel->sum != timed->kernel->sum) continue;
        double ratios[MAX_ROUNDS];
        for (size_t r = 0; r < round_count; r++) ratios[r] = all[k].nanoseconds[r] / timed->nanoseconds[r];
        return median(ratios, round_count);
    }
    return NAN;
}

static measurement summarize(timed_kernel *timed, const workload *w, const ceiling_rates (*rates)[MAX_UNITS],
                             const ceiling_rates *medians, size_t round_count) {
    size_t unit = 0;
    while (vector_unit_at(unit) != timed->kernel->unit) unit++;
    measurement m = {.kernel = timed->kernel};
    double shares[MAX_ROUNDS], times[MAX_ROUNDS];
    for (size_t r = 0; r < round_count; r++) {
        times[r] = timed->nanoseconds[r];
        shares[r] = ceiling_nanoseconds(timed->kernel, w, &rates[r][unit], &m.limit) / times[r];
    }
    m.nanoseconds = median(times, round_count);
    m.share = median(shares, round_count);
    ceiling_nanoseconds(timed->kernel, w, &medians[unit], &m.limit);
    return m;
}

size_t select_kernels(const layout *layout, place place, size_t n, const options *options, const kernel **selected) {
    size_t kernel_count, count = 0;
    const kernel *kernels = all_kernels(&kernel_count);
    for (size_t k = 0; k < kernel_count && workload_fits(layout, place, n); k++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%s/%zu/%s", kernels[k].table, kernels[k].name, n, place_names[place]);
        if (kernels[k].layout == layout && strstr(name, options->filter)) selected[count++] = &kernels[k];
    }
    return count;
}

group measure_group(const kernel *const *kernels, size_t kernel_count, workload *w, const options *options) {
    group g = {.n = w->n, .place = w->place, .stride_bytes = w->stride_bytes, .count = kernel_count};
    static timed_kernel timed[MAX_KERNELS];
    for (size_t k = 0; k < kernel_count; k++) timed[k] = (timed_kernel){.kernel = kernels[k]};

    const size_t round_count = measured_rounds(options);
    static ceiling_rates rates[MAX_ROUNDS][MAX_UNITS];
    uint32_t *out = malloc(workload_pass_count(w) * sizeof *out);
    if (!out) abort();
    for (size_t k = 0; k < g.count; k++) choose_passes(&timed[k], w, out);
    for (size_t r = 0; r < round_count; r++) {
        measure_all_rates(rates[r], w);
        for (size_t k = 0; k < g.count; k++) timed[k].nanoseconds[r] = time_kernel(&timed[k], w, out);
    }
    free(out);

    for (size_t u = 0; u < vector_unit_count(); u++)
        if (vector_unit_supported(vector_unit_at(u))) g.rates[u] = median_rates(rates, u, round_count);
    for (size_t k = 0; k < g.count; k++) {
        g.measurements[k] = summarize(&timed[k], w, rates, g.rates, round_count);
        g.measurements[k].over_scalar = times_contender("scalar", &timed[k], timed, g.count, round_count);
        g.measurements[k].over_one_sum = times_contender("one-sum", &timed[k], timed, g.count, round_count);
        g.measurements[k].right = kernel_is_right(timed[k].kernel, w);
    }
    return g;
}
