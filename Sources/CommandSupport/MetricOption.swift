// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// The names of metrics on the command line.
package enum MetricOption: String, ExpressibleByArgument, CaseIterable {
    case l2, ip, cosine, l1

    /// The name of a metric.
    package init(_ metric: Metric) {
        self =
            switch metric {
            case .squaredEuclidean: .l2
            case .innerProduct: .ip
            case .cosine: .cosine
            case .manhattan: .l1
            }
    }

    package var metric: Metric {
        switch self {
        case .l2: .squaredEuclidean
        case .ip: .innerProduct
        case .cosine: .cosine
        case .l1: .manhattan
        }
    }
}
