/// The beginning and the end of an output of any length, in bounded memory.
package struct KeptOutput: Sendable {
    private let headLimit: Int
    private let tailLimit: Int
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    /// Where the oldest byte of a full tail is.
    private var oldest = 0
    /// Bytes that came.
    package private(set) var total = 0

    /// - Parameter limit: bytes that are kept, half from the beginning and half from the end.
    package init(limit: Int) {
        headLimit = limit - limit / 2
        tailLimit = limit / 2
    }

    package var isCut: Bool { total > head.count + tail.count }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        total += bytes.count
        let first = min(bytes.count, headLimit - head.count)
        head += bytes[..<first]
        // Of a long piece only its end can stay.
        var rest = bytes[max(first, bytes.count - tailLimit)...]
        let room = min(rest.count, tailLimit - tail.count)
        tail += rest.prefix(room)
        rest = rest.dropFirst(room)
        while !rest.isEmpty {
            let piece = rest.prefix(tailLimit - oldest)
            tail.replaceSubrange(oldest..<(oldest + piece.count), with: piece)
            oldest = (oldest + piece.count) % tailLimit
            rest = rest.dropFirst(piece.count)
        }
    }

    /// As UTF-8, what is missing said in between.
    package var text: String {
        let end = tail[oldest...] + tail[..<oldest]
        guard isCut else { return String(decoding: head + end, as: UTF8.self) }
        let left = total - head.count - tail.count
        return String(decoding: head, as: UTF8.self) + "\n… \(left) bytes left out …\n"
            + String(decoding: end, as: UTF8.self)
    }
}
