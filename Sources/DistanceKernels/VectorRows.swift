// SPDX-License-Identifier: Apache-2.0

/// Names what a stored vector's values are.
public enum VectorRows: String, Sendable, Hashable, CaseIterable, Codable {
    /// 32-bit floats, four bytes a value.
    case float32

    /// Half-precision floats (IEEE 754 binary16), two bytes a value.
    ///
    /// Values are rounded to 11 significant bits: off by 2⁻¹¹ of their magnitude at most, from 2⁻¹⁴ on. Smaller ones are off by
    /// 2⁻²⁵ at most. The largest magnitude is 65,504.
    case float16

    /// Bytes of a row: its values, padded to whole cache lines.
    package func rowBytes(dimensions: Int) -> Int {
        let bytes =
            switch self {
            case .float32: dimensions * MemoryLayout<Float>.stride
            case .float16: dimensions * MemoryLayout<UInt16>.stride
            }
        return (bytes + 63) / 64 * 64
    }
}
