// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// The names of codes, on the command line and in output. ``none`` is ``VectorCodes/float32``.
package enum CodesOption: String, ExpressibleByArgument, CaseIterable {
    case none, int8, int4, auto

    /// Accepts the names of ``VectorCodes`` too.
    package init?(argument: String) {
        guard let option = CodesOption(rawValue: argument) ?? VectorCodes(rawValue: argument).map({ CodesOption($0) })
        else { return nil }
        self = option
    }

    /// The name of codes.
    package init(_ codes: VectorCodes) {
        self =
            switch codes {
            case .automatic: .auto
            case .float32: .none
            case .int8: .int8
            case .int4: .int4
            }
    }

    package var codes: VectorCodes {
        switch self {
        case .none: .float32
        case .int8: .int8
        case .int4: .int4
        case .auto: .automatic
        }
    }
}
