/// Assembles the final response's head from the header lines that libcurl hands over one by one.
struct ResponseHeadParser {
    /// Bytes of all header lines of one exchange: far over what honest servers send.
    static let maximumBytes = 256 * 1024

    enum Outcome: Equatable {
        case more
        case complete(HTTPHead)
        case tooLarge
        case malformed
        /// The connection ended within a line.
        case cutShort
    }

    private var bytes = 0
    private var status = 0
    private var headers = HTTPHeaders()
    private var isComplete = false

    mutating func receive(_ line: some BidirectionalCollection<UInt8>) -> Outcome {
        bytes += line.count
        guard bytes <= Self.maximumBytes else { return .tooLarge }
        // Lines after the final head are trailers: no one asks for them.
        guard !isComplete else { return .more }
        guard line.last == 0x0A else { return .cutShort }
        var text = Array(line)
        while let last = text.last, last == 0x0A || last == 0x0D { text.removeLast() }
        if text.starts(with: "HTTP/".utf8) { return startHead(text) }
        if text.isEmpty { return endHead() }
        guard let colon = text.firstIndex(of: 0x3A) else { return .malformed }
        headers.append(
            String(decoding: text[..<colon], as: UTF8.self),
            String(decoding: Self.trimmed(text[(colon + 1)...]), as: UTF8.self))
        return .more
    }

    private mutating func startHead(_ line: [UInt8]) -> Outcome {
        let parts = line.split(separator: 0x20, maxSplits: 2)
        guard parts.count > 1, let code = Int(String(decoding: parts[1], as: UTF8.self)), (100...999).contains(code)
        else { return .malformed }
        status = code
        headers = HTTPHeaders()
        return .more
    }

    private mutating func endHead() -> Outcome {
        guard status >= 100 else { return .malformed }
        guard status >= 200 else { return .more }
        isComplete = true
        return .complete(HTTPHead(status: status, headers: headers))
    }

    private static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var value = value
        while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        return value
    }
}
