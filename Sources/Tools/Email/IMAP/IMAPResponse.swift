/// A value of IMAP's data syntax (RFC 9051 section 4).
package indirect enum IMAPValue: Sendable, Hashable {
    case atom(String)
    /// Quoted or literal.
    case string([UInt8])
    case list([IMAPValue])
    case null

    package var number: UInt32? { if case .atom(let text) = self { UInt32(text) } else { nil } }

    /// Atom or string as text.
    package var text: String? {
        switch self {
        case .atom(let text): text
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .list, .null: nil
        }
    }

    package var items: [IMAPValue]? { if case .list(let items) = self { items } else { nil } }
}

package enum IMAPStatus: String, Sendable, Hashable {
    case ok = "OK"
    case no = "NO"
    case bad = "BAD"
    case bye = "BYE"
    case preauthenticated = "PREAUTH"
}

/// A status with its code in brackets (RFC 9051 section 7.1).
package struct IMAPStatusResponse: Sendable, Hashable {
    package var status: IMAPStatus
    /// Upper case: `UIDVALIDITY`.
    package var code: String?
    package var arguments: [IMAPValue] = []
    package var text: String
}

/// What a FETCH said of one message.
package struct IMAPFetch: Sendable, Hashable {
    package var sequence: UInt32
    package var uid: UInt32?
    package var flags: [String]?
    package var size: UInt32?
    /// By section as the server writes it, upper case, origin left out: `BODY[HEADER]`.
    package var sections: [String: [UInt8]] = [:]
}

package enum IMAPResponse: Sendable, Hashable {
    case continuation(text: String)
    case tagged(tag: String, IMAPStatusResponse)
    case status(IMAPStatusResponse)
    case capabilities([String])
    case exists(UInt32)
    case expunged(UInt32)
    case search([UInt32])
    case list(attributes: [String], name: [UInt8])
    case fetch(IMAPFetch)
    /// Well formed, without use here.
    case other(String)

    /// Parses one frame. Throws `protocolViolation` for what is no response.
    package init(_ frame: IMAPFramer.Frame) throws(IMAPError) {
        var scanner = IMAPScanner(frame)
        let tag = scanner.word()
        if tag == "+" {
            self = .continuation(text: scanner.rest())
            return
        }
        guard !tag.isEmpty else { throw IMAPError(.protocolViolation, "A response is empty.") }
        let word = scanner.word()
        if let status = IMAPStatus(rawValue: word.uppercased()) {
            let response = try scanner.status(status)
            self = tag == "*" ? .status(response) : .tagged(tag: tag, response)
            return
        }
        guard tag == "*" else {
            throw IMAPError(.protocolViolation, "A response is neither a status nor untagged: '\(tag.prefix(40))'.")
        }
        if let number = UInt32(word) {
            self = try Self.numbered(number, &scanner)
        } else {
            self = try Self.named(word.uppercased(), &scanner)
        }
    }

    private static func numbered(_ number: UInt32, _ scanner: inout IMAPScanner) throws(IMAPError) -> IMAPResponse {
        let name = scanner.word().uppercased()
        switch name {
        case "EXISTS": return .exists(number)
        case "EXPUNGE": return .expunged(number)
        case "FETCH": return .fetch(try fetch(number, try scanner.values()))
        default: return .other(name)
        }
    }

    private static func named(_ name: String, _ scanner: inout IMAPScanner) throws(IMAPError) -> IMAPResponse {
        switch name {
        case "CAPABILITY": return .capabilities(try scanner.values().compactMap { $0.text?.uppercased() })
        case "SEARCH": return .search(try scanner.values().compactMap(\.number))
        case "LIST":
            let values = try scanner.values()
            guard values.count >= 3, let attributes = values[0].items else {
                throw IMAPError(.protocolViolation, "A LIST response is incomplete.")
            }
            return .list(attributes: attributes.compactMap(\.text), name: Array((values[2].text ?? "").utf8))
        default: return .other(name)
        }
    }

    private static func fetch(_ sequence: UInt32, _ values: [IMAPValue]) throws(IMAPError) -> IMAPFetch {
        guard let items = values.first?.items, items.count.isMultiple(of: 2) else {
            throw IMAPError(.protocolViolation, "A FETCH response is not a list of pairs.")
        }
        var result = IMAPFetch(sequence: sequence)
        for index in stride(from: 0, to: items.count, by: 2) {
            guard let name = items[index].text?.uppercased() else { continue }
            let value = items[index + 1]
            switch name {
            case "UID": result.uid = value.number
            case "RFC822.SIZE": result.size = value.number
            case "FLAGS": result.flags = value.items?.compactMap(\.text)
            case _ where name.hasPrefix("BODY["):
                let section = name.lastIndex(of: "]").map { String(name[...$0]) } ?? name
                if case .string(let bytes) = value { result.sections[section] = bytes }
            default: break
            }
        }
        return result
    }
}

