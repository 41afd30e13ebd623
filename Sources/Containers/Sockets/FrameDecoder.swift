/// Cuts a byte stream into frames: a 4-byte big-endian length, then that many bytes.
package struct FrameDecoder {
    private let maximumBytes: Int
    private var pending: [UInt8] = []
    private var start = 0

    package init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start > 0 {
            pending.removeFirst(start)
            start = 0
        }
        pending.append(contentsOf: bytes)
    }

    /// The next whole frame, or `nil` while it is not there. Throws on a length above the maximum, after which the
    /// stream is of no use.
    package mutating func next() throws(SocketError) -> [UInt8]? {
        let available = pending.count - start
        guard available >= 4 else { return nil }
        let length = pending[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= maximumBytes else {
            throw SocketError(code: "frame_too_long", "a frame of \(length) bytes is above \(maximumBytes)")
        }
        guard available >= 4 + length else { return nil }
        let frame = Array(pending[(start + 4)..<(start + 4 + length)])
        start += 4 + length
        if start == pending.count {
            pending = []
            start = 0
        }
        return frame
    }

    /// The 4 bytes that go before a frame of `count` bytes.
    package static func header(_ count: Int) -> [UInt8] {
        let length = UInt32(truncatingIfNeeded: count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
    }
}
