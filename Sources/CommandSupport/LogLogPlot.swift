// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Lines between points on two logarithmic axes, as a picture.
package struct LogLogPlot {
    /// A place on an axis and what is written there.
    package struct Tick {
        var value: Double
        var label: String

        package init(_ value: Double, _ label: String) {
            self.value = value
            self.label = label
        }
    }

    /// A line and its name.
    package struct Series {
        var name: String
        var points: [(x: Double, y: Double)]

        package init(_ name: String, points: [(x: Double, y: Double)]) {
            self.name = name
            self.points = points
        }
    }

    private let title: String
    private let xTicks: [Tick]
    private let yTicks: [Tick]
    private let series: [Series]

    /// Logarithms of the least and the largest value of an axis.
    private let x: (low: Double, high: Double)
    private let y: (low: Double, high: Double)

    private let width = 640.0
    private let height = 400.0
    private let margin = (left: 72.0, right: 24.0, top: 24.0, bottom: 48.0)
    private let colors = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#b7791f", "#555555"]

    /// - Parameters:
    ///   - title: what is written under the lower axis.
    ///   - xTicks: ticks of the lower axis; those outside the points are left out.
    ///   - yTicks: ticks of the left axis, ascending; the first and the last are its ends.
    ///   - series: lines of positive values.
    package init(title: String, xTicks: [Tick], yTicks: [Tick], series: [Series]) {
        self.title = title
        self.yTicks = yTicks
        self.series = series
        let values = series.flatMap { $0.points.map(\.x) }
        let least = values.min() ?? 1
        x = (log10(least), log10(max(values.max() ?? 10, least * 1.01)))
        y = (log10(yTicks.first?.value ?? 1), log10(yTicks.last?.value ?? 10))
        let range = x.low - 1e-9...x.high + 1e-9
        self.xTicks = xTicks.filter { range.contains(log10($0.value)) }
    }

    /// The picture in SVG.
    package func svg() -> String {
        let (right, bottom) = (width - margin.right, height - margin.bottom)
        var parts = [
            #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(Int(width)) \#(Int(height))""#
                + #" font-family="sans-serif" font-size="12">"#,
            #"<rect width="100%" height="100%" fill="white"/>"#,
        ]
        for tick in yTicks {
            let level = format(vertical(tick.value))
            parts.append(
                #"<line x1="\#(format(margin.left))" x2="\#(format(right))" y1="\#(level)" y2="\#(level)""#
                    + #" stroke="gainsboro"/>"#)
            parts.append(text(tick.label, x: margin.left - 8, y: vertical(tick.value) + 4, anchor: "end"))
        }
        for tick in xTicks {
            parts.append(text(tick.label, x: horizontal(tick.value), y: bottom + 18, anchor: "middle"))
        }
        parts.append(text(title, x: width / 2, y: height - 8, anchor: "middle"))
        for (i, line) in series.enumerated() {
            let color = colors[i % colors.count]
            let points = line.points.map { "\(format(horizontal($0.x))),\(format(vertical($0.y)))" }
            parts.append(
                #"<polyline points="\#(points.joined(separator: " "))" fill="none" stroke="\#(color)" stroke-width="2"/>"#
            )
            parts.append(
                text(line.name, x: margin.left + 12, y: margin.top + 16 * Double(i + 1), anchor: "start", color: color))
        }
        return (parts + ["</svg>", ""]).joined(separator: "\n")
    }

    private func horizontal(_ value: Double) -> Double {
        margin.left + (log10(value) - x.low) / (x.high - x.low) * (width - margin.left - margin.right)
    }

    /// Values outside the axis lie on its ends.
    private func vertical(_ value: Double) -> Double {
        let share = (log10(max(value, .leastNormalMagnitude)) - y.low) / (y.high - y.low)
        return height - margin.bottom - min(max(share, 0), 1) * (height - margin.top - margin.bottom)
    }

    private func text(_ text: String, x: Double, y: Double, anchor: String, color: String = "black") -> String {
        #"<text x="\#(format(x))" y="\#(format(y))" text-anchor="\#(anchor)" fill="\#(color)">\#(text)</text>"#
    }

    private func format(_ value: Double) -> String { String(format: "%.1f", value) }
}
