// SPDX-License-Identifier: Apache-2.0
//
// The conversions between 32-bit floats and halves, written once over registers. A kernel file includes this after loops_rows.h
// and after it has defined:
//   store(p, floats)           LANES floats to p
//   store_row(p, floats)       LANES floats, rounded to the nearest half, the even one of two, to p

static void narrow(const float *vector, uint16_t *row, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store_row(row + i, load(vector + i));
    if (i == n) return;
    uint16_t rest[LANES];
    store_row(rest, load_first(vector + i, n - i));
    memcpy(row + i, rest, (n - i) * sizeof rest[0]);
}

static void widen(const uint16_t *row, float *vector, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store(vector + i, load_row(row + i));
    if (i == n) return;
    float rest[LANES];
    store(rest, load_row_first(row + i, n - i));
    memcpy(vector + i, rest, (n - i) * sizeof rest[0]);
}
