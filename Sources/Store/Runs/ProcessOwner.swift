package import Postgres
import Synchronization

/// A running process as leases name it: a number, and a session that holds the number's advisory lock for as long as
/// the process lives. When the process dies the server frees the lock, and its leases may be taken at once.
///
/// The session belongs to a thread of its own, which renews the owner's leases of runs and jobs at every beat, so that
/// neither a busy pool nor a blocked task pool makes a living owner look dead.
package final class ProcessOwner: Sendable {
    /// Seconds until a lease that nobody renews may be taken, whatever the owner's session says.
    package static let leaseSeconds = 10
    /// Time between two renewals: three fit in a lease.
    package static let renewalInterval = Duration.seconds(3)
    /// After that time without a renewal the owner stops itself: two thirds of the lease, by its own clock.
    package static let fenceAfter = Duration.seconds(Double(leaseSeconds) * 2 / 3)

    /// Milliseconds that a renewal waits for a lock: one that fails leaves time for another before the owner would have
    /// to stop itself.
    static let lockPatience = 1_500
    /// Time for one statement of the session, for a server that does not answer.
    static let patience = Duration.seconds(5)

    package let number: Int
    private let pulse: OwnerPulse

    /// What runs here now: only this is prolonged.
    var calls: RunningCalls { pulse.calls }

    private init(number: Int, pulse: OwnerPulse) {
        self.number = number
        self.pulse = pulse
    }

    deinit { pulse.requests.close() }

    /// Takes a number and its lock, and begins to renew what it will hold. `configuration` logs in as
    /// `persona_dispatch`. Without `prolongs` its beats only look whether the session holds: for whoever counts leases by
    /// a clock that stands still between calls of `RunLeases.renew` and `JobQueue.heartbeat`.
    package static func register(
        _ configuration: PostgresConfiguration, prolongs: Bool = true
    ) async throws -> ProcessOwner {
        var configuration = configuration
        configuration.onConnect.append("SET lock_timeout = \(lockPatience)")
        configuration.queryTimeout = patience
        let pulse = OwnerPulse(configuration, prolongs: prolongs)
        let number = try await withCheckedThrowingContinuation { continuation in
            do {
                try OwnThread.start { pulse.run(registered: continuation) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        return ProcessOwner(number: number, pulse: pulse)
    }

    /// Whether writes may still be made: the last renewal is younger than two thirds of a lease, and the session holds.
    package var isAlive: Bool { pulse.isAlive }

    /// Runs one renewal over the session, between two beats. The lease counts from before the question, so that a slow
    /// answer is no gain.
    func renew(_ statement: PostgresStatement) async throws -> [PostgresRow] {
        try await withCheckedThrowingContinuation { continuation in
            if !pulse.requests.put(.renew(statement, continuation)) {
                continuation.resume(throwing: PostgresError(.closed, "this owner has ended"))
            }
        }
    }

    /// Frees the number; leases that are left become free with it.
    package func close() async {
        await withCheckedContinuation { continuation in
            if !pulse.requests.put(.close(continuation)) { continuation.resume() }
        }
    }
}

/// The thread of one owner.
final class OwnerPulse: Sendable {
    enum Request: Sendable {
        case renew(PostgresStatement, CheckedContinuation<[PostgresRow], any Error>)
        case close(CheckedContinuation<Void, Never>)
    }

    private struct State {
        var renewed = ContinuousClock.now
        var isOver = false
    }

    let requests = ThreadQueue<Request>()
    let calls = RunningCalls()
    private let configuration: PostgresConfiguration
    private let prolongs: Bool
    private let state = Mutex(State())

    init(_ configuration: PostgresConfiguration, prolongs: Bool) {
        self.configuration = configuration
        self.prolongs = prolongs
    }

    var isAlive: Bool {
        state.withLock { !$0.isOver && ContinuousClock.now - $0.renewed < ProcessOwner.fenceAfter }
    }

    /// The session's whole life, on the thread that calls it.
    func run(registered: CheckedContinuation<Int, any Error>) {
        let session: BlockingConnection
        let number: Int
        do throws(PostgresError) {
            (session, number) = try Self.register(configuration)
        } catch {
            requests.close()
            return registered.resume(throwing: error)
        }
        state.withLock { $0.renewed = .now }
        registered.resume(returning: number)
        let closing = beat(session, number)
        state.withLock { $0.isOver = true }
        refuseRest()
        session.close()
        closing?.resume()
    }

    private static func register(
        _ configuration: PostgresConfiguration
    ) throws(PostgresError) -> (BlockingConnection, Int) {
        let session = try BlockingConnection(configuration)
        let drawn = try session.transaction([PostgresStatement("SELECT nextval('process_owners') AS number")])
        let number = try drawn.first?.rows.first?.int("number") ?? 0
        _ = try session.transaction([
            PostgresStatement(
                "SELECT pg_advisory_lock('process_owners'::regclass::oid::int, $1::int)", [.int(number)])
        ])
        return (session, number)
    }

    /// Beats until asked to close, or until the session is lost and the lock with it.
    private func beat(_ session: BlockingConnection, _ number: Int) -> CheckedContinuation<Void, Never>? {
        var next = ContinuousClock.now + ProcessOwner.renewalInterval
        while !session.isBroken {
            guard let asked = requests.take(patience: max(.zero, next - .now)) else { return nil }
            // Whoever slept for too long is over: a renewal now would give back what another may have taken.
            let isSilent = !isAlive
            for (index, request) in asked.enumerated() {
                switch request {
                case .close(let continuation):
                    for late in asked[(index + 1)...] { Self.refuse(late) }
                    return continuation
                case .renew where isSilent: Self.refuse(request)
                case .renew(let statement, let continuation):
                    continuation.resume(with: Result { try renew(session, statement) })
                }
            }
            if isSilent { return nil }
            guard ContinuousClock.now >= next else { continue }
            // A renewal that failed is tried again soon: without any the owner fences itself.
            let isRenewed = beats(of: number).allSatisfy {
                (try? renew(session, $0)) != nil  // the server's reason changes nothing
            }
            next = .now + (isRenewed ? ProcessOwner.renewalInterval : .seconds(1))
        }
        return nil
    }

    private func beats(of number: Int) -> [PostgresStatement] {
        prolongs
            ? [RunLeases.renewal(of: number), JobQueue.renewal(of: number, calls.all)] : [PostgresStatement("SELECT 1")]
    }

    private func renew(_ session: BlockingConnection, _ statement: PostgresStatement) throws -> [PostgresRow] {
        let start = ContinuousClock.now
        let rows = try session.transaction([statement]).first?.rows ?? []
        state.withLock { $0.renewed = max($0.renewed, start) }
        return rows
    }

    private func refuseRest() {
        requests.close()
        while let late = requests.take() { for request in late { Self.refuse(request) } }
    }

    private static func refuse(_ request: Request) {
        switch request {
        case .renew(_, let continuation):
            continuation.resume(throwing: PostgresError(.connectionLost, "the owner's session has ended"))
        case .close(let continuation): continuation.resume()
        }
    }
}
