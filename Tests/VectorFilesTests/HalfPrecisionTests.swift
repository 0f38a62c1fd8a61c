// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VectorFiles

@Suite("Half precision")
struct HalfPrecisionTests {
    /// The value by the definition: sign × 2^(exponent - 15) × 1.fraction, or × 2⁻¹⁴ × 0.fraction.
    private static func value(_ bits: UInt16) -> Double {
        let sign: Double = bits >> 15 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF) / 1024
        switch exponent {
        case 0: return sign * fraction * pow(2, -14)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction) * pow(2, Double(exponent - 15))
        }
    }

    private static func firstMismatch(_ isSame: (UInt16, Float) -> Bool) -> String? {
        (0...UInt16.max).first { !isSame($0, Float(halfBits: $0)) }.map { String($0, radix: 16) }
    }

    @Test("Every bit pattern has the value of the definition, sign of zero included")
    func definition() {
        let mismatch = Self.firstMismatch { bits, value in
            let expected = Self.value(bits)
            if expected.isNaN { return value.isNaN && (value.sign == .minus) == (bits >> 15 == 1) }
            return Double(value) == expected && value.sign == expected.sign
        }
        #expect(mismatch == nil)
    }

    #if !(arch(x86_64) && os(macOS))
        @Test("Every bit pattern has the value of the language's own type")
        func ownType() {
            let mismatch = Self.firstMismatch { bits, value in
                let expected = Float(Float16(bitPattern: bits))
                return value.bitPattern == expected.bitPattern || value.isNaN && expected.isNaN
            }
            #expect(mismatch == nil)
        }
    #endif

    @Test("NaN keeps its payload")
    func payload() {
        #expect(Float(halfBits: 0x7E01).bitPattern == 0x7FC0_2000)
        #expect(Float(halfBits: 0xFFFF).bitPattern == 0xFFFF_E000)
    }
}
