// SPDX-License-Identifier: Apache-2.0

import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Names the processor instructions that distances are computed with.
///
/// The fastest set that the processor and the operating system support is used unless one is asked for: by a parameter, or
/// for a whole process by the environment variable `NEAREST_ISA` (`portable`, `avx2` or `avx512`).
public enum InstructionSet: String, Sendable, Hashable, CaseIterable, Codable {
    /// AVX-512 F, BW, DQ and VL: 16 floats at a time.
    case avx512

    /// AVX2 and FMA: 8 floats at a time.
    case avx2

    /// Plain C, on any processor.
    case portable

    /// The sets that this machine can run, fastest first; ``portable`` is always the last.
    public static var supported: [InstructionSet] {
        allCases.filter(\.isSupported)
    }

    /// Whether this machine can run the set.
    public var isSupported: Bool {
        guard let table = ck_table_named(rawValue) else { return false }
        return table.pointee.required_features & ~ck_features() == 0
    }

    /// The fastest C table on codes for a set that this machine supports. VNNI is used where the processor has it, in registers as
    /// wide as the set's.
    func codeTable<Table>(
        _ named: (String) -> UnsafePointer<Table>?, features: KeyPath<Table, UInt32>
    ) -> UnsafePointer<Table> {
        precondition(isSupported, "instruction set not supported by this machine")
        let names =
            switch self {
            case .avx512: ["avx512vnni", "avxvnni", "avx2"]
            case .avx2: ["avxvnni", "avx2"]
            case .portable: ["portable"]
            } as [String]
        let usable = names.lazy.compactMap(named).first { $0.pointee[keyPath: features] & ~ck_features() == 0 }
        guard let usable else { preconditionFailure("no portable table") }
        return usable
    }

    /// Chooses the set to run: `requested` if given, else the one that `NEAREST_ISA` names, else the fastest supported.
    ///
    /// - Throws: ``InstructionSetError`` if the chosen set is unknown or this machine cannot run it.
    public static func resolve(_ requested: InstructionSet? = nil) throws(InstructionSetError) -> InstructionSet {
        let variable = getenv("NEAREST_ISA").map { String(cString: $0) }
        return try resolve(requested, environmentValue: variable)
    }

    static func resolve(
        _ requested: InstructionSet?, environmentValue: String?
    ) throws(InstructionSetError) -> InstructionSet {
        var chosen = requested
        if chosen == nil, let name = environmentValue, !name.isEmpty {
            guard let named = InstructionSet(rawValue: name) else { throw .unknown(name: name) }
            chosen = named
        }
        guard let chosen else { return supported[0] }
        guard chosen.isSupported else { throw .unsupported(chosen) }
        return chosen
    }
}

/// Says why an ``InstructionSet`` cannot be used.
public enum InstructionSetError: NearestError, Hashable {
    /// `NEAREST_ISA` holds a name that is no instruction set's.
    case unknown(name: String)

    /// The processor or the operating system does not support the set.
    case unsupported(InstructionSet)

    /// The name of what is wrong (``NearestError/code``).
    public var code: String {
        switch self {
        case .unknown: "unknown-instruction-set"
        case .unsupported: "unsupported-instruction-set"
        }
    }

    /// Says in one line what is wrong and which sets there are.
    public var description: String {
        let names = InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")
        switch self {
        case .unknown(let name):
            return "unknown instruction set '\(name)'; the sets are \(names)"
        case .unsupported(let set):
            let supported = InstructionSet.supported.map(\.rawValue).joined(separator: ", ")
            return "this machine does not support the instruction set '\(set.rawValue)'; it supports \(supported)"
        }
    }
}
