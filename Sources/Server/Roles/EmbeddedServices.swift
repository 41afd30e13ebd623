package import Domain
package import Embedded
import Glibc
package import Logging
import ServiceLifecycle
import Synchronization

/// The services that the platform starts itself where none is configured: found again by other processes through
/// `services.json`, stopped by the process that started them.
package final class EmbeddedServices: Sendable {
    package let postgres: EmbeddedPostgres?
    package let redis: EmbeddedRedis?
    private let published = Mutex<DataDirectory?>(nil)

    private let ends: AsyncStream<ChildProcess.UnexpectedEnd>

    private init(
        postgres: EmbeddedPostgres?, redis: EmbeddedRedis?, ends: AsyncStream<ChildProcess.UnexpectedEnd>
    ) {
        self.postgres = postgres
        self.redis = redis
        self.ends = ends
    }

    /// Starts, at the same time, whatever `configuration` does not name.
    package static func start(_ configuration: Configuration, logger: Logger) async throws -> EmbeddedServices {
        let directory = try DataDirectory(configuration.dataDirectory)
        let (ends, ended) = AsyncStream.makeStream(of: ChildProcess.UnexpectedEnd.self)
        let report: @Sendable (ChildProcess.UnexpectedEnd) -> Void = { end in
            ended.yield(end)
            logger.critical("\(end.name) ended by itself", metadata: ["end": "\(end.end)", "log": "\(end.logTail)"])
        }
        async let postgres =
            configuration.databaseURL == nil
            ? EmbeddedPostgres.start(in: directory, onUnexpectedEnd: report) : nil
        async let redis =
            configuration.redisURL == nil ? EmbeddedRedis.start(in: directory, onUnexpectedEnd: report) : nil
        do {
            return EmbeddedServices(postgres: try await postgres, redis: try await redis, ends: ends)
        } catch {
            // Of two, the one that did start must not stay behind; the first error is the one to show.
            try? await postgres?.stop()
            try? await redis?.stop()
            throw error
        }
    }

    /// Addresses for the roles: embedded where this started them, else as configured.
    package func addresses(_ configuration: Configuration) throws -> ServiceAddresses {
        try ServiceAddresses(
            app: postgres.map { Secret($0.url(user: "persona_app")) } ?? configuration.databaseURL,
            dispatch: postgres.map { Secret($0.url(user: "persona_dispatch")) } ?? configuration.databaseURL,
            owner: postgres.map { Secret($0.url()) } ?? configuration.databaseOwnerURL,
            redis: redis.map { Secret($0.url) } ?? configuration.redisURL)
    }

    /// Tells other processes of this data directory where the services are.
    package func publish(_ configuration: Configuration) throws {
        let directory = try DataDirectory(configuration.dataDirectory)
        try ServiceDirectory(postgres: postgres, redis: redis).write(in: directory)
        published.withLock { $0 = directory }
    }

    /// Ends the platform in words once one of them has ended by itself: without it nothing can be promised, and the
    /// next start recovers.
    var watch: any Service { EmbeddedServicesWatch(ends: ends) }

    package func stop() async throws {
        if let directory = published.withLock({ $0 }) { ServiceDirectory.remove(in: directory) }
        async let stoppedRedis: Void? = redis?.stop()
        async let stoppedPostgres: Void? = postgres?.stop()
        _ = try await (stoppedRedis, stoppedPostgres)
    }
}

private struct EmbeddedServicesWatch: Service {
    let ends: AsyncStream<ChildProcess.UnexpectedEnd>

    func run() async throws {
        for await end in ends.cancelOnGracefulShutdown() { throw EmbeddedServiceEnded(name: end.name) }
    }
}

struct EmbeddedServiceEnded: Error, CustomStringConvertible {
    let name: String
    var description: String {
        "The platform's own \(name) ended by itself, so the platform stops. Nothing is lost: start it again."
    }
}

/// Where Postgres and Redis are, one login for each way in.
package struct ServiceAddresses: Sendable {
    package let app: Secret
    package let dispatch: Secret
    package let owner: Secret
    package let redis: Secret

    package init(app: Secret?, dispatch: Secret?, owner: Secret?, redis: Secret?) throws(MissingService) {
        guard let app, let dispatch, let owner else { throw MissingService(name: "Postgres", setting: .databaseURL) }
        guard let redis else { throw MissingService(name: "Redis", setting: .redisURL) }
        self.app = app
        self.dispatch = dispatch
        self.owner = owner
        self.redis = redis
    }
}

extension ServiceAddresses {
    /// Of a platform that runs in the data directory now; `nil` where none does.
    init?(running configuration: Configuration) throws {
        let published = ServiceDirectory.read(in: try DataDirectory(configuration.dataDirectory))
        guard let published, kill(published.pid, 0) == 0 else { return nil }
        try self.init(found: configuration)
    }

    /// As configured, or as a process that runs in the data directory has published.
    package init(found configuration: Configuration) throws {
        let published = ServiceDirectory.read(in: try DataDirectory(configuration.dataDirectory))
        try self.init(
            app: configuration.databaseURL ?? published?.postgres.map { Secret($0.url(user: "persona_app")) },
            dispatch: configuration.databaseURL ?? published?.postgres.map { Secret($0.url(user: "persona_dispatch")) },
            owner: configuration.databaseOwnerURL ?? published?.postgres.map { Secret($0.url(user: $0.superuser)) },
            redis: configuration.redisURL ?? published?.redis.map { Secret("unix://\($0.socket)") })
    }
}

package struct MissingService: Error, Sendable, CustomStringConvertible {
    let name: String
    let setting: Setting

    package var description: String {
        "No \(name): set \(setting.variable), or start one with 'persona services' or 'persona up' in this directory."
    }
}
