// SPDX-License-Identifier: Apache-2.0
//
// Counts heap allocations of the calling thread by standing in for the C library's allocation functions.

#ifndef CALLOCATION_COUNTER_H
#define CALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

// Whether allocations are counted in this build: on Linux with the GNU C library, without a sanitizer.
bool allocation_counter_works(void);

// Allocations of this thread so far: malloc, calloc, realloc, posix_memalign and aligned_alloc.
uint64_t allocation_count(void);

// Bytes that they asked for; realloc the whole of the new size. What was freed is not taken off.
uint64_t allocated_bytes(void);

#endif
