// SPDX-License-Identifier: Apache-2.0

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension HNSWIndex {
    /// Saves the index to a file; see `save(to:)` of a path.
    ///
    /// - Parameter url: a file's.
    /// - Returns: the length of the file in bytes.
    /// - Throws: ``VectorIndexError``: the URL is not a file's, or as saving to its path does.
    @discardableResult
    public func save(to url: URL) throws(VectorIndexError) -> Int { try save(to: Self.path(url)) }

    /// Opens a saved index; see `init(contentsOf:options:)` of a path.
    ///
    /// - Parameter url: a file's.
    /// - Throws: ``VectorIndexError``: the URL is not a file's, or as opening its path does.
    public convenience init(
        contentsOf url: URL, options: SnapshotOptions = SnapshotOptions()
    ) throws(VectorIndexError) {
        try self.init(contentsOf: Self.path(url), options: options)
    }

    private static func path(_ url: URL) throws(VectorIndexError) -> String {
        guard url.isFileURL else { throw .snapshot(.notARegularFile(path: url.absoluteString)) }
        return url.path
    }
}
