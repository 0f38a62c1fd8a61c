// SPDX-License-Identifier: Apache-2.0

import CKernels
import Testing

@testable import DistanceKernels

@Suite("Choice of the instruction set")
struct InstructionSetTests {
    @Test("Portable is supported everywhere and is the last choice")
    func portableIsLast() {
        #expect(InstructionSet.supported.last == .portable)
        #expect(InstructionSet.supported == InstructionSet.allCases.filter(\.isSupported))
    }

    @Test("A set is supported where the machine has the features of its table", arguments: InstructionSet.allCases)
    func supportFollowsFeatures(set: InstructionSet) {
        let required = ck_table_named(set.rawValue).map { $0.pointee.required_features }
        let isThere = required.map { ck_features() & $0 == $0 } ?? false
        #expect(set.isSupported == isThere)
    }

    @Test("Nothing asked for gives the fastest supported set")
    func fastestByDefault() throws {
        #expect(try InstructionSet.resolve(nil, environmentValue: nil) == InstructionSet.supported[0])
    }

    @Test("An empty variable is ignored")
    func emptyVariable() throws {
        #expect(try InstructionSet.resolve(nil, environmentValue: "") == InstructionSet.supported[0])
        #expect(try InstructionSet.resolve(.portable, environmentValue: "") == .portable)
    }

    @Test(
        "A set asked for is chosen if this machine supports it and refused if not", arguments: InstructionSet.allCases)
    func requestedOrRefused(set: InstructionSet) throws {
        if set.isSupported {
            #expect(try InstructionSet.resolve(set, environmentValue: nil) == set)
            #expect(try InstructionSet.resolve(nil, environmentValue: set.rawValue) == set)
            #expect(try InstructionSet.resolve(set) == set)
        } else {
            #expect(throws: InstructionSetError.unsupported(set)) {
                try InstructionSet.resolve(set, environmentValue: nil)
            }
            #expect(throws: InstructionSetError.unsupported(set)) {
                try InstructionSet.resolve(nil, environmentValue: set.rawValue)
            }
            #expect(throws: InstructionSetError.unsupported(set)) { try InstructionSet.resolve(set) }
        }
    }

    @Test(
        "A set asked for is chosen before the one that the variable names",
        arguments: ["avx512", "avx2", "portable", "sse9"])
    func requestBeatsVariable(value: String) throws {
        for set in InstructionSet.supported {
            #expect(try InstructionSet.resolve(set, environmentValue: value) == set)
        }
    }

    @Test("An unknown name is refused", arguments: ["sse9", "AVX2", " portable", "portable ", "-"])
    func unknownName(name: String) {
        #expect(throws: InstructionSetError.unknown(name: name)) {
            try InstructionSet.resolve(nil, environmentValue: name)
        }
    }

    @Test("The errors name the set that was wanted and those there are")
    func descriptions() {
        let unknown = InstructionSetError.unknown(name: "sse9").description
        #expect(unknown.contains("'sse9'"))
        for set in InstructionSet.allCases { #expect(unknown.contains(set.rawValue)) }

        let unsupported = InstructionSetError.unsupported(.avx512).description
        #expect(unsupported.contains("'avx512'"))
        for set in InstructionSet.supported { #expect(unsupported.contains(set.rawValue)) }
    }
}
