// SPDX-License-Identifier: Apache-2.0
//
// Source: Kounavis and Berry, "Novel table lookup-based algorithms for high-performance CRC generation" (IEEE Transactions on
// Computers 57, 2008), slicing-by-8.

#include "tables.h"

#include <pthread.h>

// Castagnoli's polynomial, the coefficient of x^31 in the lowest bit.
static const uint32_t POLYNOMIAL = 0x82F63B78;

// after_zeros[z][b]: the register that starts at 0 and takes byte b, then z bytes of zeros.
static uint32_t after_zeros[8][256];
static pthread_once_t after_zeros_once = PTHREAD_ONCE_INIT;

static uint32_t step_byte(uint32_t state, uint8_t byte) {
    return state >> 8 ^ after_zeros[0][(state ^ byte) & 0xFF];
}

static void fill_after_zeros(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t state = byte;
        for (int bit = 0; bit < 8; bit++) state = state >> 1 ^ (state & 1 ? POLYNOMIAL : 0);
        after_zeros[0][byte] = state;
    }
    for (int zeros = 1; zeros < 8; zeros++)
        for (int byte = 0; byte < 256; byte++) after_zeros[zeros][byte] = step_byte(after_zeros[zeros - 1][byte], 0);
}

// In any byte order of the processor: the register meets the first four bytes, and the CRC is linear in the eight.
static uint32_t step_8_bytes(uint32_t state, const uint8_t *p) {
    return after_zeros[7][p[0] ^ (state & 0xFF)] ^ after_zeros[6][p[1] ^ (state >> 8 & 0xFF)] ^
           after_zeros[5][p[2] ^ (state >> 16 & 0xFF)] ^ after_zeros[4][p[3] ^ state >> 24] ^ after_zeros[3][p[4]] ^
           after_zeros[2][p[5]] ^ after_zeros[1][p[6]] ^ after_zeros[0][p[7]];
}

static uint32_t update(uint32_t crc, const void *data, size_t count) {
    pthread_once(&after_zeros_once, fill_after_zeros);
    const uint8_t *p = data;
    uint32_t state = ~crc;
    for (; count >= 8; p += 8, count -= 8) state = step_8_bytes(state, p);
    for (; count > 0; p++, count--) state = step_byte(state, *p);
    return ~state;
}

const ck_crc32c_table ck_crc32c_table_portable = {.name = "portable", .required_features = 0, .update = update};
