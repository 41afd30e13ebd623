import Glibc

extension XMLScanner {
    /// Whether that many bytes are there from `position` on.
    func ensure(_ count: Int) throws(OOXMLError) -> Bool {
        while filled - position < count {
            if try !grow() { return false }
        }
        return true
    }

    /// More bytes; the unread ones may move. False at the end.
    func grow() throws(OOXMLError) -> Bool {
        if isAtEnd { return false }
        if position > 0 {
            memmove(bytes, bytes + position, filled - position)
            base += position
            filled -= position
            position = 0
        }
        if filled == capacity {
            guard capacity < Self.longestPiece else { throw Self.invalid("A tag or a text is too long.") }
            let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2 + 8)
            memcpy(larger, bytes, filled)
            bytes.deallocate()
            bytes = larger
            capacity *= 2
        }
        return try fill()
    }

    @discardableResult func fill() throws(OOXMLError) -> Bool {
        let count = try source(UnsafeMutableRawBufferPointer(start: bytes + filled, count: capacity - filled))
        if count == 0 { isAtEnd = true }
        filled += count
        return count > 0
    }

    func starts(with text: StaticString) throws(OOXMLError) -> Bool {
        guard try ensure(text.utf8CodeUnitCount) else { return false }
        return memcmp(bytes + position, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    func skip(past text: StaticString) throws(OOXMLError) { position += try find(text, after: 2) }

    /// Bytes from `position` to the end of `text`.
    func find(_ text: StaticString, after: Int) throws(OOXMLError) -> Int {
        let length = text.utf8CodeUnitCount
        var offset = after
        while true {
            guard try ensure(offset + length) else { throw Self.invalid("It ends too early.") }
            let start = position + offset
            let rest = UnsafeRawBufferPointer(start: bytes + start, count: filled - start)
            if let found = ByteSearch.first(UnsafeRawBufferPointer(start: text.utf8Start, count: length), in: rest) {
                return start + found + length - position
            }
            offset = filled - position - length + 1
            if try !grow() { throw Self.invalid("It ends too early.") }
        }
    }

    /// Bytes of the start tag at `position`; `>` may stand in quotes.
    func tagLength() throws(OOXMLError) -> Int {
        var offset = 1
        var quote: UInt8 = 0
        while true {
            var at = position + offset
            while at < filled {
                let byte = bytes[at]
                if quote != 0 {
                    if byte == quote { quote = 0 }
                    if byte == UInt8(ascii: "<") { throw Self.invalid("A tag stands within a tag.") }
                } else if byte == UInt8(ascii: ">") {
                    return at - position + 1
                } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                    quote = byte
                } else if byte == UInt8(ascii: "<") {
                    throw Self.invalid("A tag stands within a tag.")
                }
                at += 1
            }
            offset = filled - position
            if try !grow() { throw Self.invalid("It ends within a tag.") }
        }
    }
}
