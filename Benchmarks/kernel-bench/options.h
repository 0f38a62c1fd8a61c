// SPDX-License-Identifier: Apache-2.0

#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    bool json, quick;
    const char *filter;  // "" lets everything through
} options;

enum { EXIT_PARITY = 1, EXIT_USAGE = 64 };  // 64: EX_USAGE of sysexits.h

// The options of the command line. Ends the process after --help (0) and after an option that is not one (64).
options parse_options(int argc, char **argv);

// The dimensions to measure; ended by 0.
const size_t *measured_dimensions(const options *options);

// How often each kernel is timed; odd, so that the median is one of them.
size_t measured_rounds(const options *options);
enum { MAX_ROUNDS = 21 };

#endif
