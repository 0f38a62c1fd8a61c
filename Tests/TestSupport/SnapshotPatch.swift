// SPDX-License-Identifier: Apache-2.0

/// Damage to one section of a snapshot, or to its header.
public struct SnapshotPatch: Sendable {
    /// Bytes that describe a patch.
    public static let encodedBytes = 8

    /// What is done, and how wide the number is that is written.
    enum Kind: UInt8, CaseIterable {
        case setByte, flipBits, setUInt32, setUInt64, setUInt32Small, copyWord, resize, remove, repeated, swap, header
    }

    let kind: Kind
    let section: UInt8
    let position: UInt16
    let value: UInt32

    /// Any eight bytes are a patch.
    public init(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        precondition(bytes.count == Self.encodedBytes)
        kind = Kind.allCases[Int(bytes[0]) % Kind.allCases.count]
        section = bytes[1]
        position = UInt16(bytes[2]) | UInt16(bytes[3]) << 8
        value = bytes[4...].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The bytes of a patch that a generator draws: numbers are often small or near to the ends of their range.
    static func bytes(using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = withUnsafeBytes(of: generator.next()) { Array($0) }
        switch generator.next() % 4 {
        case 0: (bytes[5], bytes[6], bytes[7]) = (0, 0, 0)
        case 1: (bytes[5], bytes[6], bytes[7]) = (255, 255, 255)
        case 2: (bytes[4], bytes[5], bytes[6]) = (0, 0, 0)
        default: break
        }
        // Damage to the layout is found before all other.
        if generator.next() % 4 > 0 { bytes[0] = UInt8(generator.next() % 6) }
        return bytes
    }

    func apply(to parts: inout [SnapshotImage.Part]) {
        guard !parts.isEmpty, kind != .header else { return }
        let index = Int(section) % parts.count
        let count = parts[index].content.count
        switch kind {
        case .setByte: put(UInt8(truncatingIfNeeded: value), in: &parts[index].content)
        case .flipBits:
            guard count > 0 else { return }
            parts[index].content[Int(position) % count] ^= UInt8(truncatingIfNeeded: max(value, 1))
        case .setUInt32: put(value, in: &parts[index].content)
        case .setUInt32Small: put(value & 63, in: &parts[index].content)
        // The upper half follows from the sign.
        case .setUInt64: put(UInt64(bitPattern: Int64(Int32(bitPattern: value))), in: &parts[index].content)
        case .copyWord:
            guard count >= 4 else { return }
            let source = Int(value) % (count / 4) * 4
            let word = Array(parts[index].content[source..<source + 4])
            let target = Int(position) % (count / 4) * 4
            parts[index].content.replaceSubrange(target..<target + 4, with: word)
        case .resize:
            let target = max(1, count + Int(Int16(truncatingIfNeeded: value)))
            if target < count { parts[index].content.removeLast(count - target) }
            parts[index].content += [UInt8](
                repeating: UInt8(truncatingIfNeeded: value >> 16), count: max(0, target - count))
        case .remove: parts.remove(at: index)
        case .repeated: parts.insert(parts[index], at: Int(position) % parts.count)
        case .swap: parts.swapAt(index, Int(position) % parts.count)
        case .header: break
        }
    }

    /// Writes a number at a multiple of its size.
    private func put(_ value: some FixedWidthInteger, in content: inout [UInt8]) {
        let size = value.bitWidth / 8
        guard content.count >= size else { return }
        let start = Int(position) % (content.count / size) * size
        withUnsafeBytes(of: value.littleEndian) { content.replaceSubrange(start..<start + size, with: $0) }
    }

    func applyToHeader(of image: inout SnapshotImage) {
        guard kind == .header else { return }
        // Mostly to what is there: the table's entries have 32 bytes.
        let end = position % 16 == 0 ? SnapshotImage.pageBytes : SnapshotImage.entry(image.sections.count).lowerBound
        let place = Int(position) % end
        switch value % 3 {
        case 0: image.bytes[place] ^= UInt8(truncatingIfNeeded: max(value >> 8, 1))
        case 1: image.put(value >> 8, at: place / 4 * 4)
        default: image.put(UInt64(bitPattern: Int64(Int32(bitPattern: value))), at: place / 8 * 8)
        }
    }
}

/// Which checksums of a damaged file are those of what it holds.
public enum RepairedChecksums: UInt8, CaseIterable, Sendable {
    case none, header, all
}

extension SnapshotImage {
    /// The file with some damage.
    public func damaged(by patches: [SnapshotPatch], repairing repaired: RepairedChecksums) -> SnapshotImage {
        var parts = parts
        if repaired == .all { for i in parts.indices { parts[i].checksum = nil } }
        for patch in patches { patch.apply(to: &parts) }
        var image = SnapshotImage(parts, version: version)
        for patch in patches { patch.applyToHeader(of: &image) }
        if repaired == .none {
            image.checksum = checksum
        } else {
            image.repairHeader()
        }
        return image
    }
}
