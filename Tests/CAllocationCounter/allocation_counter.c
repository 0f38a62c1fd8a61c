// SPDX-License-Identifier: Apache-2.0

#include "CAllocationCounter.h"

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__linux__) && !defined(SANITIZED)
#include <features.h>
#endif

#if defined(__GLIBC__) && !defined(SANITIZED)

#include <errno.h>

static _Thread_local uint64_t count;
static _Thread_local uint64_t bytes;

static void note(size_t size) {
    count++;
    bytes += size;
}

// The C library's own functions under the names that it exports for this purpose.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
    note(n * size);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size) {
    note(size);
    return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **p, size_t alignment, size_t size) {
    note(size);
    *p = __libc_memalign(alignment, size);
    return *p ? 0 : ENOMEM;
}

bool allocation_counter_works(void) { return true; }

uint64_t allocation_count(void) { return count; }

uint64_t allocated_bytes(void) { return bytes; }

#else

bool allocation_counter_works(void) { return false; }

uint64_t allocation_count(void) { return 0; }

uint64_t allocated_bytes(void) { return 0; }

#endif
