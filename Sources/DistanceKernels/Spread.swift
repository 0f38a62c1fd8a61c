// SPDX-License-Identifier: Apache-2.0

extension RandomAccessCollection where Index == Int {
    /// `count` elements at equal distances, or all if there are fewer.
    package func spread(_ count: Int) -> [Element] {
        let found = Swift.min(count, self.count)
        return (0..<found).map { self[startIndex + $0 * self.count / found] }
    }
}
