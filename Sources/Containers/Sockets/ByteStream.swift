import Glibc

/// One direction of a relay: bytes from one descriptor to another through one bounded buffer.
package struct ByteStream {
    /// Enough to keep a local connection busy; held only while bytes wait.
    package static let bufferBytes = 64 * 1024

    /// How many of the bytes read may go on, and whether the source is over with them.
    package typealias Filter = (UnsafeRawBufferPointer) -> (forward: Int, isOver: Bool)

    package let source: Int32
    package let sink: Int32
    /// Bytes that reached the sink.
    package private(set) var transferred = 0
    /// No more will be read.
    package private(set) var isSourceOver = false
    /// All was read and written.
    package private(set) var isOver = false
    private var waiting: [UInt8]
    private var position = 0
    private let shutsSink: Bool
    private let filter: Filter?

    /// `first` goes out before anything that is read. `shutsSink` passes the source's end on to the sink.
    package init(from source: Int32, to sink: Int32, first: [UInt8] = [], shutsSink: Bool = true, filter: Filter? = nil)
    {
        self.source = source
        self.sink = sink
        self.waiting = first
        self.shutsSink = shutsSink
        self.filter = filter
    }

    package var wantsToRead: Bool { !isSourceOver && waiting.isEmpty }
    package var wantsToWrite: Bool { !waiting.isEmpty }

    package mutating func endSource() { isSourceOver = true }

    /// Moves what it can; `false` when a side failed.
    package mutating func move(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
        guard flush() else { return false }
        if wantsToRead {
            let count = recv(source, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[0..<count])
                let passed = filter?(bytes) ?? (forward: count, isOver: false)
                if passed.isOver { isSourceOver = true }
                waiting = Array(bytes[0..<min(passed.forward, count)])
                guard flush() else { return false }
            } else if count == 0 {
                isSourceOver = true
            } else if errno != EAGAIN && errno != EINTR {
                return false
            }
        }
        if isSourceOver, waiting.isEmpty, !isOver {
            isOver = true
            if shutsSink { shutdown(sink, Int32(SHUT_WR)) }
        }
        return true
    }

    private mutating func flush() -> Bool {
        while position < waiting.count {
            let count = waiting.withUnsafeBytes { bytes in
                send(
                    sink, bytes.baseAddress.map { $0 + position }, bytes.count - position,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            guard count > 0 else { return errno == EAGAIN || errno == EINTR }
            position += count
            transferred += count
        }
        waiting = []
        position = 0
        return true
    }
}
