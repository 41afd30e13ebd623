/// A person or machine that mail is for or from (RFC 5322 section 3.4).
package struct Mailbox: Sendable, Hashable {
    /// Decoded, on one line; nil where none was given.
    package var name: String?
    /// `local@domain`, quotes and comments removed where they carry nothing.
    package var address: String

    package init(name: String? = nil, address: String) {
        self.name = name
        self.address = address
    }
}

/// An entry of an address list.
package enum AddressEntry: Sendable, Hashable {
    case mailbox(Mailbox)
    case group(name: String, [Mailbox])
}

package enum AddressList {
    /// Entries of an unfolded field value, obsolete syntax included. Bounded by `limits.addresses`.
    package static func parse(_ value: [UInt8], limits: MIMELimits = MIMELimits()) -> [AddressEntry] {
        var parser = AddressParser(value, limit: limits.addresses)
        return parser.parse()
    }

    /// All mailboxes, those of groups included.
    package static func mailboxes(_ value: [UInt8], limits: MIMELimits = MIMELimits()) -> [Mailbox] {
        parse(value, limits: limits).flatMap { entry in
            switch entry {
            case .mailbox(let mailbox): [mailbox]
            case .group(_, let members): members
            }
        }
    }
}

/// One pass over the value, collecting words until `,` `;` `:` or the end decides what they were.
private struct AddressParser {
    private let bytes: [UInt8]
    private let limit: Int
    private var index = 0
    private var count = 0
    private var entries: [AddressEntry] = []
    private var group: (name: String, members: [Mailbox])?

    // The entry being read: raw words before `<`, the text between angles, comments.
    private var words: [Word] = []
    private var angle: String?
    private var comment: [UInt8]?

    private struct Word {
        var bytes: [UInt8]
        var quoted: Bool
        var spaced: Bool
    }

    init(_ bytes: [UInt8], limit: Int) {
        self.bytes = bytes
        self.limit = limit
    }

    mutating func parse() -> [AddressEntry] {
        var spaced = false
        while index < bytes.count, count < limit {
            let byte = bytes[index]
            switch byte {
            case ASCII.comma:
                finishMailbox()
                index += 1
            case ASCII.semicolon:
                finishMailbox()
                finishGroup()
                index += 1
            case ASCII.colon
            where group == nil && angle == nil && !words.contains(where: { $0.bytes.contains(ASCII.at) }):
                group = (phrase(), [])
                words = []
                comment = nil
                index += 1
            case ASCII.less where angle == nil: angle = angleAddress()
            case ASCII.openParenthesis:
                let text = commentText()
                if comment == nil { comment = text }
                spaced = true
                continue
            case ASCII.quote: words.append(Word(bytes: quotedString(), quoted: true, spaced: spaced))
            case _ where ASCII.isSpace(byte):
                index += 1
                spaced = true
                continue
            default: words.append(Word(bytes: atom(), quoted: false, spaced: spaced))
            }
            spaced = false
        }
        finishMailbox()
        finishGroup()
        return entries
    }

    private mutating func finishMailbox() {
        defer {
            words = []
            angle = nil
            comment = nil
        }
        let mailbox: Mailbox
        if let angle {
            let name = phrase()
            mailbox = Mailbox(name: name.isEmpty ? commentName() : name, address: angle)
        } else if let (display, address) = bareAddress() {
            mailbox = Mailbox(name: display ?? commentName(), address: address)
        } else {
            let name = phrase()
            guard !name.isEmpty else { return }
            mailbox = Mailbox(name: name, address: "")
        }
        count += 1
        if group != nil {
            group?.members.append(mailbox)
        } else {
            entries.append(.mailbox(mailbox))
        }
    }

    private mutating func finishGroup() {
        if let group { entries.append(.group(name: group.name, group.members)) }
        group = nil
    }

    private func commentName() -> String? {
        guard let comment else { return nil }
        let text = EncodedWord.decode(comment).singleLine
        return text.isEmpty ? nil : text
    }

