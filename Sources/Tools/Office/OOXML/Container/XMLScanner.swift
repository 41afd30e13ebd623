import Glibc

/// Reads XML 1.0 (UTF-8, UTF-16) piece by piece in bounded memory, and knows where in the bytes each piece stood.
///
/// For untrusted parts: document type declarations are refused, so that there are no entities to expand; depth and the
/// length of a piece are bounded. Tags must balance.
package final class XMLScanner {
    package enum Event: Sendable, Hashable {
        /// A start tag; `<a/>` gives a start and an end.
        case start
        case end
        /// Characters between tags; one run may come in several pieces where comments or CDATA divide it.
        case text
        /// The document is over.
        case done
    }

    /// Where bytes come from: fills the buffer and returns how many; 0 at the end.
    package typealias Source = (UnsafeMutableRawBufferPointer) throws(OOXMLError) -> Int

    /// Elements within each other; Office's own files need about 30.
    static let deepest = 256
    /// Bytes of a tag or of a run of text: a cell holds 32,767 characters, a pasted picture in a comment some MiB.
    static let longestPiece = 32 * 1024 * 1024
    private static let firstCapacity = 128 * 1024

    struct Attribute {
        var name: Range<Int>
        var value: Range<Int>
    }

    let source: Source
    /// Bytes of the document; `position..<filled` is still to be read.
    var bytes: UnsafeMutablePointer<UInt8>
    var capacity = XMLScanner.firstCapacity
    var filled = 0
    var position = 0
    var isAtEnd = false
    /// Offset in the document of `bytes[0]`.
    var base = 0
    private var open: [UInt8] = []
    private var openEnds: [Int] = []
    private var closesAtOnce = false
    private var sawRoot = false
    private var isRaw = false
    /// Of the last event: its whole piece, the name of its tag, its text.
    private var piece = 0..<0
    private var tagName = 0..<0
    private var content = 0..<0
    private(set) var attributes: [Attribute] = []

    package init(_ source: @escaping Source) throws(OOXMLError) {
        self.source = source
        bytes = .allocate(capacity: Self.firstCapacity + 8)
        try fill()
        if filled >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
        // UTF-16, with its mark or without.
        if filled >= 2,
            bytes[0] == 0xFF && bytes[1] == 0xFE || bytes[0] == 0xFE && bytes[1] == 0xFF || bytes[0] == 0
                || bytes[1] == 0
        {
            throw OOXMLError("xml_encoding", "A part of the file is not written in UTF-8.")
        }
    }

    package convenience init(_ document: [UInt8]) throws(OOXMLError) {
        let document = try UTF16Document.utf8(document)
        var given = 0
        try self.init { (buffer) throws(OOXMLError) in
            let count = min(buffer.count, document.count - given)
            document.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[given..<given + count])) }
            given += count
            return count
        }
    }

    deinit { bytes.deallocate() }

    // MARK: Events

    package func next() throws(OOXMLError) -> Event {
        if closesAtOnce {
            closesAtOnce = false
            pop()
            return .end
        }
        while true {
            guard try ensure(1) else { return try finish() }
            if bytes[position] != UInt8(ascii: "<") {
                if let event = try characters() { return event }
                continue
            }
            guard try ensure(2) else { throw Self.invalid("It ends within a tag.") }
            switch bytes[position + 1] {
            case UInt8(ascii: "/"): return try endTag()
            case UInt8(ascii: "?"): try skip(past: "?>")
            case UInt8(ascii: "!"):
                if try starts(with: "<!--") {
                    try skip(past: "-->")
                } else if try starts(with: "<![CDATA[") {
                    try characterData()
                    return .text
                } else {
                    throw OOXMLError("xml_dtd", "A part of the file declares a document type, which is refused.")
                }
            default: return try startTag()
            }
        }
    }

    private func finish() throws(OOXMLError) -> Event {
        guard openEnds.isEmpty, sawRoot else { throw Self.invalid("It ends before its last element does.") }
        return .done
    }

    private func characters() throws(OOXMLError) -> Event? {
        var seen = 0
        while true {
            let from = position + seen
            if let found = memchr(bytes + from, Int32(UInt8(ascii: "<")), filled - from) {
                let end = bytes.distance(to: found.assumingMemoryBound(to: UInt8.self))
                content = position..<end
                break
            }
            seen = filled - position
            if try !grow() {
                content = position..<filled
                break
            }
        }
        isRaw = false
        piece = content
        position = content.upperBound
        if openEnds.isEmpty {
            guard content.allSatisfy({ Self.isSpace(bytes[$0]) }) else {
                throw Self.invalid("There is text outside of its root element.")
            }
            return nil
        }
        return .text
    }

    private func characterData() throws(OOXMLError) {
        let length = try find("]]>", after: 9)
        content = position + 9..<position + length - 3
        piece = position..<position + length
        position += length
        isRaw = true
        if openEnds.isEmpty { throw Self.invalid("There is text outside of its root element.") }
    }

    private func endTag() throws(OOXMLError) -> Event {
        let length = try find(">", after: 2)
        var end = position + length - 1
        let start = position + 2
        while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
        let from = openEnds.count > 1 ? openEnds[openEnds.count - 2] : 0
        guard let until = openEnds.last, until - from == end - start,
            open[from..<until].elementsEqual(UnsafeBufferPointer(start: bytes + start, count: until - from))
        else { throw Self.invalid("Its tags do not balance.") }
        tagName = start..<end
        piece = position..<position + length
        position += length
        pop()
        return .end
    }

    private func pop() {
        openEnds.removeLast()
        open.removeLast(open.count - (openEnds.last ?? 0))
    }

    private func startTag() throws(OOXMLError) -> Event {
        let length = try tagLength()
        let start = position + 1
        var end = position + length - 1
        closesAtOnce = bytes[end - 1] == UInt8(ascii: "/")
        if closesAtOnce { end -= 1 }
        var at = start
        while at < end, !Self.isSpace(bytes[at]) { at += 1 }
        guard at > start, Self.isNameStart(bytes[start]) else { throw Self.invalid("A tag has no name.") }
        tagName = start..<at
        attributes.removeAll(keepingCapacity: true)
        try readAttributes(at, end)
        guard openEnds.count < Self.deepest else { throw Self.invalid("Its elements are nested too deeply.") }
        if openEnds.isEmpty {
            guard !sawRoot else { throw Self.invalid("It has two root elements.") }
            sawRoot = true
        }
        open.append(contentsOf: UnsafeBufferPointer(start: bytes + tagName.lowerBound, count: tagName.count))
        openEnds.append(open.count)
        piece = position..<position + length
        position += length
        return .start
    }

    private func readAttributes(_ start: Int, _ end: Int) throws(OOXMLError) {
        var at = start
        while true {
            while at < end, Self.isSpace(bytes[at]) { at += 1 }
            guard at < end else { return }
            let name = at
            while at < end, bytes[at] != UInt8(ascii: "="), !Self.isSpace(bytes[at]) { at += 1 }
            let nameEnd = at
            while at < end, Self.isSpace(bytes[at]) { at += 1 }
            guard nameEnd > name, at + 1 < end, bytes[at] == UInt8(ascii: "=") else {
                throw Self.invalid("An attribute has no value.")
            }
            at += 1
            while at < end, Self.isSpace(bytes[at]) { at += 1 }
            guard at < end, bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'") else {
                throw Self.invalid("An attribute has no quotes.")
            }
            let quote = bytes[at]
            at += 1
            let value = at
            while at < end, bytes[at] != quote { at += 1 }
            guard at < end else { throw Self.invalid("An attribute does not end.") }
            attributes.append(Attribute(name: name..<nameEnd, value: value..<at))
            at += 1
        }
    }

    // MARK: The last event

    /// Bytes of the document, from 0, that the last event's tag or text took; an empty element's end has its start's.
    package var range: Range<Int> { base + piece.lowerBound..<base + piece.upperBound }
    package var depth: Int { openEnds.count }
    /// Whether the last start tag was `<a/>`.
    package var isEmptyElement: Bool { closesAtOnce }

    /// The tag's name without its prefix.
    package func isNamed(_ name: StaticString) -> Bool { equals(local(tagName), name) }
    package var name: String { string(local(tagName)) }
    package var prefix: String { prefix(of: tagName) }

    /// The value of an attribute without a prefix, as it stands; `nil`: there is none.
    func raw(_ name: StaticString) -> Range<Int>? {
        for attribute in attributes where equals(attribute.name, name) { return attribute.value }
        return nil
    }

    /// The value of an attribute without a prefix.
    package func value(_ name: StaticString) throws(OOXMLError) -> String? {
        guard let range = raw(name) else { return nil }
        return try decoded(range)
    }

    /// The value of an attribute of a namespace, known by its local name: `r:id`.
    package func prefixedValue(_ name: StaticString) throws(OOXMLError) -> String? {
        for attribute in attributes where equals(local(attribute.name), name) && local(attribute.name) != attribute.name
        { return try decoded(attribute.value) }
        return nil
    }

    package func integer(_ name: StaticString) -> Int? { raw(name).flatMap { integer($0) } }

    /// All attributes with their prefixes.
    package func allAttributes() throws(OOXMLError) -> [(prefix: String, name: String, value: String)] {
        var all: [(prefix: String, name: String, value: String)] = []
        for attribute in attributes {
            all.append((prefix(of: attribute.name), string(local(attribute.name)), try decoded(attribute.value)))
        }
        return all
    }

    /// The characters of a text event.
    package func text() throws(OOXMLError) -> String { isRaw ? string(content) : try decoded(content) }
    var textRange: Range<Int> { content }
    var isPlainText: Bool {
        isRaw || memchr(bytes + content.lowerBound, Int32(UInt8(ascii: "&")), content.count) == nil
    }

    // MARK: Bytes

    @inline(__always) func equals(_ range: Range<Int>, _ name: StaticString) -> Bool {
        range.count == name.utf8CodeUnitCount && memcmp(bytes + range.lowerBound, name.utf8Start, range.count) == 0
    }

    func integer(_ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 18 else { return nil }
        var value = 0
        for index in range {
            let digit = bytes[index] &- 48
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    func string(_ range: Range<Int>) -> String {
        String(decoding: UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count), as: UTF8.self)
    }

    private func local(_ range: Range<Int>) -> Range<Int> {
        guard let colon = memchr(bytes + range.lowerBound, Int32(UInt8(ascii: ":")), range.count) else { return range }
        return bytes.distance(to: colon.assumingMemoryBound(to: UInt8.self)) + 1..<range.upperBound
    }

    private func prefix(of range: Range<Int>) -> String {
        let local = local(range)
        return local == range ? "" : string(range.lowerBound..<local.lowerBound - 1)
    }

    /// With the five entities of XML and references to characters resolved; there are no others without a DTD.
    func decoded(_ range: Range<Int>) throws(OOXMLError) -> String {
        let buffer = UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
        if memchr(bytes + range.lowerBound, Int32(UInt8(ascii: "&")), range.count) == nil {
            return String(decoding: buffer, as: UTF8.self)
        }
        return try CharacterReference.resolve(buffer)
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
    }

    static func invalid(_ reason: String) -> OOXMLError {
        OOXMLError("xml_invalid", "A part of the file is not well-formed XML. \(reason)")
    }
}
