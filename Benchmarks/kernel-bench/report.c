// SPDX-License-Identifier: Apache-2.0

#include "report.h"

#include "timing.h"

#include <math.h>
#include <stdio.h>

// Rates of the groups so far, for the table of ceilings.
enum { MAX_GROUPS = 320 };
static struct {
    place place;
    ceiling_rates rates[MAX_UNITS];
} seen[MAX_GROUPS];
static size_t seen_count, printed_count;

static const char *separator(void) { return printed_count++ ? ",\n    " : "\n    "; }

// A number, or what stands for none.
static const char *number(char *buffer, size_t size, const char *format, double value, const char *none) {
    if (isfinite(value))
        snprintf(buffer, size, format, value);
    else
        snprintf(buffer, size, "%s", none);
    return buffer;
}

void report_begin(const options *options) {
    if (options->json) printf("{\n  \"measurements\": [");
}

// ---- Measurements ---------------------------------------------------------------------------------------------------

// None where nothing, or no float, is computed.
static double gigaflops(const group *g, const measurement *m) {
    return m->kernel->is_reference || m->kernel->layout->is_coded ? NAN
               : (double)(g->n * sum_operations(m->kernel->sum)) / m->nanoseconds;
}

static void text_measurement(const group *g, const measurement *m) {
    char flops[16], scalar[16], one_sum[16], name[64];
    snprintf(name, sizeof name, "%s/%s/%zu/%s", m->kernel->table, m->kernel->name, g->n, place_names[g->place]);
    printf("%-40s %8.2f %8.2f %8s %7.1f %5.0f %%  %-10s %8s %8s  %s\n", name, m->nanoseconds, 1e3 / m->nanoseconds,
           number(flops, sizeof flops, "%.1f", gigaflops(g, m), "-"), (double)g->stride_bytes / m->nanoseconds,
           100 * m->share, limit_names[m->limit], number(scalar, sizeof scalar, "%.2f", m->over_scalar, "-"),
           number(one_sum, sizeof one_sum, "%.2f", m->over_one_sum, "-"),
           m->kernel->is_reference ? "-" : m->right ? "ok" : "WRONG");
}

static void json_measurement(const group *g, const measurement *m) {
    char flops[16], scalar[16], one_sum[16];
    printf("%s{\"table\": \"%s\", \"kernel\": \"%s\", \"dimensions\": %zu, \"place\": \"%s\", \"nanoseconds\": %.4g, "
           "\"gigaflops\": %s, \"gigabytesPerSecond\": %.4g, \"ceilingShare\": %.4g, \"limit\": \"%s\", "
           "\"timesScalar\": %s, \"timesOneSum\": %s, \"parity\": %s}",
           separator(), m->kernel->table, m->kernel->name, g->n, place_names[g->place], m->nanoseconds,
           number(flops, sizeof flops, "%.4g", gigaflops(g, m), "null"), (double)g->stride_bytes / m->nanoseconds,
           m->share, limit_names[m->limit], number(scalar, sizeof scalar, "%.4g", m->over_scalar, "null"),
           number(one_sum, sizeof one_sum, "%.4g", m->over_one_sum, "null"), m->kernel->is_reference ? "null" : m->right ? "true" : "false");
}

void report_group(const options *options, const group *g) {
    if (seen_count < MAX_GROUPS) {
        seen[seen_count].place = g->place;
        for (size_t u = 0; u < MAX_UNITS; u++) seen[seen_count].rates[u] = g->rates[u];
        seen_count++;
    }
    if (!options->json)
        printf("%-40s %8s %8s %8s %7s %7s  %-10s %8s %8s  parity\n", "table/kernel/dimensions/place", "ns", "M/s",
               "GFLOP/s", "GB/s", "ceiling", "set by", "x scalar", "x 1-sum");
    for (size_t k = 0; k < g->count; k++)
        options->json ? json_measurement(g, &g->measurements[k]) : text_measurement(g, &g->measurements[k]);
    if (!options->json) printf("\n");
    fflush(stdout);
}

// ---- Ceilings -------------------------------------------------------------------------------------------------------

// The median over groups: of a sum's steps (sum < SUM_COUNT), of loads (SUM_COUNT), or of bytes read from a place.
static double median_rate(size_t unit, size_t rate, place place) {
    double values[MAX_GROUPS];
    size_t count = 0;
    for (size_t i = 0; i < seen_count; i++) {
        const ceiling_rates *rates = &seen[i].rates[unit];
        if (rate < SUM_COUNT)
            values[count++] = rates->steps[rate];
        else if (rate == SUM_COUNT)
            values[count++] = rates->loads;
        else if (seen[i].place == place)
            values[count++] = rates->read_bytes;
    }
    return median(values, count);
}

