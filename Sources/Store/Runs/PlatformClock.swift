import Domain
import Postgres

/// The clock that decides about leases and due times (`platform_now()`), and what to do when somebody has set it.
package struct PlatformClock: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// In milliseconds since 1970.
    package func now() async throws -> Int64 {
        let rows = try await database.dispatch.query(
            "SELECT (extract(epoch FROM platform_now()) * 1000)::bigint AS now")
        return Int64(try rows.first?.int("now") ?? 0)
    }

    /// The clock was set back from `time`, in milliseconds since 1970: what was due by then stays due, and no lease is
    /// longer than a lease. Whoever notices does it; doing it twice changes nothing.
    package func wasSetBack(from time: Int64) async throws {
        for sql in Self.due { try await database.dispatch.execute(sql, [.int(Int(time))]) }
        for sql in Self.leases { try await database.dispatch.execute(sql, [.int(ProcessOwner.leaseSeconds)]) }
    }

    private static let due = [
        """
        UPDATE runs SET ready_at = platform_now()
        WHERE ready_at > platform_now() AND ready_at <= to_timestamp($1::double precision / 1000)
        """,
        """
        UPDATE jobs SET run_after = platform_now()
        WHERE state = 'planned' AND run_after > platform_now()
            AND run_after <= to_timestamp($1::double precision / 1000)
        """,
    ]

    private static let leases = [
        """
        UPDATE runs SET lease_until = platform_now() + make_interval(secs => $1)
        WHERE owner IS NOT NULL AND lease_until > platform_now() + make_interval(secs => $1)
        """,
        """
        UPDATE jobs SET lease_until = platform_now() + make_interval(secs => $1)
        WHERE state = 'started' AND lease_until > platform_now() + make_interval(secs => $1)
        """,
        """
        UPDATE mailboxes SET lease_until = platform_now() + make_interval(secs => $1)
        WHERE owner IS NOT NULL AND lease_until > platform_now() + make_interval(secs => $1)
        """,
    ]
}
