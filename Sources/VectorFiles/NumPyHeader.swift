// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The header of a `.npy` file, checked against the length of the file.
struct NumPyHeader {
    let elementType: NumPyFile.ElementType
    let isBigEndian: Bool
    let isFortranOrder: Bool
    let rows: Int
    let columns: Int

    /// The offset of the first element.
    let dataStart: Int

    init(_ data: Data, acceptsOneDimension: Bool = false) throws(Malformed) {
        let text = try Self.dictionary(data)
        dataStart = text.end
        guard let description = Self.value(of: "descr", in: text.dictionary, from: "'", through: "'") else {
            throw Malformed(
                text.dictionary.contains("'descr': [")
                    ? "records, which are no vectors: save one of their fields" : "no element type in the .npy header")
        }
        // NumPy writes a machine's own order as "<" or ">"; one byte has none.
        guard let elementType = NumPyFile.ElementType(rawValue: String(description.dropFirst())),
            elementType.byteCount == 1 ? "|<>".contains(description.first!) : "<>".contains(description.first!)
        else {
            throw Malformed("elements of type '\(description)', which are not read: save x.astype(\"f4\")")
        }
        self.elementType = elementType
        isBigEndian = description.hasPrefix(">")
        guard let order = Self.value(of: "fortran_order", in: text.dictionary, from: "", through: ",") else {
            throw Malformed("no element order in the .npy header")
        }
        let orders = ["False": false, "True": true]
        guard let isFortranOrder = orders[order.trimmingCharacters(in: .whitespaces)] else {
            throw Malformed("an element order '\(order)' in the .npy header")
        }
        self.isFortranOrder = isFortranOrder
        guard let shape = Self.value(of: "shape", in: text.dictionary, from: "(", through: ")") else {
            throw Malformed("no shape in the .npy header")
        }
        let parts = shape.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        let sizes = parts.compactMap { Int($0) }
        guard sizes.count == parts.count, sizes.allSatisfy({ $0 >= 0 }) else {
            throw Malformed("a malformed shape in the .npy header: (\(shape))")
        }
        guard sizes.count == 2 || sizes.count == 1 && acceptsOneDimension else {
            throw Malformed(
                "\(sizes.count) dimensions; files of \(acceptsOneDimension ? "one or two" : "two") are read")
        }
        (rows, columns) = (sizes[0], sizes.count == 2 ? sizes[1] : 1)

        let (elements, overflow) = rows.multipliedReportingOverflow(by: columns)
        let (bytes, bytesOverflow) = elements.multipliedReportingOverflow(by: elementType.byteCount)
        guard !overflow, !bytesOverflow, bytes == data.count - dataStart else {
            throw Malformed("\(data.count - dataStart) bytes of data; the header says \(rows) × \(columns)")
        }
    }

    /// The header's text and the offset behind it.
    private static func dictionary(_ data: Data) throws(Malformed) -> (dictionary: String, end: Int) {
        let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
        guard data.count >= 12, data.prefix(6).elementsEqual(magic) else { throw Malformed("not a .npy file") }
        let major = data[data.startIndex + 6]
        guard (1...3).contains(major) else { throw Malformed(".npy version \(major); 1, 2 and 3 are read") }
        let lengthBytes = major == 1 ? 2 : 4
        let start = 8 + lengthBytes
        let length = data.dropFirst(8).prefix(lengthBytes).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard start + length <= data.count else { throw Malformed("the .npy header is cut off") }
        guard let text = String(bytes: data.dropFirst(start).prefix(length), encoding: .utf8) else {
            throw Malformed("the .npy header is not text")
        }
        return (text, start + length)
    }

    /// What stands after `'key':` between two marks.
    private static func value(of key: String, in text: String, from open: String, through close: String) -> String? {
        guard let keyRange = text.range(of: "'\(key)':") else { return nil }
        var rest = text[keyRange.upperBound...]
        if !open.isEmpty {
            guard let start = rest.range(of: open), rest[..<start.lowerBound].allSatisfy(\.isWhitespace) else {
                return nil
            }
            rest = rest[start.upperBound...]
        }
        guard let end = rest.range(of: close) else { return nil }
        return String(rest[..<end.lowerBound])
    }
}
