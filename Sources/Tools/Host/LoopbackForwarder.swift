import Sockets

/// Gives tools, which speak TCP, the platform's egress socket: each connection to a port of 127.0.0.1 becomes one to
/// the socket.
enum LoopbackForwarder {
    /// A browser opens some dozens; above it connections are closed at once.
    private static let maximumConnections = 256

    /// `host:port` of the forwarder.
    static func start(on loop: PollLoop, to path: String) throws(SocketError) -> String {
        let listener = try LoopbackListener()
        loop.submit { context in
            let open = Counter()
            context.add(
                Acceptor(listener.descriptor) { near, context in
                    guard open.value < maximumConnections else { return true }
                    do throws(SocketError) {
                        let far = try UnixSocket.connect(to: path)
                        open.value += 1
                        context.add(Relay(near: near, far: far, ended: { _ in open.value -= 1 }))
                    } catch {
                        // The platform is going: the client sees a closed connection and says so.
                    }
                    return true
                })
        }
        return "127.0.0.1:\(listener.port)"
    }

    /// Lives on the loop's thread.
    private final class Counter {
        var value = 0
    }
}
