// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// The names on the command line of what vectors are stored as.
package enum RowsOption: String, ExpressibleByArgument, CaseIterable {
    case float32, float16

    package init(_ rows: VectorRows) {
        self =
            switch rows {
            case .float32: .float32
            case .float16: .float16
            }
    }

    package var rows: VectorRows {
        switch self {
        case .float32: .float32
        case .float16: .float16
        }
    }
}
