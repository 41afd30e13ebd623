import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The two pages that the request names, on a port of this machine: the demo needs no internet.
final class DemoSite: Service {
    private let pages: [String: Data]
    private let port = Mutex<Int?>(nil)
    private let listening = AsyncStream<Int>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let logger: Logger

    init(directory: String, logger: Logger) throws {
        var pages: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            pages[name] = try Data(contentsOf: URL(filePath: "\(directory)/\(name)"))
        }
        self.pages = pages
        self.logger = logger
    }

    /// The port, once the site listens.
    func address() async throws -> Int {
        for await port in listening.stream { return port }
        throw MainJobFailure("The demo's pages could not be served.")
    }

    func run() async throws {
        let router = Router()
        let pages = pages
        router.get("{name}") { _, context -> Response in
            guard let name = context.parameters.get("name"), let page = pages[name] else { throw HTTPError(.notFound) }
            let type = name.hasSuffix(".css") ? "text/css" : "text/html; charset=utf-8"
            return Response(
                status: .ok, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(bytes: page)))
        }
        try await Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0), serverName: nil),
            onServerRunning: { [listening] channel in listening.continuation.yield(channel.localAddress?.port ?? 0) },
            logger: logger
        ).run()
    }
}
