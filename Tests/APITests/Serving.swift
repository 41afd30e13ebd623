import API
import Hummingbird
import Logging
import ServiceLifecycle
import Synchronization

/// Runs the API on a free port while `body` lasts.
func serving(_ services: Services, logger: Logger, _ body: @escaping @Sendable (Int) async throws -> Void) async throws
{
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let application = try APIServer.application(services, host: "127.0.0.1", port: 0, logger: logger) {
        continuation.yield($0)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await application.run()
        }
        for await port in ports {
            do {
                try await body(port)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
            return
        }
        try await group.waitForAll()
    }
}

/// Runs the API in a group; `body` gets the port and what shuts the group down. Returns when all has ended.
func servingUntilShutdown(
    _ services: Services, logger: Logger, _ body: @escaping @Sendable (Int, ServiceGroup) async throws -> Void
) async throws {
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let application = try APIServer.application(services, host: "127.0.0.1", port: 0, logger: logger) {
        continuation.yield($0)
    }
    let services = ServiceGroup(services: [application], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await services.run()
        }
        for await port in ports {
            try await body(port, services)
            break
        }
        try await group.waitForAll()
    }
}

/// Everything that was logged, to look for what must not be.
final class LogBook: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    func logger() -> Logger {
        var logger = Logger(label: "api") { _ in Handler(book: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let book: LogBook
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let own = metadata
            book.lines.withLock { $0.append("\(event.message) \(own) \(event.metadata ?? [:])") }
        }
    }
}