    /// The words as a display name.
    private func phrase() -> String {
        var text: [UInt8] = []
        for (number, word) in words.enumerated() {
            if number > 0, word.spaced || word.quoted || words[number - 1].quoted { text.append(ASCII.space) }
            text += word.bytes
        }
        return EncodedWord.decode(text).singleLine
    }

    /// The words as `local@domain` without angles. Words in front of it, set apart by white space, are a name.
    private func bareAddress() -> (name: String?, address: String)? {
        guard words.contains(where: { !$0.quoted && $0.bytes.contains(ASCII.at) }) else { return nil }
        let joined = words.flatMap { word in
            word.quoted && word.bytes.contains(where: { !isAtomByte($0) && $0 != ASCII.dot })
                ? [ASCII.quote] + word.bytes + [ASCII.quote] : word.bytes
        }
        let address = String(decoding: joined, as: UTF8.self)
        guard let carrier = words.firstIndex(where: { !$0.quoted && $0.bytes.contains(ASCII.at) }), carrier > 0,
            words[carrier].spaced, words[carrier].bytes.first != ASCII.at, words[carrier - 1].bytes.last != ASCII.dot
        else { return (nil, address) }
        let name = words[..<carrier].map { String(decoding: $0.bytes, as: UTF8.self) }.joined(separator: " ")
        let rest = words[carrier...].flatMap(\.bytes)
        return (EncodedWord.decode(Array(name.utf8)).singleLine, String(decoding: rest, as: UTF8.self))
    }

    private func isAtomByte(_ byte: UInt8) -> Bool {
        ASCII.isPrintable(byte) && !"()<>[]:;@\\,\"".utf8.contains(byte) || byte >= 128
    }

    private mutating func atom() -> [UInt8] {
        let start = index
        var inLiteral = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.openBracket { inLiteral = true }
            if byte == ASCII.closeBracket { inLiteral = false }
            if ASCII.isSpace(byte) { break }
            if !inLiteral, index > start, "(<\",;".utf8.contains(byte) { break }
            if !inLiteral, byte == ASCII.colon, index > start, !bytes[start..<index].contains(ASCII.at) { break }
            index += 1
        }
        if index == start { index += 1 }
        return Array(bytes[start..<index])
    }

    private mutating func quotedString() -> [UInt8] {
        var result: [UInt8] = []
        index += 1
        while index < bytes.count, bytes[index] != ASCII.quote {
            if bytes[index] == ASCII.backslash, index + 1 < bytes.count { index += 1 }
            result.append(bytes[index])
            index += 1
        }
        if index < bytes.count { index += 1 }
        return result
    }

    private mutating func commentText() -> [UInt8] {
        var result: [UInt8] = []
        var depth = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == ASCII.backslash, index < bytes.count {
                result.append(bytes[index])
                index += 1
                continue
            }
            if byte == ASCII.openParenthesis {
                depth += 1
                if depth == 1 { continue }
            } else if byte == ASCII.closeParenthesis {
                depth -= 1
                if depth == 0 { break }
            }
            result.append(byte)
        }
        return result
    }

    /// Between `<` and `>`: an obsolete route `@a,@b:` goes, and so do comments and white space outside quotes.
    private mutating func angleAddress() -> String {
        var result: [UInt8] = []
        index += 1
        while index < bytes.count, bytes[index] != ASCII.greater {
            let byte = bytes[index]
            if byte == ASCII.quote {
                let text = quotedString()
                let needsQuotes = text.isEmpty || text.contains { !isAtomByte($0) && $0 != ASCII.dot }
                result += needsQuotes ? [ASCII.quote] + text + [ASCII.quote] : text
            } else if byte == ASCII.openParenthesis {
                _ = commentText()
            } else {
                if !ASCII.isSpace(byte) { result.append(byte) }
                index += 1
            }
        }
        if index < bytes.count { index += 1 }
        if result.first == ASCII.at, let colon = result.firstIndex(of: ASCII.colon) {
            result = Array(result[(colon + 1)...])
        }
        return String(decoding: result, as: UTF8.self)
    }
}
