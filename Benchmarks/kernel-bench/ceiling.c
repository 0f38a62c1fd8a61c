// SPDX-License-Identifier: Apache-2.0

#include "ceiling.h"

#include "timing.h"

const char *const limit_names[] = {"arithmetic", "loads", "reads"};

// Long enough for the clock, short enough that few samples are interrupted.
static const double SAMPLE_NANOSECONDS = 50e3;

// Steps a nanosecond.
static double step_rate(const vector_unit *unit, sum_kind sum) {
    // A vector unit does 1 to 10 steps a nanosecond.
    const size_t steps = (size_t)(5 * SAMPLE_NANOSECONDS) / STEP_CHAINS * STEP_CHAINS;
    const double start = now_nanoseconds();
    unit->compute[sum](steps);
    return (double)steps / (now_nanoseconds() - start);
}

// Vectors a nanosecond, from L1.
static double load_rate(const vector_unit *unit, const void *data) {
    const size_t passes = (size_t)(5 * SAMPLE_NANOSECONDS) / LOADED_VECTORS;
    unit->load_again(data, 1);
    const double start = now_nanoseconds();
    unit->load_again(data, passes);
    return (double)(passes * LOADED_VECTORS) / (now_nanoseconds() - start);
}

// Bytes a nanosecond, of `bytes` bytes that stay in a cache.
static double cached_read_rate(const vector_unit *unit, const void *data, size_t bytes) {
    unit->read(data, bytes / sizeof(float), 0);
    size_t passes = 0;
    const double start = now_nanoseconds();
    double elapsed = 0;
    for (; elapsed < SAMPLE_NANOSECONDS; elapsed = now_nanoseconds() - start)
        // The clock is read every 64 KiB at most, which take a microsecond.
        for (size_t done = 0; done < 64 << 10; done += bytes, passes++) unit->read(data, bytes / sizeof(float), 0);
    return (double)(passes * bytes) / elapsed;
}

// Bytes a nanosecond, of the workload's next pass.
static double memory_read_rate(const vector_unit *unit, workload *w, size_t lines_ahead) {
    const size_t first = workload_next_pass(w), bytes = workload_pass_count(w) * w->stride_bytes;
    const double start = now_nanoseconds();
    unit->read((const float *)((const char *)w->rows + first * w->stride_bytes), bytes / sizeof(float), lines_ahead);
    return (double)bytes / (now_nanoseconds() - start);
}

ceiling_rates measure_rates(const vector_unit *unit, workload *w) {
    ceiling_rates rates;
    for (sum_kind sum = 0; sum < SUM_COUNT; sum++) rates.steps[sum] = step_rate(unit, sum);
    rates.loads = load_rate(unit, w->rows);
    if (w->place != PLACE_MEMORY) {
        rates.read_bytes = cached_read_rate(unit, w->rows, place_bytes(w->place));
    } else {
        // With and without asking for lines ahead: which is faster differs between processors.
        const double plain = memory_read_rate(unit, w, 0), asked = memory_read_rate(unit, w, 96);
        rates.read_bytes = plain > asked ? plain : asked;
    }
    return rates;
}

// Registers' worth of floats, or of codes.
static double row_steps(const kernel *kernel, size_t n) {
    const size_t lanes = kernel->unit->lanes, register_bytes = lanes * sizeof(float);
    if (kernel->layout->is_coded) return (double)((kernel->layout->row->bytes(n) + register_bytes - 1) / register_bytes);
    return (double)((n + lanes - 1) / lanes);
}

double ceiling_nanoseconds(const kernel *kernel, const workload *w, const ceiling_rates *rates, limit *limit) {
    const double steps = row_steps(kernel, w->n);
    const double times[] = {
        [LIMIT_ARITHMETIC] = kernel->layout->is_coded ? 0 : steps / rates->steps[kernel->sum],
        [LIMIT_LOADS] = steps * kernel->shape->loads_per_step / rates->loads,
        // In L1, reads are the loads above.
        [LIMIT_READS] = w->place == PLACE_L1 ? 0 : (double)w->stride_bytes / rates->read_bytes,
    };
    *limit = LIMIT_ARITHMETIC;
    if (times[LIMIT_LOADS] > times[*limit]) *limit = LIMIT_LOADS;
    if (times[LIMIT_READS] > times[*limit]) *limit = LIMIT_READS;
    return times[*limit];
}
