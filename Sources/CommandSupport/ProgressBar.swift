// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A line on standard error with the progress, the rate and the time left of long work. Only a terminal shows it.
package final class ProgressBar: @unchecked Sendable {
    // SAFETY: `lock` guards `lastDrawn`; the rest is constant.

    private let label: String
    private let total: Int
    private let isShown: Bool
    private let start = ContinuousClock.now
    private let lock = NSLock()
    private var lastDrawn: ContinuousClock.Instant?

    package init(_ label: String, total: Int, isShown: Bool = isatty(2) == 1) {
        self.label = label
        self.total = total
        self.isShown = isShown
    }

    /// Shows that `done` of the total are done, at most ten times a second. Any thread may call this.
    package func update(_ done: Int) {
        guard isShown else { return }
        lock.lock()
        defer { lock.unlock() }
        let now = ContinuousClock.now
        if let lastDrawn, now - lastDrawn < .milliseconds(100), done < total { return }
        lastDrawn = now
        draw(Self.line(label: label, done: done, total: total, seconds: (now - start).seconds))
    }

    /// Clears the line.
    package func finish() {
        guard isShown else { return }
        draw("")
    }

    private func draw(_ text: String) {
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }

    static func line(label: String, done: Int, total: Int, seconds: Double) -> String {
        let fraction = total > 0 ? min(Double(done) / Double(total), 1) : 1
        let filled = Int(fraction * 24)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
        var text = "\(label) \(bar) \(Int(fraction * 100)) %"
        if seconds > 0, done > 0 {
            let rate = Double(done) / seconds
            let left = Double(max(total - done, 0)) / rate
            text += "  \(Int(rate))/s, \(Int(left.rounded(.up))) s left"
        }
        return text
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double {
        let parts = components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
}
