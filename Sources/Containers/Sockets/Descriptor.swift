import CLinux
import Glibc

/// A file descriptor that is closed when its last owner goes.
package final class Descriptor: Sendable {
    package let raw: Int32

    package init(_ raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    package func makeNonBlocking() { _ = fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK) }

    /// Both ends of a pipe, closed on exec.
    package static func pipe(nonBlocking: Bool) throws(SocketError) -> (read: Descriptor, write: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard persona_pipe(&ends, O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0)) == 0 else {
            throw .system("pipe_failed", "no pipe could be made")
        }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }
}
