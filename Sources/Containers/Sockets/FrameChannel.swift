import Glibc
import Synchronization

/// Frames both ways over one connected socket, carried by a `PollLoop`.
package final class FrameChannel: Sendable {
    /// Frames that were read and not yet consumed; above it the peer has to wait.
    private static let backlogFrames = 64
    /// Frames waiting to be written; above it the peer does not read and `send` refuses.
    private static let outgoingBytes = 64 * 1024 * 1024

    private struct State {
        var outgoing: [[UInt8]] = []
        var outgoingBytes = 0
        var unread = 0
        var isClosed = false
    }

    /// What the peer sent, in order; ends with the connection. One reader.
    package let frames: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let state = Mutex(State())
    private let loop: PollLoop
    private let maximumBytes: Int

    package init(_ socket: Descriptor, on loop: PollLoop, maximumBytes: Int) {
        self.loop = loop
        self.maximumBytes = maximumBytes
        (frames, continuation) = AsyncStream.makeStream()
        socket.makeNonBlocking()
        loop.submit { [self] context in context.add(Member(socket, self)) }
    }

    /// Queues one frame. Throws when the connection is closed or the peer does not read.
    package func send(_ frame: [UInt8]) throws(SocketError) {
        guard frame.count <= maximumBytes else {
            throw SocketError(code: "frame_too_long", "a frame of \(frame.count) bytes is above \(maximumBytes)")
        }
        let refusal: SocketError? = state.withLock { state in
            if state.isClosed { return SocketError(code: "closed", "the connection is closed") }
            guard state.outgoingBytes < Self.outgoingBytes else {
                return SocketError(code: "peer_stalled", "the other side does not read")
            }
            state.outgoing.append(FrameDecoder.header(frame.count))
            state.outgoing.append(frame)
            state.outgoingBytes += 4 + frame.count
            return nil
        }
        if let refusal { throw refusal }
        loop.wake()
    }

    /// Says that one frame of `frames` was dealt with, so that the peer may send another.
    package func consumed() {
        let reopened = state.withLock { state in
            state.unread -= 1
            return state.unread == Self.backlogFrames - 1
        }
        if reopened { loop.wake() }
    }

    /// Ends the connection now; what was not written is lost.
    package func close() {
        state.withLock { $0.isClosed = true }
        loop.wake()
    }

    private final class Member: PollMember {
        let socket: Descriptor
        let channel: FrameChannel
        var decoder: FrameDecoder
        var writing: [UInt8] = []
        var position = 0

        init(_ socket: Descriptor, _ channel: FrameChannel) {
            self.socket = socket
            self.channel = channel
            decoder = FrameDecoder(maximumBytes: channel.maximumBytes)
        }

        var deadline: ContinuousClock.Instant? {
            channel.state.withLock { $0.isClosed } ? PollContext.immediately : nil
        }

        func interests(_ interests: inout PollInterests) {
            let events = channel.state.withLock { state in
                (state.unread < FrameChannel.backlogFrames ? POLLIN : 0)
                    | (!state.outgoing.isEmpty || position < writing.count ? POLLOUT : 0)
            }
            interests.add(socket.raw, events)
        }

        func advance(_ ready: PollReady, in context: PollContext) -> Bool {
            let events = ready[socket.raw]
            let isOpen = !channel.state.withLock { $0.isClosed }
            if isOpen, write(), events & (POLLIN | POLLHUP | POLLERR) == 0 || read() { return true }
            channel.state.withLock { state in
                state.isClosed = true
                state.outgoing = []
            }
            channel.continuation.finish()
            return false
        }

        private func write() -> Bool {
            while true {
                if position == writing.count {
                    position = 0
                    writing = channel.state.withLock { state in
                        guard !state.outgoing.isEmpty else { return [] }
                        let next = state.outgoing.removeFirst()
                        state.outgoingBytes -= next.count
                        return next
                    }
                    if writing.isEmpty {
                        if channel.state.withLock({ $0.outgoing.isEmpty }) { return true }
                        continue
                    }
                }
                let count = writing.withUnsafeBytes { bytes in
                    Glibc.send(
                        socket.raw, bytes.baseAddress.map { $0 + position }, bytes.count - position,
                        Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return errno == EAGAIN || errno == EINTR }
                position += count
            }
        }

        private func read() -> Bool {
            let count = withUnsafeTemporaryAllocation(byteCount: ByteStream.bufferBytes, alignment: 16) { buffer in
                let count = recv(socket.raw, buffer.baseAddress, buffer.count, 0)
                if count > 0 {
                    decoder.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[0..<count]))
                }
                return count
            }
            guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
            do throws(SocketError) {
                while let frame = try decoder.next() {
                    channel.state.withLock { $0.unread += 1 }
                    channel.continuation.yield(frame)
                }
                return true
            } catch {
                return false
            }
        }
    }
}
