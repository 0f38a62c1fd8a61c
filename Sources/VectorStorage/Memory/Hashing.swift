// SPDX-License-Identifier: Apache-2.0

/// Deterministic pseudo-random numbers by hashing: the same on every machine and in every order of arrival.
package enum Hashing {
    /// The output function of SplitMix64 (Steele, Lea & Flood, 2014).
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    package static func mix(_ seed: UInt64, _ value: UInt64) -> UInt64 { mix(mix(seed) ^ value) }

    /// A hash of a vector's bits; equal vectors have equal hashes.
    package static func hash(_ vector: UnsafePointer<Float>, count: Int) -> UInt64 {
        // Four lanes, so that the multiplications overlap.
        let words = UnsafeRawPointer(vector)
        var a: UInt64 = 1
        var b: UInt64 = 2
        var c: UInt64 = 3
        var d: UInt64 = 4
        let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
        var offset = 0
        let bytes = count * MemoryLayout<Float>.stride
        while offset + 32 <= bytes {
            a = (a ^ words.load(fromByteOffset: offset, as: UInt64.self)) &* multiplier
            b = (b ^ words.load(fromByteOffset: offset + 8, as: UInt64.self)) &* multiplier
            c = (c ^ words.load(fromByteOffset: offset + 16, as: UInt64.self)) &* multiplier
            d = (d ^ words.load(fromByteOffset: offset + 24, as: UInt64.self)) &* multiplier
            a ^= a >> 29
            b ^= b >> 29
            c ^= c >> 29
            d ^= d >> 29
            offset += 32
        }
        return mix(mix(mix(a, b), c), d)
    }
}
