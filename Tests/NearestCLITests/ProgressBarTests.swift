// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CommandSupport
@testable import NearestCLI

@Suite("Progress bar")
struct ProgressBarTests {
    private static func bar(_ filled: Int) -> String {
        String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
    }

    @Test("Before anything is done there is no rate")
    func start() {
        #expect(ProgressBar.line(label: "build", done: 0, total: 10, seconds: 0) == "build \(Self.bar(0)) 0 %")
        #expect(ProgressBar.line(label: "build", done: 0, total: 10, seconds: 3) == "build \(Self.bar(0)) 0 %")
        #expect(ProgressBar.line(label: "build", done: 5, total: 10, seconds: 0) == "build \(Self.bar(12)) 50 %")
    }

    @Test("Under way there are the share, the rate and the seconds left, rounded up")
    func underWay() {
        #expect(
            ProgressBar.line(label: "build", done: 5, total: 10, seconds: 2)
                == "build \(Self.bar(12)) 50 %  2/s, 2 s left")
        #expect(
            ProgressBar.line(label: "exact search", done: 999, total: 1000, seconds: 9.99)
                == "exact search \(Self.bar(23)) 99 %  100/s, 1 s left")
        #expect(
            ProgressBar.line(label: "x", done: 1, total: 24, seconds: 10) == "x \(Self.bar(1)) 4 %  0/s, 230 s left")
    }

    @Test("At the end the bar is full and nothing is left")
    func end() {
        #expect(
            ProgressBar.line(label: "build", done: 10, total: 10, seconds: 4)
                == "build \(Self.bar(24)) 100 %  2/s, 0 s left")
    }

    @Test("More than the total shows as the total")
    func beyondTotal() {
        #expect(
            ProgressBar.line(label: "build", done: 20, total: 10, seconds: 4)
                == "build \(Self.bar(24)) 100 %  5/s, 0 s left")
    }

    @Test("Nothing to do is done")
    func emptyWork() {
        #expect(ProgressBar.line(label: "build", done: 0, total: 0, seconds: 1) == "build \(Self.bar(24)) 100 %")
    }

    @Test("A duration in seconds keeps its fraction and sign")
    func durationInSeconds() {
        #expect(Duration.milliseconds(1500).seconds == 1.5)
        #expect(Duration.seconds(-3).seconds == -3)
        #expect(abs(Duration.nanoseconds(1).seconds - 1e-9) < 1e-24)
    }
}
