// SPDX-License-Identifier: Apache-2.0

import Foundation
import CommandSupport
import Nearest
import Testing

@testable import NearestCLI

@Suite("What nearest info prints of the BLAS and of searches")
struct InfoTests {
    private static func report(_ backend: BatchedProducts.Backend) -> InfoCommand.Report {
        InfoCommand.Report(instructionSet: .portable, backend: backend)
    }

    private static func blas(_ backend: BatchedProducts.Backend) throws -> NSDictionary {
        let object = try JSONSerialization.jsonObject(with: Data(Output.json(report(backend)).utf8)) as? [String: Any]
        return try #require(object?["blas"] as? NSDictionary)
    }

    @Test("One that failed its self-test is said to be not used")
    func failed() throws {
        let backend = BatchedProducts.Backend.blockedAfterFailedSelfTest(build: "OpenBLAS 0.2", core: "Prescott")
        #expect(
            Self.report(backend).text().hasSuffix(
                "batched products: OpenBLAS failed its self-test and is not used; OpenBLAS 0.2"))
        let expected: NSDictionary = [
            "name": "none", "build": "OpenBLAS 0.2", "core": "Prescott", "selfTestPassed": false,
        ]
        #expect(try Self.blas(backend) == expected)
    }

    @Test("One that passed is named with its build and core")
    func passed() throws {
        let backend = BatchedProducts.Backend.openBLAS(build: "OpenBLAS 0.3", core: "Zen")
        #expect(
            Self.report(backend).text().hasSuffix(
                "batched products: OpenBLAS, self-test passed; OpenBLAS 0.3, kernels for Zen"))
        let expected: NSDictionary = [
            "name": "OpenBLAS", "build": "OpenBLAS 0.3", "core": "Zen", "selfTestPassed": true,
        ]
        #expect(try Self.blas(backend) == expected)
    }

    @Test("Where none is linked, the text says so and the JSON has a name only")
    func noneLinked() throws {
        #expect(
            Self.report(.blocked).text().hasSuffix(
                "batched products: none linked; the blocked kernel is used"))
        #expect(try Self.blas(.blocked) == ["name": "none"])
    }

    @Test("How searches run is printed for short and long rows, as an index of them would run")
    func search() throws {
        let report = Self.report(.blocked)
        #expect(report.search.count == 3 * VectorCodes.usable.count)
        for row in report.search {
            let codes = try #require(CodesOption(rawValue: row.codes)?.codes)
            #expect(row.constants == SearchConstants(codes, dimensions: row.dimensions))
        }
        #expect(
            report.text().contains(
                "128 dimensions, codes int8: 4 candidates at once, 2 of 2 cache lines of a row ahead"
            ))
        let object = try JSONSerialization.jsonObject(with: Data(Output.json(report).utf8)) as? [String: Any]
        let rows = try #require(object?["search"] as? [[String: Any]])
        let constants = try #require(rows.first?["constants"] as? [String: Int])
        #expect(Set(constants.keys) == ["rowBytes", "candidatesAtOnce", "linesAhead"])
    }
}
