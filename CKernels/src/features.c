// SPDX-License-Identifier: Apache-2.0
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, sections 13.2 and 14.3 (detection).

#include "CKernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

enum {
    LEAF1_ECX_FMA = 1u << 12,
    LEAF1_ECX_SSE42 = 1u << 20,
    LEAF1_ECX_F16C = 1u << 29,
    LEAF7_EBX_AVX2 = 1u << 5,
    LEAF7_EBX_AVX512F = 1u << 16,
    LEAF7_EBX_AVX512DQ = 1u << 17,
    LEAF7_EBX_AVX512BW = 1u << 30,
    LEAF7_EBX_AVX512VL = 1u << 31,
    LEAF7_ECX_AVX512VNNI = 1u << 11,
    SUBLEAF1_EAX_AVXVNNI = 1u << 4,
    XCR0_YMM = 0x06,  // XMM and the upper halves of YMM
    XCR0_ZMM = 0xE6,  // those, the mask registers, the upper halves of ZMM0-15, and ZMM16-31
};

static bool has(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

uint32_t ck_features_from_registers(uint32_t leaf1_ecx, uint32_t leaf7_ebx, uint32_t leaf7_ecx, uint32_t subleaf1_eax,
                                    uint64_t xcr0) {
    const bool saves_ymm = has((uint32_t)xcr0, XCR0_YMM);
    const bool saves_zmm = has((uint32_t)xcr0, XCR0_ZMM);
    const bool avx2 = saves_ymm && has(leaf1_ecx, LEAF1_ECX_FMA) && has(leaf7_ebx, LEAF7_EBX_AVX2);
    const bool avx512 = avx2 && saves_zmm &&
                        has(leaf7_ebx, LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512DQ | LEAF7_EBX_AVX512BW | LEAF7_EBX_AVX512VL);
    uint32_t features = 0;
    if (avx2) features |= CK_FEATURE_AVX2;
    if (saves_ymm && has(leaf1_ecx, LEAF1_ECX_F16C)) features |= CK_FEATURE_F16C;
    if (avx512) features |= CK_FEATURE_AVX512;
    if (avx512 && has(leaf7_ecx, LEAF7_ECX_AVX512VNNI)) features |= CK_FEATURE_AVX512VNNI;
    if (has(leaf1_ecx, LEAF1_ECX_SSE42)) features |= CK_FEATURE_SSE42;
    if (avx2 && has(subleaf1_eax, SUBLEAF1_EAX_AVXVNNI)) features |= CK_FEATURE_AVXVNNI;
    return features;
}

#if defined(__x86_64__)

static uint64_t read_xcr0(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static uint32_t detect(void) {
    const uint32_t osxsave = 1u << 27;
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return 0;
    const uint32_t leaf1_ecx = ecx;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) eax = ebx = ecx = 0;
    const uint32_t last_subleaf = eax, leaf7_ebx = ebx, leaf7_ecx = ecx;
    if (last_subleaf < 1 || !__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) eax = 0;
    return ck_features_from_registers(leaf1_ecx, leaf7_ebx, leaf7_ecx, eax, has(leaf1_ecx, osxsave) ? read_xcr0() : 0);
}

#else

static uint32_t detect(void) { return 0; }

#endif

uint32_t ck_features(void) {
    // Bit 31 marks a value that is set. Threads that race here store the same value.
    static uint32_t cached;
    uint32_t features = __atomic_load_n(&cached, __ATOMIC_RELAXED);
    if (features == 0) {
        features = detect() | 1u << 31;
        __atomic_store_n(&cached, features, __ATOMIC_RELAXED);
    }
    return features & ~(1u << 31);
}
