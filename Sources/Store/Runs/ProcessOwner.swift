package import Postgres
import Synchronization

/// A running process as leases name it: a number, and a session that holds the number's advisory lock for as long as
/// the process lives. When the process dies the server frees the lock, and its leases may be taken at once.
///
/// The session is a connection of its own on a thread of its own, and renewals go over it, so that neither a busy pool
/// nor a busy task pool makes a living owner look dead.
package final class ProcessOwner: Sendable {
    /// Seconds until a lease that nobody renews may be taken, whatever the owner's session says.
    package static let leaseSeconds = 10
    /// Time between two renewals: three fit in a lease.
    package static let renewalInterval = Duration.seconds(3)
    /// After that time without a renewal the owner stops itself: two thirds of the lease, by its own clock.
    package static let fenceAfter = Duration.seconds(Double(leaseSeconds) * 2 / 3)

    package let number: Int
    let session: PostgresConnection
    private let renewed: Mutex<ContinuousClock.Instant>

    private init(number: Int, session: PostgresConnection) {
        self.number = number
        self.session = session
        renewed = Mutex(.now)
    }

    /// Takes a number and its lock. `configuration` logs in as `persona_dispatch`.
    package static func register(_ configuration: PostgresConfiguration) async throws -> ProcessOwner {
        let session = try await PostgresConnection.connect(configuration)
        let rows = try await session.query("SELECT nextval('process_owners') AS number")
        let number = try rows.first?.int("number") ?? 0
        _ = try await session.query(
            "SELECT pg_advisory_lock('process_owners'::regclass::oid::int, $1::int)", [.int(number)])
        return ProcessOwner(number: number, session: session)
    }

    /// Whether writes may still be made: the last renewal is younger than two thirds of a lease, and the session holds.
    package var isAlive: Bool {
        !session.isBroken && renewed.withLock { ContinuousClock.now - $0 < Self.fenceAfter }
    }

    /// Runs one renewal over the session. The lease counts from before the question, so that a slow answer is no gain.
    func renew<Value>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let start = ContinuousClock.now
        let value = try await body(session)
        renewed.withLock { $0 = start }
        return value
    }

    /// Frees the number; leases that are left become free with it.
    package func close() async { await session.close() }
}
