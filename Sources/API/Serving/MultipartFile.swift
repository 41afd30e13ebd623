import FoundationEssentials

/// Finds the one file in a `multipart/form-data` body (RFC 7578) while it streams by: the first part that has a
/// filename or is named `file`. Other parts are passed over.
struct MultipartFile {
    /// Bytes of one part's header fields.
    static let longestHead = 16 * 1024
    /// Characters of a boundary (RFC 2046, 5.1.1).
    static let longestBoundary = 70

    enum Piece: Hashable {
        /// The file begins.
        case head(name: String?, mediaType: String?)
        case bytes([UInt8])
    }

    struct Malformed: Error {}

    private enum Place {
        /// Before the first delimiter, or in a part that is not the file.
        case elsewhere
        case head
        case file
        /// After the file's end, or after the closing delimiter.
        case behind
    }

    private let delimiter: [UInt8]
    // The first delimiter has no line break before it where there is no preamble.
    private var buffer: [UInt8] = [0x0D, 0x0A]
    private var place = Place.elsewhere
    /// Whether the file has come whole.
    private(set) var isComplete = false

    /// `nil` for any other media type, and for one without a boundary.
    init?(contentType: String) {
        guard contentType.lowercased().hasPrefix("multipart/form-data") else { return nil }
        guard let boundary = Self.parameter("boundary", in: contentType),
            (1...Self.longestBoundary).contains(boundary.utf8.count)
        else { return nil }
        delimiter = [0x0D, 0x0A] + Array("--\(boundary)".utf8)
    }

    mutating func feed(_ bytes: some Sequence<UInt8>) throws(Malformed) -> [Piece] {
        guard place != .behind else { return [] }
        buffer.append(contentsOf: bytes)
        var pieces: [Piece] = []
        while try step(&pieces) {}
        return pieces
    }

    /// One step as far as the buffer allows; false where more bytes are needed, or no more are wanted.
    private mutating func step(_ pieces: inout [Piece]) throws(Malformed) -> Bool {
        switch place {
        case .behind:
            buffer = []
            return false
        case .head:
            if buffer.starts(with: [0x2D, 0x2D]) {
                place = .behind
                return true
            }
            guard let end = buffer.place(of: [0x0D, 0x0A, 0x0D, 0x0A]) else {
                if buffer.count > Self.longestHead { throw Malformed() }
                return false
            }
            let head = String(decoding: buffer[..<end], as: UTF8.self)
            buffer.removeFirst(end + 4)
            place = begin(head, &pieces) ? .file : .elsewhere
            return true
        case .elsewhere, .file:
            let end = buffer.place(of: delimiter)
            // Without a delimiter, all but what could be the beginning of one is content.
            let count = end ?? max(0, buffer.count - delimiter.count + 1)
            if place == .file, count > 0 { pieces.append(.bytes(Array(buffer[..<count]))) }
            buffer.removeFirst(count + (end == nil ? 0 : delimiter.count))
            guard end != nil else { return false }
            if place == .file { isComplete = true }
            place = place == .file ? .behind : .head
            return true
        }
    }

    private func begin(_ head: String, _ pieces: inout [Piece]) -> Bool {
        var disposition = "", mediaType: String?
        for line in head.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }
            switch parts[0].lowercased() {
            case "content-disposition": disposition = String(value)
            case "content-type": mediaType = String(value)
            default: break
            }
        }
        let name = Self.parameter("filename", in: disposition)
        guard name != nil || Self.parameter("name", in: disposition) == "file" else { return false }
        pieces.append(.head(name: name, mediaType: mediaType))
        return true
    }

    /// A parameter of a header value, quoted or not; `%22`, `%0D` and `%0A` stand for themselves (RFC 7578, 2).
    private static func parameter(_ name: String, in value: String) -> String? {
        var rest = value[...].drop { $0 != ";" }
        while rest.first == ";" {
            rest = rest.dropFirst().drop { $0 == " " }
            let key = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(key.count)
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst()
            let text: Substring
            if rest.first == "\"" {
                text = rest.dropFirst().prefix { $0 != "\"" }
                rest = rest.dropFirst(text.count + 2).drop { $0 != ";" }
            } else {
                text = rest.prefix { $0 != ";" && $0 != " " }
                rest = rest.dropFirst(text.count).drop { $0 != ";" }
            }
            if key.lowercased() == name { return String(text).replacing("%22", with: "\"") }
        }
        return nil
    }
}

extension [UInt8] {
    /// Where `pattern` begins first.
    fileprivate func place(of pattern: [UInt8]) -> Int? {
        guard let first = pattern.first, count >= pattern.count else { return nil }
        return withUnsafeBufferPointer { bytes in
            var index = 0
            while index <= bytes.count - pattern.count {
                if bytes[index] == first, bytes[index..<(index + pattern.count)].elementsEqual(pattern) { return index }
                index += 1
            }
            return nil
        }
    }
}
