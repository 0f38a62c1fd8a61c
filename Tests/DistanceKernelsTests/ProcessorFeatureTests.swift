// SPDX-License-Identifier: Apache-2.0

import CKernels
import DistanceKernels
import Foundation
import Testing

private let avx2 = UInt32(CK_FEATURE_AVX2)
private let f16c = UInt32(CK_FEATURE_F16C)
private let avx512 = UInt32(CK_FEATURE_AVX512)
private let avx512vnni = UInt32(CK_FEATURE_AVX512VNNI)
private let sse42 = UInt32(CK_FEATURE_SSE42)
private let avxvnni = UInt32(CK_FEATURE_AVXVNNI)
private let everything = avx2 | f16c | avx512 | avx512vnni | sse42 | avxvnni

@Suite("Processor features")
struct ProcessorFeatureTests {
    /// A register that features are read from.
    enum Register: CaseIterable {
        case leaf1ECX, leaf7EBX, leaf7ECX, subleaf1EAX, xcr0
    }

    /// The features lost without a bit, by the bit's number (Intel SDM volume 1, sections 13.2, 14.3 and 15.2-15.4).
    private static func featuresLost(_ register: Register, withoutBit bit: Int) -> UInt32 {
        switch (register, bit) {
        case (.leaf1ECX, 12): avx2 | avx512 | avx512vnni | avxvnni  // FMA
        case (.leaf1ECX, 20): sse42
        case (.leaf1ECX, 29): f16c
        case (.leaf7EBX, 5): avx2 | avx512 | avx512vnni | avxvnni  // AVX2
        case (.leaf7EBX, 16), (.leaf7EBX, 17), (.leaf7EBX, 30), (.leaf7EBX, 31): avx512 | avx512vnni  // F, DQ, BW, VL
        case (.leaf7ECX, 11): avx512vnni
        case (.subleaf1EAX, 4): avxvnni
        case (.xcr0, 1), (.xcr0, 2): everything & ~sse42  // SSE and AVX state
        case (.xcr0, 5), (.xcr0, 6), (.xcr0, 7): avx512 | avx512vnni  // opmask, ZMM_Hi256 and Hi16_ZMM state
        default: 0
        }
    }

    private static func features(_ registers: [Register: UInt64]) -> UInt32 {
        ck_features_from_registers(
            UInt32(registers[.leaf1ECX]!), UInt32(registers[.leaf7EBX]!), UInt32(registers[.leaf7ECX]!),
            UInt32(registers[.subleaf1EAX]!), registers[.xcr0]!)
    }

    @Test("A missing bit removes the features that need it, and no other bit matters", arguments: Register.allCases)
    func missingBit(register: Register) {
        let full: [Register: UInt64] = [
            .leaf1ECX: 0xFFFF_FFFF, .leaf7EBX: 0xFFFF_FFFF, .leaf7ECX: 0xFFFF_FFFF,
            .subleaf1EAX: 0xFFFF_FFFF, .xcr0: .max,
        ]
        for bit in 0..<(register == .xcr0 ? 64 : 32) {
            var registers = full
            registers[register]! &= ~(1 << UInt64(bit))
            let expected = everything & ~Self.featuresLost(register, withoutBit: bit)
            #expect(Self.features(registers) == expected, "\(register) without bit \(bit)")
        }
    }

    @Test("The bits named by the manual are enough for every feature")
    func bitsThatSuffice() {
        let fma: UInt32 = 1 << 12, halfConversion: UInt32 = 1 << 29, sse: UInt32 = 1 << 20
        let leaf7: UInt32 = 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31
        #expect(ck_features_from_registers(fma | halfConversion | sse, leaf7, 1 << 11, 1 << 4, 0xE6) == everything)
        #expect(ck_features_from_registers(fma, 1 << 5, 0, 0, 0x6) == avx2)
        #expect(ck_features_from_registers(fma, 1 << 5, 0, 1 << 4, 0x6) == avx2 | avxvnni)
        #expect(ck_features_from_registers(halfConversion, 0, 0, 0, 0x6) == f16c)
        #expect(ck_features_from_registers(sse, 0, 0, 0, 0) == sse42)
        #expect(ck_features_from_registers(0, 0, 0, 0, 0) == 0)
    }

    @Test("Without the operating system's support no feature is there that needs more registers")
    func nothingSaved() {
        #expect(ck_features_from_registers(.max, .max, .max, .max, 0) == sse42)
        #expect(ck_features_from_registers(.max, .max, .max, .max, 0x2) == sse42)
        #expect(ck_features_from_registers(.max, .max, .max, .max, 0x4) == sse42)
        #expect(ck_features_from_registers(.max, .max, .max, .max, 0x6) == avx2 | f16c | sse42 | avxvnni)
    }

    @Test("The features detected are those named")
    func detectedNames() {
        let names = [
            (avx2, "avx2+fma"), (f16c, "f16c"), (avx512, "avx512f+bw+dq+vl"), (avx512vnni, "avx512vnni"),
            (sse42, "sse4.2"), (avxvnni, "avxvnni"),
        ]
        #expect(ProcessorFeatures.detected == names.filter { ck_features() & $0.0 != 0 }.map(\.1))
        #expect(ck_features() == ck_features(), "the cached value is the detected one")
        #expect(ck_features() & ~everything == 0)
    }

    #if os(Linux) && arch(x86_64)
        @Test(
            "The features detected are those that the kernel of the system reports",
            .enabled(if: FileManager.default.isReadableFile(atPath: "/proc/cpuinfo")))
        func agreesWithSystem() throws {
            let text = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("flags") })
            let flags = Set(line.split(whereSeparator: { " \t:".contains($0) }).dropFirst())
            let hasAVX512 = flags.isSuperset(of: ["avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl"])
            var expected: UInt32 = 0
            if flags.isSuperset(of: ["avx2", "fma"]) { expected |= avx2 }
            if flags.contains("f16c") { expected |= f16c }
            if flags.contains("sse4_2") { expected |= sse42 }
            if hasAVX512 { expected |= avx512 }
            if hasAVX512, flags.contains("avx512_vnni") { expected |= avx512vnni }
            if flags.isSuperset(of: ["avx2", "fma", "avx_vnni"]) { expected |= avxvnni }
            #expect(ck_features() == expected)
        }
    #endif
}

@Suite("Kernel tables")
struct KernelTableTests {
    private static var tables: [ck_table] { (0..<ck_table_count()).map { ck_table_at($0)!.pointee } }

    @Test("The tables are the instruction sets, fastest first, and the portable one is the last")
    func order() {
        let names = Self.tables.map { String(cString: $0.name) }
        #if arch(x86_64)
            #expect(names == InstructionSet.allCases.map(\.rawValue))
        #else
            #expect(names == ["portable"])
        #endif
        #expect(names.last == "portable")
    }

    @Test("A table requires the features that its instructions need")
    func requiredFeatures() {
        let expected: [String: UInt32] = ["portable": 0, "avx2": avx2, "avx512": avx2 | avx512]
        for table in Self.tables {
            let name = String(cString: table.name)
            #expect(table.required_features == expected[name], "\(name)")
        }
    }

    @Test("A table is found by its exact name only")
    func names() throws {
        for table in Self.tables {
            let found = try #require(ck_table_named(table.name))
            #expect(strcmp(found.pointee.name, table.name) == 0)
        }
        for name in ["", "avx", "AVX2", "avx2 ", "avx5122", "neon"] { #expect(ck_table_named(name) == nil, "\(name)") }
    }
}
