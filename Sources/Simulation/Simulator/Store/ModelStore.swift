package import Domain

/// The tables of runs, jobs, signals and doorbells in memory, with the semantics of the repositories in `Store` and
/// nothing else: each call is one transaction at the moment `now`. The conformance tests hold it against Postgres.
///
/// A value, so that a transaction that fails has changed nothing and a state can be kept and compared.
package struct ModelStore: Sendable {
    /// `ProcessOwner.leaseSeconds` in milliseconds.
    package static let lease = 10_000
    /// `JobQueue.rescueLimit`.
    static let rescueLimit = 3
    /// `JobRescue.batch`, `RunSteps.inboxLimit`, `Runs.pendingSignals`.
    static let rescueBatch = 100
    static let inboxLimit = 200
    static let pendingSignals = 100

    /// The platform's clock, in milliseconds since 1970.
    package var now: Int
    /// Owners whose session holds its lock.
    package private(set) var living: Set<Int> = []
    package internal(set) var runs: [RunRow] = []
    package internal(set) var jobs: [JobRow] = []
    package internal(set) var steps: [StepRow] = []
    package internal(set) var checkpoints: [CheckpointRow] = []
    package internal(set) var events: [EventRow] = []
    package internal(set) var signals: [SignalRow] = []
    package internal(set) var outbox: [ModelRing] = []
    package internal(set) var audit: [AuditRow] = []
    /// Signals that a step took though an earlier one had.
    package internal(set) var takenTwice: [SignalID] = []
    let mutation: Mutation?
    private var lastOwner = 0
    private var runIndex: [RunID: Int] = [:]
    private var jobIndex: [JobID: Int] = [:]

    package init(now: Int = 0, mutation: Mutation? = nil) {
        self.now = now
        self.mutation = mutation
    }

    // MARK: Owners

    /// A new process's number, with its lock held.
    package mutating func register() -> Int {
        lastOwner += 1
        living.insert(lastOwner)
        return lastOwner
    }

    /// Takes up a number that another store gave.
    package mutating func register(as number: Int) {
        lastOwner = max(lastOwner, number)
        living.insert(number)
    }

    /// The session of `owner` has ended.
    package mutating func end(_ owner: Int) { living.remove(owner) }

    // MARK: Rows

    package func run(_ id: RunID) -> RunRow? { runIndex[id].map { runs[$0] } }

    package func job(_ id: JobID) -> JobRow? { jobIndex[id].map { jobs[$0] } }

    func index(_ id: RunID) -> Int? { runIndex[id] }

    func index(_ id: JobID) -> Int? { jobIndex[id] }

    mutating func insert(_ run: RunRow) {
        runIndex[run.id] = runs.count
        runs.append(run)
    }

    mutating func insert(_ job: JobRow) {
        jobIndex[job.id] = jobs.count
        jobs.append(job)
    }

    mutating func note(_ action: String, _ subject: RunID) { note(action, "run:\(subject)") }

    mutating func note(_ action: String, _ subject: JobID) { note(action, "job:\(subject)") }

    private mutating func note(_ action: String, _ subject: String) {
        audit.append(AuditRow(action: action, subject: subject))
    }

    /// The run has news, unless it has ended.
    mutating func wake(_ run: RunID) {
        guard let index = runIndex[run], runs[index].finishedAt == nil else { return }
        runs[index].wakes += 1
        runs[index].readyAt = now
    }

    // MARK: Doorbells

    /// `Outbox.take`.
    package mutating func takeRings(limit: Int = 500) -> [ModelRing] {
        let taken = Array(outbox.prefix(limit))
        outbox.removeFirst(taken.count)
        return taken
    }
}
