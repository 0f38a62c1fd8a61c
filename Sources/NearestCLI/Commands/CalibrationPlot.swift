// SPDX-License-Identifier: Apache-2.0

import CommandSupport
import Nearest

extension LogLogPlot {
    /// A calibration: what is missed over the candidates kept.
    init(_ calibration: Calibration) {
        self.init(
            title: "efSearch; recall of \(calibration.vectorCount) vectors",
            xTicks: [10, 20, 50, 100, 200, 500, 1000, 2000, 5000].map { Tick($0, "\(Int($0))") },
            yTicks: [0.999, 0.99, 0.95, 0.9, 0.8, 0.5, 0].map { Tick(1 - $0, "\($0)") },
            series: calibration.curves.map { curve in
                Series("k = \(curve.k)", points: curve.points.map { (Double($0.efSearch), 1 - $0.recall) })
            })
    }
}
