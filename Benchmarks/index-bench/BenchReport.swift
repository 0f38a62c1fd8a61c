// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Foundation

/// What a benchmark found: rows, as JSON or as a table.
struct BenchReport<Row: Encodable>: Encodable {
    /// What was measured on.
    var subject: String
    var rows: [Row]

    /// Prints one JSON object, or the subject and a table of `columns`, each a title and what it shows of a row.
    func print(json: Bool, columns: [(title: String, text: (Row) -> String)]) throws {
        if json { return try Output.printJSON(self) }
        let cells = [columns.map(\.title)] + rows.map { row in columns.map { $0.text(row) } }
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        let lines = cells.map { line in
            zip(line, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "  ")
        }
        try Output.print(([subject] + lines).joined(separator: "\n"))
    }
}

extension Double {
    /// The number with so many decimals.
    func text(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}