/// Walks over the pieces of a frame.
private struct IMAPScanner {
    /// Lists in lists. BODYSTRUCTURE nests as deep as a message does.
    private static let maximumDepth = 40

    private let frame: IMAPFramer.Frame
    private var piece = 0
    private var index = 0

    init(_ frame: IMAPFramer.Frame) { self.frame = frame }

    private var text: [UInt8] { frame.texts.indices.contains(piece) ? frame.texts[piece] : [] }
    private var byte: UInt8? {
        guard frame.texts.indices.contains(piece), index < frame.texts[piece].count else { return nil }
        return frame.texts[piece][index]
    }

    private mutating func skipSpaces() {
        while byte == 32 { index += 1 }
    }

    mutating func word() -> String {
        skipSpaces()
        let start = index
        while let next = byte, next != 32 {
            _ = next
            index += 1
        }
        return String(decoding: text[min(start, text.count)..<index], as: UTF8.self)
    }

    mutating func rest() -> String {
        skipSpaces()
        return String(decoding: text[min(index, text.count)...], as: UTF8.self)
    }

    mutating func status(_ status: IMAPStatus) throws(IMAPError) -> IMAPStatusResponse {
        skipSpaces()
        guard byte == UInt8(ascii: "["), let close = text[index...].firstIndex(of: UInt8(ascii: "]")) else {
            return IMAPStatusResponse(status: status, text: rest())
        }
        let inside = Array(text[(index + 1)..<close])
        index = close + 1
        var inner = IMAPScanner(IMAPFramer.Frame(texts: [inside], literals: []))
        let code = inner.word().uppercased()
        let arguments = (try? inner.values()) ?? []  // a code may hold anything; what does not parse has no use here
        return IMAPStatusResponse(status: status, code: code, arguments: arguments, text: rest())
    }

    /// All values to the end.
    mutating func values() throws(IMAPError) -> [IMAPValue] {
        try list(depth: 0)
    }

    private mutating func list(depth: Int) throws(IMAPError) -> [IMAPValue] {
        guard depth < Self.maximumDepth else { throw IMAPError(.protocolViolation, "A response is nested too deep.") }
        var result: [IMAPValue] = []
        while true {
            skipSpaces()
            guard let next = byte else {
                if depth > 0 { throw IMAPError(.protocolViolation, "A list in a response does not end.") }
                return result
            }
            switch next {
            case UInt8(ascii: ")"):
                guard depth > 0 else {
                    throw IMAPError(.protocolViolation, "A response closes a list it did not open.")
                }
                index += 1
                return result
            case UInt8(ascii: "("):
                index += 1
                result.append(.list(try list(depth: depth + 1)))
            case UInt8(ascii: "\""): result.append(.string(try quoted()))
            case UInt8(ascii: "{"), UInt8(ascii: "~"):
                if let literal = literal() { result.append(.string(literal)) } else { result.append(atom()) }
            default: result.append(atom())
            }
        }
    }

    private mutating func literal() -> [UInt8]? {
        let tail = text[index...]
        guard piece < frame.literals.count, tail.last == UInt8(ascii: "}"), tail.firstIndex(of: 32) == nil else {
            return nil
        }
        defer {
            piece += 1
            index = 0
        }
        return frame.literals[piece]
    }

    private mutating func quoted() throws(IMAPError) -> [UInt8] {
        var result: [UInt8] = []
        index += 1
        while let next = byte {
            index += 1
            if next == UInt8(ascii: "\"") { return result }
            if next == UInt8(ascii: "\\"), let escaped = byte {
                result.append(escaped)
                index += 1
            } else {
                result.append(next)
            }
        }
        throw IMAPError(.protocolViolation, "A quoted string in a response does not end.")
    }

    /// Up to a space or parenthesis; brackets belong to it with all that they hold: `BODY[HEADER.FIELDS (TO)]<0>`.
    private mutating func atom() -> IMAPValue {
        let start = index
        var inBrackets = false
        while let next = byte {
            if next == UInt8(ascii: "[") { inBrackets = true }
            if next == UInt8(ascii: "]") { inBrackets = false }
            if !inBrackets, next == 32 || next == UInt8(ascii: "(") || next == UInt8(ascii: ")") { break }
            index += 1
        }
        let name = String(decoding: text[start..<index], as: UTF8.self)
        return name.uppercased() == "NIL" ? .null : .atom(name)
    }
}
