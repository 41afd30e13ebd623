import FoundationEssentials
package import Hummingbird
package import Logging
import NIOCore
import ServiceLifecycle

/// The contract on a socket.
package enum APIServer {
    /// Seconds after which a connection is closed on which no request is being served and nothing arrives: also what
    /// ends a client that sends its request drop by drop and falls silent.
    static let idleSeconds: Int64 = 60

    /// A server for `port` of `host`, 0 for any free one; runs as a service.
    package static func application(
        _ services: Services, host: String, port: Int, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws -> Application<RouterResponder<CallContext>> {
        Application(
            router: try Endpoints.router(services),
            server: .http1(configuration: .init(idleTimeout: .seconds(idleSeconds))),
            configuration: .init(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) }, logger: logger)
    }
}
