import Domain
import Postgres
import Synchronization

/// Commits steps of concurrent runs together: while one transaction is under way, whatever comes next gathers, and goes
/// out as the next one. A step alone waits for nobody.
///
/// Lanes are threads with a connection each. A transaction takes one round trip, whatever it holds: per tenant a
/// `set_config` and the statements of a `StepGroup`, so that every statement is bound to its tenant by row-level
/// security. A run that is fenced off fails alone; where the server refuses one step's values, each step is tried on
/// its own. Where a connection breaks under way nobody knows what was committed: every run of the group gets
/// `commitOutcomeUnknown` and must be loaded again.
package final class GroupCommitter: StepCommitter {
    /// Two: one commits while the other gathers and sends. A third only divides the groups.
    package static let defaultLanes = 2
    /// Runs of one transaction: beyond it a group's own work outweighs what its commit costs.
    package static let largestGroup = 128
    /// Checkpoints of one transaction, for the same reason, unless it is one run's.
    static let largestSteps = 1_024
    /// Bytes of deltas and snapshots of one transaction, so that a large state does not hold up others for long.
    static let largestBytes = 4 << 20

    private let queue = ThreadQueue<PendingStep>()
    private let owner: ProcessOwner
    private let configuration: PostgresConfiguration
    private let lanes: Int
    private let started = Mutex(false)

    /// `owner` is the process whose leases the steps are of: once it has fallen silent nothing more is sent. Threads
    /// and connections come with the first step.
    package init(_ database: Database, owner: ProcessOwner, lanes: Int = defaultLanes) {
        self.owner = owner
        self.lanes = max(1, lanes)
        var configuration = database.app.configuration
        configuration.onConnect += StepLane.planning
        self.configuration = configuration
    }

    deinit { queue.close() }

    package func commit(_ step: StepCommit) async throws { _ = try await committed(step) }

    package func committed(_ step: StepCommit) async throws -> StepReceipt? {
        try start()
        return try await withCheckedThrowingContinuation { continuation in
            if !queue.put(PendingStep(step: step, continuation: continuation)) {
                continuation.resume(throwing: PostgresError(.closed, "no more steps are committed here"))
            }
        }
    }
}

extension GroupCommitter {
    private func start() throws {
        try started.withLock { started in
            guard !started else { return }
            for _ in 0..<lanes {
                try OwnThread.start { [queue, configuration, owner] in StepLane(configuration, owner).run(queue) }
            }
            started = true
        }
    }
}

struct PendingStep: Sendable {
    let step: StepCommit
    let continuation: CheckedContinuation<StepReceipt?, any Error>
}

/// One thread's work: takes what has gathered, commits it, answers.
struct StepLane {
    /// Plans are made once, on tables that may still be empty, for which reading all of a tenant would look cheaper than
    /// looking up rows by their keys. A group's statements find rows in subqueries that go before (`OFFSET 0`) and change
    /// them by their places (`ctid`): with every other way to a table counted as disabled, that way is the one with the
    /// fewest disabled steps, whatever the tables hold. A key is a range of one, in its order: only the primary key's
    /// index gives that without a sort, where for an equality on an empty table any index of the tenant's would do.
    static let planning = [
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_indexscan = off; "
            + "SET enable_indexonlyscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; "
            + "SET enable_mergejoin = off; SET enable_material = off; SET enable_memoize = off; "
            + "SET enable_sort = off; SET enable_incremental_sort = off"
    ]

    private let configuration: PostgresConfiguration
    private let owner: ProcessOwner
    private var connection: BlockingConnection?

    init(_ configuration: PostgresConfiguration, _ owner: ProcessOwner) {
        self.configuration = configuration
        self.owner = owner
    }

    func run(_ queue: ThreadQueue<PendingStep>) {
        var lane = self
        while let steps = queue.take(most: GroupCommitter.largestGroup) {
            for group in Self.groups(steps) { lane.commit(group) }
        }
    }

    /// In the order of coming; a run once a group, and no group of more than `largestBytes` or `largestSteps` unless it
    /// is a run alone.
    static func groups(_ steps: [PendingStep]) -> [[PendingStep]] {
        var groups: [[PendingStep]] = []
        var runs: Set<RunID> = []
        var (bytes, checkpoints) = (0, 0)
        for step in steps {
            let (moreBytes, more) = (step.step.bytes, step.step.earlier.count + 1)
            if groups.isEmpty || !runs.insert(step.step.lease.run).inserted
                || bytes + moreBytes > GroupCommitter.largestBytes || checkpoints + more > GroupCommitter.largestSteps
            {
                groups.append([])
                runs = [step.step.lease.run]
                (bytes, checkpoints) = (0, 0)
            }
            groups[groups.count - 1].append(step)
            bytes += moreBytes
            checkpoints += more
        }
        return groups
    }

    private mutating func commit(_ group: [PendingStep]) {
        do {
            answer(group, try send(group.map(\.step)))
        } catch let error as PostgresError where error.code == .server || error.code == .invalidParameter {
            // Nothing took effect. One step's values may be to blame: each stands alone now.
            guard group.count > 1 else { return refuse(group, error) }
            for step in group { commit([step]) }
        } catch {
            refuse(group, error)
        }
    }

    private func answer(_ group: [PendingStep], _ receipts: [RunID: StepReceipt]) {
        for pending in group {
            if let receipt = receipts[pending.step.lease.run] {
                pending.continuation.resume(returning: receipt)
            } else {
                pending.continuation.resume(throwing: LeaseError.fenced)
            }
        }
    }

    private func refuse(_ group: [PendingStep], _ error: any Error) {
        for pending in group { pending.continuation.resume(throwing: error) }
    }

    /// Tenants in the order of their ids, so that two groups lock audit heads in the same order.
    private mutating func send(_ steps: [StepCommit]) throws -> [RunID: StepReceipt] {
        let groups = Dictionary(grouping: steps, by: \.lease.tenant).map { StepGroup($0.key, $0.value) }
            .sorted { $0.tenant.uuid < $1.tenant.uuid }
        var statements: [PostgresStatement] = []
        var first: [Int] = []
        for group in groups {
            statements.append(
                PostgresStatement("SELECT set_config('app.tenant', $1, true)", [.text(group.tenant.description)]))
            first.append(statements.count + StepGroup.told)
            statements += try group.statements()
        }
        guard owner.isAlive else { throw LeaseError.fenced }
        let results = try opened().transaction(statements)
        var receipts: [RunID: StepReceipt] = [:]
        for (group, index) in zip(groups, first) {
            for (step, receipt) in zip(group.steps, try group.receipts(results[index])) {
                receipts[step.lease.run] = receipt
            }
        }
        return receipts
    }

    private mutating func opened() throws -> BlockingConnection {
        if let connection, !connection.isBroken { return connection }
        let fresh = try BlockingConnection(configuration)
        connection = fresh
        return fresh
    }
}
