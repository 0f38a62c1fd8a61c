// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// A metric as it is named on the command line.
package enum MetricOption: String, ExpressibleByArgument, CaseIterable {
    case l2, ip, cosine, l1

    package var metric: Metric {
        switch self {
        case .l2: .squaredEuclidean
        case .ip: .innerProduct
        case .cosine: .cosine
        case .l1: .manhattan
        }
    }
}
