/// Cuts the server's bytes into responses: lines with the literals in them (RFC 9051 section 4.3).
package struct IMAPFramer: Sendable {
    package struct Limits: Sendable, Hashable {
        /// Bytes of one response outside its literals. A SEARCH over a million messages takes 8 MB.
        package var textBytes = 8 * 1024 * 1024
        /// Bytes of all literals of one response.
        package var literalBytes = 64 * 1024 * 1024
        /// Literals of one response.
        package var literals = 1_000

        package init() {}
    }

    /// One response: text pieces, each but the last followed by a literal.
    package struct Frame: Sendable, Hashable {
        package var texts: [[UInt8]]
        package var literals: [[UInt8]]
    }

    package var limits: Limits
    private var buffer: [UInt8] = []
    private var head = 0
    /// Bytes behind `head` known to hold no line end.
    private var searched = 0
    private var texts: [[UInt8]] = []
    private var literals: [[UInt8]] = []
    private var textBytes = 0
    private var literalBytes = 0
    private var literalLeft = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    package mutating func append(_ bytes: [UInt8]) {
        if head > 0 {
            buffer.removeSubrange(..<head)
            head = 0
        }
        buffer += bytes
    }

    /// The next whole response, or nil where more bytes are needed. Memory grows with bytes received, never with a
    /// size that was only announced. Throws `protocolViolation` beyond the limits; the stream is useless then.
    package mutating func next() throws(IMAPError) -> Frame? {
        while true {
            if literalLeft > 0 {
                let take = min(literalLeft, buffer.count - head)
                literals[literals.count - 1] += buffer[head..<(head + take)]
                head += take
                literalLeft -= take
                if literalLeft > 0 { return nil }
            }
            guard let line = try nextLine() else { return nil }
            texts.append(line)
            if let size = try literalSize(line) {
                literals.append([])
                literalLeft = size
                continue
            }
            let frame = Frame(texts: texts, literals: literals)
            texts = []
            literals = []
            textBytes = 0
            literalBytes = 0
            return frame
        }
    }

    private mutating func nextLine() throws(IMAPError) -> [UInt8]? {
        guard let end = buffer[(head + searched)...].firstIndex(of: 10) else {
            searched = buffer.count - head
            if textBytes + searched > limits.textBytes { throw tooLong }
            return nil
        }
        var line = buffer[head..<end]
        if line.last == 13 { line = line.dropLast() }
        head = end + 1
        searched = 0
        textBytes += line.count
        if textBytes > limits.textBytes { throw tooLong }
        return Array(line)
    }

    private var tooLong: IMAPError {
        IMAPError(.protocolViolation, "A response is longer than \(limits.textBytes) bytes.")
    }

    private mutating func literalSize(_ line: [UInt8]) throws(IMAPError) -> Int? {
        guard line.last == UInt8(ascii: "}"), let open = line.lastIndex(of: UInt8(ascii: "{")) else { return nil }
        var digits = line[(open + 1)..<(line.count - 1)]
        if digits.last == UInt8(ascii: "+") { digits = digits.dropLast() }
        guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        // Free text of a status response may end in braces: it holds no literal.
        if texts.count == 1, Self.isStatus(line) { return nil }
        guard digits.count < 12, let size = Int(String(decoding: digits, as: UTF8.self)),
            literalBytes + size <= limits.literalBytes
        else { throw IMAPError(.protocolViolation, "A literal is larger than \(limits.literalBytes) bytes.") }
        guard literals.count < limits.literals else {
            throw IMAPError(.protocolViolation, "A response holds more than \(limits.literals) literals.")
        }
        literalBytes += size
        return size
    }

    private static func isStatus(_ line: [UInt8]) -> Bool {
        let words = line.prefix(64).split(separator: 32, maxSplits: 2)
        guard let first = words.first else { return false }
        if first.elementsEqual("+".utf8) { return true }
        guard words.count > 1 else { return false }
        let word = String(decoding: words[1], as: UTF8.self).uppercased()
        return ["OK", "NO", "BAD", "BYE", "PREAUTH"].contains(word)
    }
}
