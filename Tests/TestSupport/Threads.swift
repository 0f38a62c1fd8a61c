// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// Calls `body` with each of `0..<count`, each on a thread of its own, all at once, however few processors there are, and waits.
///
/// `DispatchQueue.concurrentPerform` has as many threads as processors: what comes last would begin when the first has ended.
public func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for thread in 0..<count {
        DispatchQueue(label: "test thread \(thread)").async(group: group) { body(thread) }
    }
    group.wait()
}
