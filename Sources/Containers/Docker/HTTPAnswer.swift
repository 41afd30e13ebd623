/// An HTTP/1.1 answer (RFC 9112), fed with bytes until it is whole.
package struct HTTPAnswer {
    package struct Malformed: Error, Hashable {}

    /// The engine's answers that are asked for here are JSON of some kilobytes.
    static let maximumBytes = 16 * 1024 * 1024

    package private(set) var status = 0
    package private(set) var body: [UInt8] = []
    private var pending: [UInt8] = []
    private var framing: Framing?
    package private(set) var isWhole = false

    private enum Framing { case length(Int), chunked, untilEnd }

    package init() {}

    /// Takes what was read; no bytes mean the connection's end.
    package mutating func append(_ bytes: some Collection<UInt8>) throws(Malformed) {
        guard !isWhole else { return }
        if bytes.isEmpty {
            guard case .untilEnd? = framing else { throw Malformed() }
            body += pending
            isWhole = true
            return
        }
        pending += bytes
        guard pending.count + body.count <= Self.maximumBytes else { throw Malformed() }
        if framing == nil { try readHead() }
        try readBody()
    }

    private mutating func readHead() throws(Malformed) {
        while framing == nil, let end = Self.index(of: [13, 10, 13, 10], in: pending) {
            let lines = String(decoding: pending[..<end], as: UTF8.self).split(separator: "\r\n")
            pending.removeFirst(end + 4)
            let words = lines.first?.split(separator: " ") ?? []
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]) else { throw Malformed() }
            if code < 200 { continue }
            status = code
            framing = try Self.framing(code, lines.dropFirst())
        }
    }

    private static func framing(_ status: Int, _ lines: ArraySlice<Substring>) throws(Malformed) -> Framing {
        if status == 204 || status == 304 { return .length(0) }
        var length: Int?
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { throw Malformed() }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            switch line[..<colon].lowercased() {
            case "transfer-encoding" where value.lowercased() == "chunked": return .chunked
            case "content-length":
                guard let number = Int(value), number >= 0, number <= maximumBytes else { throw Malformed() }
                length = number
            default: break
            }
        }
        return length.map { .length($0) } ?? .untilEnd
    }

    private mutating func readBody() throws(Malformed) {
        switch framing {
        case .length(let length) where pending.count >= length:
            body = Array(pending[..<length])
            isWhole = true
        case .chunked:
            while !isWhole, try readChunk() {}
        default: break
        }
    }

    /// Whether a whole chunk was there.
    private mutating func readChunk() throws(Malformed) -> Bool {
        guard let end = Self.index(of: [13, 10], in: pending) else { return false }
        let text = String(decoding: pending[..<end], as: UTF8.self).prefix { $0 != ";" }
        guard let size = Int(text, radix: 16), size >= 0, size <= Self.maximumBytes else { throw Malformed() }
        guard pending.count >= end + 2 + size + 2 else { return false }
        body += pending[(end + 2)..<(end + 2 + size)]
        pending.removeFirst(end + 2 + size + 2)
        isWhole = size == 0
        return true
    }

    private static func index(of mark: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= mark.count else { return nil }
        return (0...(bytes.count - mark.count)).first { Array(bytes[$0..<($0 + mark.count)]) == mark }
    }
}
