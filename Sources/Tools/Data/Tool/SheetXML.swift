import ToolKit

/// Hears of a part's tags and texts.
protocol SheetXMLReader {
    mutating func open(_ name: String, _ attributes: [String: String]) throws
    mutating func text(_ text: String) throws
    mutating func close(_ name: String) throws
}

/// XML as workbooks hold it: no document type, and so no entities but the five and characters by number. Prefixes of
/// element names are dropped.
enum SheetXML {
    static let deepest = 200

    static func tags(of bytes: [UInt8], named name: String) throws -> [[String: String]] {
        var reader = TagReader(name: name)
        try read(bytes, &reader)
        return reader.found
    }

    private struct TagReader: SheetXMLReader {
        let name: String
        var found: [[String: String]] = []
        mutating func open(_ name: String, _ attributes: [String: String]) {
            if name == self.name { found.append(attributes) }
        }
        mutating func text(_ text: String) {}
        mutating func close(_ name: String) {}
    }

    static func read<Reader: SheetXMLReader>(_ bytes: [UInt8], _ reader: inout Reader) throws {
        var scanner = Scanner(bytes: bytes)
        try scanner.run(&reader)
    }

    private struct Scanner {
        let bytes: [UInt8]
        var index = 0
        var depth = 0

        mutating func run<Reader: SheetXMLReader>(_ reader: inout Reader) throws {
            while index < bytes.count {
                if bytes[index] != UInt8(ascii: "<") {
                    let end = bytes[index...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
                    try reader.text(try SheetXML.unescaped(bytes[index..<end]))
                    index = end
                } else if starts("<!--") {
                    try skip(past: "-->")
                } else if starts("<![CDATA[") {
                    let start = index + 9
                    try skip(past: "]]>")
                    try reader.text(String(decoding: bytes[start..<(index - 3)], as: UTF8.self))
                } else if starts("<?") {
                    try skip(past: "?>")
                } else if starts("<!") {
                    throw SheetReader.invalid("it holds a document type, which may hide entities")
                } else {
                    try tag(&reader)
                }
            }
            guard depth == 0 else { throw SheetReader.invalid("an element is not closed") }
        }

        private func starts(_ mark: StaticString) -> Bool {
            mark.withUTF8Buffer { bytes[index...].starts(with: $0) }
        }

        private mutating func skip(past mark: String) throws {
            let wanted = Array(mark.utf8)
            while index + wanted.count <= bytes.count {
                if bytes[index] == wanted[0], bytes[index..<(index + wanted.count)].elementsEqual(wanted) {
                    index += wanted.count
                    return
                }
                index += 1
            }
            throw SheetReader.invalid("it is cut off")
        }

        private mutating func tag<Reader: SheetXMLReader>(_ reader: inout Reader) throws {
            index += 1
            let isEnd = index < bytes.count && bytes[index] == UInt8(ascii: "/")
            if isEnd { index += 1 }
            let name = local(word { $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "/") || $0 <= 0x20 })
            var attributes: [String: String] = [:]
            while true {
                while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
                guard index < bytes.count else { throw SheetReader.invalid("it is cut off") }
                if bytes[index] == UInt8(ascii: ">") {
                    index += 1
                    break
                }
                if bytes[index] == UInt8(ascii: "/") {
                    index += 1
                    guard index < bytes.count, bytes[index] == UInt8(ascii: ">") else {
                        throw SheetReader.invalid("a tag is malformed")
                    }
                    index += 1
                    try reader.open(name, attributes)
                    try reader.close(name)
                    return
                }
                let (key, value) = try attribute()
                attributes[key] = value
            }
            depth += isEnd ? -1 : 1
            guard (0...SheetXML.deepest).contains(depth) else {
                throw SheetReader.invalid("its elements nest wrongly or too deep")
            }
            if isEnd { try reader.close(name) } else { try reader.open(name, attributes) }
        }

        private mutating func attribute() throws -> (String, String) {
            let key = word { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ">") || $0 <= 0x20 }
            guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "="), !key.isEmpty,
                bytes[index + 1] == UInt8(ascii: "\"") || bytes[index + 1] == UInt8(ascii: "'"),
                let end = bytes[(index + 2)...].firstIndex(of: bytes[index + 1])
            else { throw SheetReader.invalid("an attribute is malformed") }
            let value = try SheetXML.unescaped(bytes[(index + 2)..<end])
            index = end + 1
            return (String(decoding: key, as: UTF8.self), value)
        }

        private mutating func word(until isEnd: (UInt8) -> Bool) -> ArraySlice<UInt8> {
            let start = index
            while index < bytes.count, !isEnd(bytes[index]) { index += 1 }
            return bytes[start..<index]
        }

        private func local(_ name: ArraySlice<UInt8>) -> String {
            let start = name.lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? name.startIndex
            return String(decoding: name[start...], as: UTF8.self)
        }
    }

    /// Longest reference: `&#x10FFFF;`.
    private static let longestReference = 10

    static func unescaped(_ bytes: ArraySlice<UInt8>) throws -> String {
        guard bytes.contains(UInt8(ascii: "&")) else { return String(decoding: bytes, as: UTF8.self) }
        var text = ""
        var rest = bytes
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            text += String(decoding: rest[..<mark], as: UTF8.self)
            guard let end = rest[mark...].prefix(longestReference + 1).firstIndex(of: UInt8(ascii: ";")) else {
                throw SheetReader.invalid("a reference is not closed")
            }
            let name = String(decoding: rest[(mark + 1)..<end], as: UTF8.self)
            switch name {
            case "amp": text += "&"
            case "lt": text += "<"
            case "gt": text += ">"
            case "quot": text += "\""
            case "apos": text += "'"
            default:
                let number =
                    name.hasPrefix("#x")
                    ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
                guard let number, let scalar = Unicode.Scalar(number) else {
                    throw SheetReader.invalid("it names the entity '\(name)', which it cannot have")
                }
                text.unicodeScalars.append(scalar)
            }
            rest = rest[(end + 1)...]
        }
        return text + String(decoding: rest, as: UTF8.self)
    }
}
