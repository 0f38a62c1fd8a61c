// SPDX-License-Identifier: Apache-2.0

import CKernels

/// Converts vectors to half precision (IEEE 754 binary16) and back, by the C table of one instruction set. Every table gives the
/// same bits.
package struct HalfPrecision {
    /// The least magnitude that rounds to infinity: halfway from the largest half, 65,504, to 65,536.
    package static let overflow: Float = 65_520

    let table: UnsafePointer<ck_half_table>

    /// - Parameter instructionSet: a set that this machine supports; the portable table stands in where conversions are not.
    package init(instructionSet: InstructionSet) {
        precondition(instructionSet.isSupported, "instruction set not supported by this machine")
        let usable = [instructionSet, .portable].lazy.compactMap { ck_half_table_named($0.rawValue) }
            .first { $0.pointee.required_features & ~ck_features() == 0 }
        guard let usable else { preconditionFailure("no portable table") }
        table = usable
    }

    /// `row[i]` becomes the half nearest to `vector[i]`, the even one of two, for `i < count`; infinity from ``overflow`` on.
    package func narrow(_ vector: UnsafePointer<Float>, count: Int, into row: UnsafeMutablePointer<UInt16>) {
        table.pointee.narrow(vector, row, count)
    }

    /// `vector[i]` becomes the value of `row[i]`, for `i < count`.
    package func widen(_ row: UnsafePointer<UInt16>, count: Int, into vector: UnsafeMutablePointer<Float>) {
        table.pointee.widen(row, vector, count)
    }
}
