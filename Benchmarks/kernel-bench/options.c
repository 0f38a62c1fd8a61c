// SPDX-License-Identifier: Apache-2.0

#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: kernel-bench [--quick] [--json] [--filter SUBSTRING]\n"
    "\n"
    "Checks every distance kernel against a double-precision sum and measures its share of the machine.\n"
    "\n"
    "  --quick             three dimensions and fewer rounds\n"
    "  --json              one JSON object instead of tables\n"
    "  --filter SUBSTRING  only what has SUBSTRING in its name, as in avx2/l2sq_pair/512/L1 or sweep/gather/avx2\n"
    "  --help              this text\n"
    "\n"
    "Exit status: 0; 1 if a kernel is wrong; 64 if the command line is.\n";

static _Noreturn void fail(const char *message, const char *argument) {
    fprintf(stderr, "kernel-bench: %s%s\n\n%s", message, argument, usage);
    exit(EXIT_USAGE);
}

options parse_options(int argc, char **argv) {
    options options = {.filter = ""};
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        } else if (strcmp(argument, "--json") == 0) {
            options.json = true;
        } else if (strcmp(argument, "--quick") == 0) {
            options.quick = true;
        } else if (strncmp(argument, "--filter=", 9) == 0) {
            options.filter = argument + 9;
        } else if (strcmp(argument, "--filter") == 0) {
            if (++i == argc) fail("--filter needs a value", "");
            options.filter = argv[i];
        } else {
            fail("no such option: ", argument);
        }
    }
    return options;
}

const size_t *measured_dimensions(const options *options) {
    static const size_t all[] = {96, 100, 128, 256, 384, 512, 768, 960, 1024, 1536, 3072, 0};
    static const size_t few[] = {128, 512, 1536, 0};
    return options->quick ? few : all;
}

size_t measured_rounds(const options *options) { return options->quick ? 7 : MAX_ROUNDS; }
