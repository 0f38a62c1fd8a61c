// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// Codes as they are named on the command line.
package enum CodesOption: String, ExpressibleByArgument, CaseIterable {
    case none, int8, int4, auto

    /// The name of codes that an index was asked for.
    package init(_ codes: VectorCodes?) {
        self =
            switch codes {
            case VectorCodes.none?: .none
            case .int8?: .int8
            case .int4?: .int4
            case nil: .auto
            }
    }

    /// nil lets the index choose.
    package var codes: VectorCodes? {
        switch self {
        case .none: VectorCodes.none
        case .int8: .int8
        case .int4: .int4
        case .auto: nil
        }
    }
}
