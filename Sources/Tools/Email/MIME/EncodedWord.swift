/// Text in header fields beyond ASCII (RFC 2047, RFC 2231 section 5 for the language suffix).
package enum EncodedWord {
    /// Bytes searched for the end of an encoded-word. RFC 2047 section 2 says 75; careless senders write whole lines.
    private static let reach = 4_096

    /// Decodes every encoded-word of an unstructured value. White space between two of them goes; adjacent ones with
    /// the same charset are joined before decoding, since senders cut characters in two.
    package static func decode(_ value: some Collection<UInt8>) -> String {
        let bytes = Array(value)
        guard bytes.contains(ASCII.equals) else { return Charset.decodeUndeclared(bytes) }
        var result = ""
        var plainStart = 0
        var index = 0
        var pending: Word?
        func flush() {
            if let word = pending { result += text(of: word) }
            pending = nil
        }
        while index < bytes.count {
            guard bytes[index] == ASCII.equals, let (word, end) = parse(bytes, at: index) else {
                index += 1
                continue
            }
            let between = bytes[plainStart..<index]
            if pending != nil, between.allSatisfy(ASCII.isSpace) {
                if let last = pending, last.charset == word.charset, last.encoding == word.encoding {
                    pending = Word(charset: last.charset, encoding: last.encoding, bytes: last.bytes + word.bytes)
                } else {
                    flush()
                    pending = word
                }
            } else {
                flush()
                result += Charset.decodeUndeclared(between)
                pending = word
            }
            index = end
            plainStart = end
        }
        flush()
        result += Charset.decodeUndeclared(bytes[min(plainStart, bytes.count)...])
        return result
    }

    private struct Word {
        var charset: String
        var encoding: UInt8
        var bytes: [UInt8]
    }

    private static func text(of word: Word) -> String {
        Charset.decode(word.bytes, charset: word.charset) ?? Charset.decodeUndeclared(word.bytes)
    }

    /// `=?charset*language?encoding?text?=`; text may hold blanks, which careless senders leave in.
    private static func parse(_ bytes: [UInt8], at start: Int) -> (Word, Int)? {
        guard start + 1 < bytes.count, bytes[start + 1] == ASCII.question,
            let charsetEnd = position(of: ASCII.question, in: bytes, from: start + 2, within: 60),
            charsetEnd + 2 < bytes.count, bytes[charsetEnd + 2] == ASCII.question
        else { return nil }
        let encoding = ASCII.lowered(bytes[charsetEnd + 1])
        guard encoding == 98 || encoding == 113 else { return nil }
        let textStart = charsetEnd + 3
        var end = textStart
        let stop = min(bytes.count, textStart + reach)
        while end + 1 < stop, !(bytes[end] == ASCII.question && bytes[end + 1] == ASCII.equals) {
            if bytes[end] == ASCII.lf || bytes[end] == ASCII.cr { return nil }
            end += 1
        }
        guard end + 1 < stop else { return nil }
        let label = String(decoding: bytes[(start + 2)..<charsetEnd], as: UTF8.self)
        guard !label.isEmpty, !label.utf8.contains(where: ASCII.isSpace) else { return nil }
        let charset = label.split(separator: "*", maxSplits: 1).first.map(String.init) ?? label
        let raw = bytes[textStart..<end]
        let decoded = encoding == 98 ? Base64.decode(raw) : decodeQ(raw)
        return (Word(charset: charset.asciiLowered, encoding: encoding, bytes: decoded), end + 2)
    }

    private static func position(of byte: UInt8, in bytes: [UInt8], from start: Int, within reach: Int) -> Int? {
        guard start < bytes.count else { return nil }
        return bytes[start..<min(bytes.count, start + reach)].firstIndex(of: byte)
    }

    private static func decodeQ(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == ASCII.equals, index + 2 < bytes.endIndex, let high = ASCII.hexValue(bytes[index + 1]),
                let low = ASCII.hexValue(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(byte == ASCII.underscore ? ASCII.space : byte)
                index += 1
            }
        }
        return result
    }

    /// UTF-8 text as encoded-words of at most 75 characters, cut between characters; each fits one folded line, the
    /// first one behind `indent` columns.
    static func encode(_ text: String, indent: Int) -> [String] {
        // "=?UTF-8?B?" and "?=" take 12; 60 characters of base64 hold 45 bytes.
        let room = 45
        let firstRoom = min(room, max(9, (76 - 12 - indent) / 4 * 3))
        var words: [String] = []
        var chunk: [UInt8] = []
        func flush() {
            if !chunk.isEmpty {
                words.append("=?UTF-8?B?" + String(decoding: Base64.encode(chunk), as: UTF8.self) + "?=")
            }
            chunk = []
        }
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if chunk.count + bytes.count > (words.isEmpty ? firstRoom : room) { flush() }
            chunk += bytes
        }
        flush()
        return words
    }
}