void report_ceilings(const options *options) {
    if (options->json)
        printf("\n  ],\n  \"ceilings\": [");
    else if (seen_count > 0)
        printf("%-10s %12s %12s %12s %12s %12s %12s %12s\n", "ceilings", "l1 Gstep/s", "l2sq Gstep/s", "dot Gstep/s",
               "dot GFLOP/s", "L1 load GB/s", "L2 read GB/s", "memory GB/s");
    printed_count = 0;
    for (size_t u = 0; u < vector_unit_count() && seen_count > 0; u++) {
        const vector_unit *unit = vector_unit_at(u);
        if (!vector_unit_supported(unit)) continue;
        const double lanes = (double)unit->lanes;
        const double rates[] = {median_rate(u, SUM_L1, 0),
                                median_rate(u, SUM_L2SQ, 0),
                                median_rate(u, SUM_DOT, 0),
                                median_rate(u, SUM_DOT, 0) * lanes * 2,
                                median_rate(u, SUM_COUNT, 0) * lanes * sizeof(float),
                                median_rate(u, SUM_COUNT + 1, PLACE_L2),
                                median_rate(u, SUM_COUNT + 1, PLACE_MEMORY)};
        static const char *const keys[] = {"l1GigastepsPerSecond", "l2sqGigastepsPerSecond", "dotGigastepsPerSecond",
                                           "dotGigaflops", "l1LoadGigabytesPerSecond", "l2ReadGigabytesPerSecond",
                                           "memoryReadGigabytesPerSecond"};
        if (options->json)
            printf("%s{\"registers\": \"%s\"", separator(), unit->name);
        else
            printf("%-10s", unit->name);
        for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
            char value[16];
            if (options->json)
                printf(", \"%s\": %s", keys[i], number(value, sizeof value, "%.4g", rates[i], "null"));
            else
                printf(" %12s", number(value, sizeof value, i < 3 ? "%.2f" : "%.1f", rates[i], "-"));
        }
        printf(options->json ? "}" : "\n");
    }
    if (options->json)
        printf("\n  ],\n  \"prefetchSweeps\": [");
    else if (seen_count > 0)
        printf("\n");
    printed_count = 0;
    fflush(stdout);
}

// ---- Prefetch sweeps ------------------------------------------------------------------------------------------------

void report_sweep(const options *options, const prefetch_sweep *s) {
    if (options->json)
        printf("%s{\"shape\": \"%s\", \"registers\": \"%s\", \"dimensions\": %zu, \"used\": %zu, \"best\": %zu, "
               "\"timeOverBest\": %.4g, \"nanosecondsByDistance\": {",
               separator(), s->shape, s->unit->name, s->n, s->used, s->best, s->over_best);
    else
        printf("sweep/%s/%s/%zu: prefetching %zu %s ahead is used, %zu is best; time used / best %.3f\n ", s->shape,
               s->unit->table, s->n, s->used, s->shape[0] == 'g' ? "rows" : "lines", s->best, s->over_best);
    for (size_t i = 0; i < s->count; i++)
        printf(options->json ? "%s\"%zu\": %.4g" : "%s %zu:%.1f", options->json && i ? ", " : "", s->distances[i],
               s->nanoseconds[i]);
    printf(options->json ? "}}" : "\n");
    fflush(stdout);
}

void report_block_sweep(const options *options, const block_sweep *s) {
    if (options->json)
        printf("%s{\"shape\": \"scan_block\", \"registers\": \"%s\", \"dimensions\": %zu, \"place\": \"%s\", "
               "\"used\": %d, \"byDistance\": {",
               separator(), s->unit->name, s->n, place_names[s->place], CK_BLOCK_LINES_AHEAD);
    else
        printf("sweep/scan_block/%s/%zu/%s: prefetching %d lines ahead is used; ns, and over that of 0\n ",
               s->unit->table, s->n, place_names[s->place], CK_BLOCK_LINES_AHEAD);
    for (size_t i = 0; i < BLOCK_DISTANCES; i++)
        if (options->json)
            printf("%s\"%zu\": {\"nanoseconds\": %.4g, \"overWithout\": %.4g}", i ? ", " : "", s->distances[i],
                   s->nanoseconds[i], s->over_without[i]);
        else
            printf(" %zu:%.2f (%.3f)", s->distances[i], s->nanoseconds[i], s->over_without[i]);
    printf(options->json ? "}}" : "\n");
    fflush(stdout);
}

void report_end(const options *options, bool all_right) {
    if (options->json)
        printf("\n  ],\n  \"parity\": %s\n}\n", all_right ? "true" : "false");
    else
        printf("\nparity: %s\n", all_right ? "every kernel is within its error bound" : "SOME KERNELS ARE WRONG");
}
