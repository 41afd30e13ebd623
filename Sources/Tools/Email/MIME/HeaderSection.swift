/// The fields of a message or part, in order (RFC 5322 section 2.2).
package struct HeaderSection: Sendable, Hashable {
    package struct Field: Sendable, Hashable {
        /// As written.
        package var name: String
        /// Unfolded (RFC 5322 section 2.2.3), not decoded; white space at both ends removed.
        package var value: [UInt8]
    }

    package private(set) var fields: [Field] = []

    /// The first field of that name, ASCII case ignored.
    package func first(_ name: String) -> [UInt8]? {
        let wanted = name.asciiLowered
        return fields.first { $0.name.asciiLowered == wanted }?.value
    }

    package func all(_ name: String) -> [[UInt8]] {
        let wanted = name.asciiLowered
        return fields.filter { $0.name.asciiLowered == wanted }.map(\.value)
    }

    /// The first field of that name as decoded text on one line.
    package func text(_ name: String) -> String? {
        first(name).map { EncodedWord.decode($0).singleLine }
    }

    /// Reads a header section at the start of `bytes`. Returns it with the index at which the body starts.
    static func parse(
        _ bytes: ArraySlice<UInt8>, limits: MIMELimits, problems: inout Set<MIMEProblem>
    ) -> (HeaderSection, bodyStart: Int) {
        var section = HeaderSection()
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let line = Line.next(bytes, from: index)
            if line.content.isEmpty { return (section, line.end) }
            if index - bytes.startIndex > limits.headerBytes {
                problems.insert(.headerTooLong)
                return (section, endOfSection(bytes, from: index))
            }
            if let first = line.content.first, ASCII.isBlank(first), !section.fields.isEmpty {
                section.fields[section.fields.count - 1].value += Self.kept(line.content, limits: limits)
            } else if let colon = nameEnd(line.content) {
                if section.fields.count >= limits.headerFields {
                    problems.insert(.tooManyHeaderFields)
                    return (section, endOfSection(bytes, from: index))
                }
                let name = line.content[..<colon.name]
                section.fields.append(
                    Field(
                        name: String(decoding: name, as: UTF8.self),
                        value: Array(Self.kept(line.content[(colon.colon + 1)...], limits: limits))))
            } else if index == bytes.startIndex, isEnvelopeLine(line.content) {
                // An mbox separator that a store left in front of the message.
            } else if line.content.allSatisfy(ASCII.isBlank) {
                return (section, line.end)
            } else {
                problems.insert(.malformedHeaderLine)
                // Text where a field should be: RFC 5322 has no meaning for it. The body starts here, as it does for
                // Python's parser, so that no text is hidden.
                return (section, index)
            }
            index = line.end
        }
        return (section, bytes.endIndex)
    }

    private static func kept(_ value: ArraySlice<UInt8>, limits: MIMELimits) -> ArraySlice<UInt8> {
        value.prefix(limits.headerBytes)
    }

    /// Where the body starts, with the fields from `start` passed over.
    private static func endOfSection(_ bytes: ArraySlice<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.endIndex {
            let line = Line.next(bytes, from: index)
            index = line.end
            if line.content.isEmpty { break }
        }
        return index
    }

    /// End of the name and place of the colon; white space before the colon is obsolete syntax (section 4.5).
    private static func nameEnd(_ line: ArraySlice<UInt8>) -> (name: Int, colon: Int)? {
        guard let colon = line.firstIndex(of: ASCII.colon), colon > line.startIndex else { return nil }
        var end = colon
        while end > line.startIndex, ASCII.isBlank(line[end - 1]) { end -= 1 }
        guard end > line.startIndex, line[line.startIndex..<end].allSatisfy(ASCII.isPrintable) else { return nil }
        return (end, colon)
    }

    private static func isEnvelopeLine(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "From ".utf8) || line.starts(with: ">From ".utf8)
    }
}

extension HeaderSection {
    /// Trims each value and reports control characters, which a header must not hold (RFC 5322 section 2.2).
    mutating func finish(problems: inout Set<MIMEProblem>) {
        for index in fields.indices {
            let value = fields[index].value
            if value.contains(where: { $0 < 32 && $0 != ASCII.tab || $0 == 127 }) {
                if value.contains(ASCII.cr) { problems.insert(.bareLineEnd) }
                problems.insert(.controlInHeader(String(fields[index].name.prefix(80))))
            }
            let start = value.firstIndex { !ASCII.isSpace($0) } ?? value.endIndex
            let end = (value.lastIndex { !ASCII.isSpace($0) }).map { $0 + 1 } ?? start
            fields[index].value = Array(value[start..<max(start, end)])
        }
    }
}

/// One line of a message: CRLF ends it, and a bare LF, as mail stores write.
struct Line {
    /// Without its end.
    var content: ArraySlice<UInt8>
    /// Where the next line starts.
    var end: Int

    static func next(_ bytes: ArraySlice<UInt8>, from start: Int) -> Line {
        let newline =
            bytes[start...].withUnsafeBufferPointer { $0.firstIndex(of: ASCII.lf) }.map { $0 + start } ?? bytes.endIndex
        let end = min(newline + 1, bytes.endIndex)
        let stop = newline > start && newline < bytes.endIndex && bytes[newline - 1] == ASCII.cr ? newline - 1 : newline
        return Line(content: bytes[start..<stop], end: end)
    }
}
