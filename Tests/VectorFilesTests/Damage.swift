// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// What happens to binary files: bits flip, integers become extreme ones, bytes come, go, and are repeated.
enum Damage {
    /// Integers at the ends of their ranges and around them.
    private static let extremes: [UInt64] = [
        0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ]

    static func apply(to bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard !bytes.isEmpty else { break }
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2:
                let length = [1, 2, 4, 8].randomElement(using: &random)!
                let start = place / length * length
                let extreme = littleEndianBytes(extremes.randomElement(using: &random)!)
                for i in 0..<min(length, bytes.count - start) { bytes[start + i] = extreme[i] }
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 4: bytes.removeSubrange(place..<min(place + 4, bytes.count))
            default: bytes += bytes.suffix(Int.random(in: 1...64, using: &random))
            }
        }
        return bytes
    }
}
