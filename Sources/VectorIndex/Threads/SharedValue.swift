// SPDX-License-Identifier: Apache-2.0

/// A value that any number of threads may read at the same time. Its ``SharedValueWriter`` changes it while no thread reads it.
package final class SharedValue<Value: ~Copyable>: @unchecked Sendable {
    // SAFETY: `value` is read within `lock.read` and changed within `lock.write` only.
    private let lock = ReadersWriterLock()
    private var value: Value

    fileprivate init(_ value: consuming sending Value) { self.value = value }

    package func read<Result, Failure: Error>(
        _ body: (borrowing Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try lock.read { () throws(Failure) in try body(value) }
    }

    fileprivate func write<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try lock.write { () throws(Failure) in try body(&value) }
    }
}

/// The right to change a ``SharedValue``, which has one writer.
package struct SharedValueWriter<Value: ~Copyable>: ~Copyable, Sendable {
    /// What others read.
    package let shared: SharedValue<Value>

    package init(_ value: consuming sending Value) { shared = SharedValue(value) }

    /// Reads the value.
    package func read<Result, Failure: Error>(
        _ body: (borrowing Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try shared.read(body)
    }

    /// Changes the value while no other thread reads it.
    package mutating func write<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try shared.write(body)
    }
}
