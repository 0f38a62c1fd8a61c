// SPDX-License-Identifier: Apache-2.0
//
// kernel-bench: parity and speed of every distance kernel that this machine can run. Benchmarks/README.md says how to
// read what it prints. That one harness checks and times is after dav1d's checkasm
// (https://code.videolan.org/videolan/dav1d, tests/checkasm).

#include "options.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Returns whether all kernels are right, and adds their number to *measured.
static bool run_groups(const options *options, const layout *layout, void *floats, size_t *measured) {
    void *other = NULL;  // than floats
    bool all_right = true;
    for (place place = 0; place < PLACE_COUNT; place++)
        for (const size_t *n = measured_dimensions(options); *n; n++) {
            const kernel *kernels[MAX_KERNELS];
            const size_t count = select_kernels(layout, place, *n, options, kernels);
            if (count == 0) continue;
            if (layout->row != &encoding_f32 && !other) other = encoding_memory(layout->row);
            workload workload = workload_make(layout, other ? other : floats, place, *n);
            const group group = measure_group(kernels, count, &workload, options);
            workload_free(&workload);
            report_group(options, &group);
            *measured += group.count;
            for (size_t k = 0; k < group.count; k++) all_right &= group.measurements[k].right;
        }
    free(other);
    return all_right;
}

// Rows of a few lines, of the demo's 384 dimensions, and long ones.
static const size_t swept_dimensions[] = {128, 384, 1536};

static void run_sweeps(const options *options, void *memory, size_t *measured) {
    for (size_t d = 0; d < sizeof swept_dimensions / sizeof swept_dimensions[0]; d++) {
        workload workload = workload_make(&layout_f32_rows, memory, PLACE_MEMORY, swept_dimensions[d]);
        for (size_t u = 0; u < vector_unit_count(); u++)
            for (int gather = 1; gather >= 0; gather--) {
                const vector_unit *unit = vector_unit_at(u);
                char name[64];
                snprintf(name, sizeof name, "sweep/%s/%s/%zu", gather ? "gather" : "scan", unit->table,
                         workload.n);
                // The portable table leaves prefetching to the processor.
                if (unit->required_features == 0 || !vector_unit_supported(unit) || !strstr(name, options->filter))
                    continue;
                const prefetch_sweep sweep = measure_sweep(unit, gather, &workload, options);
                report_sweep(options, &sweep);
                ++*measured;
            }
        workload_free(&workload);
    }
}

// Whether a scan of blocks should prefetch: on few blocks, which stay in L2, and on many.
static void run_block_sweeps(const options *options, void *memory, size_t *measured) {
    static const place places[] = {PLACE_L2, PLACE_MEMORY};
    for (size_t d = 0; d < sizeof swept_dimensions / sizeof swept_dimensions[0]; d++)
        for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
            workload workload = workload_make(&layout_f32_blocks, memory, places[p], swept_dimensions[d]);
            for (size_t u = 0; u < vector_unit_count(); u++) {
                const vector_unit *unit = vector_unit_at(u);
                char name[64];
                snprintf(name, sizeof name, "sweep/scan_block/%s/%zu/%s", unit->table, workload.n, place_names[places[p]]);
                if (unit->required_features == 0 || !vector_unit_supported(unit) || !strstr(name, options->filter))
                    continue;
                const block_sweep sweep = measure_block_sweep(unit, &workload, options);
                report_block_sweep(options, &sweep);
                ++*measured;
            }
            workload_free(&workload);
        }
}

int main(int argc, char **argv) {
    const options options = parse_options(argc, argv);
    bool all_right = true;
    size_t measured = 0;
    report_begin(&options);
    void *floats = encoding_memory(&encoding_f32);
    for (size_t l = 0; l < layout_count(); l++) all_right &= run_groups(&options, layout_at(l), floats, &measured);
    report_ceilings(&options);
    run_sweeps(&options, floats, &measured);
    run_block_sweeps(&options, floats, &measured);
    free(floats);
    report_end(&options, all_right);
    if (measured == 0) {
        fprintf(stderr, "kernel-bench: nothing has \"%s\" in its name\n", options.filter);
        return EXIT_USAGE;
    }
    return all_right ? EXIT_SUCCESS : EXIT_PARITY;
}
