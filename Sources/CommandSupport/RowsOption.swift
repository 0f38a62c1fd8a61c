// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// What vectors are stored as, as it is named on the command line.
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
