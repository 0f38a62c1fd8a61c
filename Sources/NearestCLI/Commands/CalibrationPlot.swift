// SPDX-License-Identifier: Apache-2.0

import Foundation
import Nearest

/// A calibration as a picture: what is missed over the candidates kept, both logarithmic.
struct CalibrationPlot {
    private let calibration: Calibration

    private let width = 640.0
    private let height = 400.0
    private let margin = (left: 64.0, right: 24.0, top: 24.0, bottom: 48.0)
    private let colors = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad"]

    /// The share missed at the lower edge: less is drawn there.
    private let leastMissed = 1e-3

    init(_ calibration: Calibration) { self.calibration = calibration }

    func svg() -> String {
        let settings = calibration.curves.flatMap { $0.points.map { Double($0.efSearch) } }
        let range = (low: log10(settings.min() ?? 1), high: log10(max(settings.max() ?? 10, (settings.min() ?? 1) + 1)))
        let plotWidth = width - margin.left - margin.right
        let plotHeight = height - margin.top - margin.bottom
        func x(_ ef: Double) -> Double { margin.left + (log10(ef) - range.low) / (range.high - range.low) * plotWidth }
        func y(_ recall: Double) -> Double {
            margin.top + log10(max(1 - recall, leastMissed)) / log10(leastMissed) * plotHeight
        }
        var parts = [
            #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(Int(width)) \#(Int(height))" font-family="sans-serif" font-size="12">"#,
            #"<rect width="100%" height="100%" fill="white"/>"#,
        ]
        for recall in [0.5, 0.8, 0.9, 0.95, 0.99, 0.999] {
            let level = format(y(recall))
            parts.append(
                #"<line x1="\#(format(margin.left))" x2="\#(format(width - margin.right))" y1="\#(level)" y2="\#(level)" stroke="gainsboro"/>"#
            )
            parts.append(
                #"<text x="\#(format(margin.left - 8))" y="\#(level)" text-anchor="end" dy="4">\#(recall)</text>"#)
        }
        for ef in [10.0, 20, 50, 100, 200, 500, 1000, 2000, 5000] where (range.low...range.high).contains(log10(ef)) {
            parts.append(
                #"<text x="\#(format(x(ef)))" y="\#(format(height - margin.bottom + 18))" text-anchor="middle">\#(Int(ef))</text>"#
            )
        }
        parts.append(
            #"<text x="\#(format(width / 2))" y="\#(format(height - 8))" text-anchor="middle">efSearch; recall of \#(calibration.vectorCount) vectors</text>"#
        )
        for (i, curve) in calibration.curves.enumerated() {
            let color = colors[i % colors.count]
            let points = curve.points.map { "\(format(x(Double($0.efSearch)))),\(format(y($0.recall)))" }
            parts.append(
                #"<polyline points="\#(points.joined(separator: " "))" fill="none" stroke="\#(color)" stroke-width="2"/>"#
            )
            parts.append(
                #"<text x="\#(format(width - margin.right - 60))" y="\#(format(margin.top + 16 * Double(i + 1)))" fill="\#(color)">k = \#(curve.k)</text>"#
            )
        }
        return (parts + ["</svg>", ""]).joined(separator: "\n")
    }

    private func format(_ value: Double) -> String { String(format: "%.1f", value) }
}
