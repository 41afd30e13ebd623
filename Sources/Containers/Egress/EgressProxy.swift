import Glibc
package import Sockets
import Synchronization

/// The only way out of a sandbox: an HTTP proxy on a Unix socket per persona, all on one thread.
package final class EgressProxy: Sendable {
    /// Of one persona at once; more are closed unanswered.
    private static let maximumConnections = 256

    private let loop: PollLoop
    private let resolver: Resolver

    package init(on loop: PollLoop, resolver: Resolver = Resolver()) {
        self.loop = loop
        self.resolver = resolver
    }

    /// Listens at `path` until the listener is closed. `ledger` hears of each connection at its end, on the loop's
    /// thread: it must not block.
    package func open(
        _ path: String, policy: EgressPolicy, ledger: @escaping @Sendable (EgressRecord) -> Void
    ) throws(SocketError) -> EgressListener {
        let socket = try UnixSocket.listen(at: path)
        let listener = EgressListener(policy, loop: loop)
        loop.submit { [resolver, loop] context in
            let open = OpenConnections()
            context.add(
                Acceptor(socket, isOver: { listener.isClosed }) { client, context in
                    guard open.count < Self.maximumConnections else { return true }
                    open.count += 1
                    context.add(
                        EgressConnection(
                            client, policy: listener.policy, resolver: resolver, wake: { loop.wake() },
                            ended: { record in
                                open.count -= 1
                                ledger(record)
                            }))
                    return true
                })
        }
        return listener
    }
}

/// Lives on the loop's thread.
private final class OpenConnections {
    var count = 0
}

/// A persona's open way out.
package final class EgressListener: Sendable {
    private struct State {
        var policy: EgressPolicy
        var isClosed = false
    }

    private let state: Mutex<State>
    private let loop: PollLoop

    fileprivate init(_ policy: EgressPolicy, loop: PollLoop) {
        state = Mutex(State(policy: policy))
        self.loop = loop
    }

    fileprivate var policy: EgressPolicy { state.withLock { $0.policy } }
    fileprivate var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Counts for connections from now on.
    package func update(_ policy: EgressPolicy) { state.withLock { $0.policy = policy } }

    /// Takes no more connections; open ones end with their client.
    package func close() {
        state.withLock { $0.isClosed = true }
        loop.wake()
    }
}

/// One connection through the proxy, or one that was refused.
package struct EgressRecord: Sendable, Hashable {
    package enum Verdict: String, Sendable, Hashable { case allowed, refused, failed }

    package var verdict: Verdict
    /// Why it was refused or failed.
    package var reason: String?
    /// Empty where the request named none.
    package var host: String
    package var port: UInt16
    /// The address that was connected to.
    package var address: String?
    /// Bytes from and to the sandbox.
    package var bytesUp = 0
    package var bytesDown = 0
    package var duration: Duration
}
