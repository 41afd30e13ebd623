import Domain
import FoundationEssentials
import Logging
import OrchestratorCore
import OrchestratorService
import Postgres
import Store
import Synchronization
import Testing

/// Runs ahead of their commits: steps that nobody outside has to hear of become durable together, each with a
/// checkpoint of its own.
@Suite(.timeLimit(.minutes(10))) struct ChainTests {
    /// `count` nodes of which all but the last add a text to a list.
    private static func graph(_ count: Int) -> JSONValue {
        var nodes: [String: JSONValue] = ["n\(count - 1)": ["type": "end", "output": "${state.log}"]]
        for number in 0..<(count - 1) {
            nodes["n\(number)"] = [
                "type": "set", "values": ["log": .string("step \(number)")], "next": .string("n\(number + 1)"),
            ]
        }
        return ["start": "n0", "reducers": ["log": "append"], "nodes": .object(nodes)]
    }

    private func log(_ count: Int) -> JSONValue { .array((0..<count).map { .string("step \($0)") }) }

    private func during(_ base: RunDatabase, _ committer: TamperingCommitter, _ body: () async throws -> Void)
        async throws
    {
        let owner = committer.owner
        var options = Orchestrator.Options()
        options.sweepInterval = .milliseconds(100)
        let orchestrator = Orchestrator(
            database: base.database, owner: owner, doorbell: LocalDoorbell(), tools: RunDatabase.tools,
            effectKey: { _ in EffectKey(secret: Data(repeating: 3, count: 32)) }, committer: committer,
            options: options, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await orchestrator.run() } catch is CancellationError {}
            }
            try await body()
            group.cancelAll()
        }
        await owner.close()
    }

    @Test func oneCommitCarriesAChainAndEveryCheckpointIsThere() async throws {
        try await RunDatabase.with { base in
            let committer = TamperingCommitter(base, try await base.owner())
            try await during(base, committer) {
                let id = try await base.start(Self.graph(10))
                let run = try await base.untilEnded(id)
                #expect(run.output == log(9))
                try await base.checkHistory(id)
                #expect(committer.sizes == [10])
                let points = try await Runs(base.database).checkpoints(base.tenant, id, limit: 100)
                #expect(points.count == 10)
                #expect(points.last?.seq == run.seq)
                #expect(try await Runs(base.database).steps(base.tenant, id, limit: 100).map(\.step) == Array(1...10))
                // Time travel stops at each of them.
                for (number, point) in points.enumerated() {
                    let moment = try #require(
                        try await RunPast(base.database).moment(base.tenant, id, at: point.seq))
                    var state = RunState()
                    for delta in moment.deltas { for change in try RunChange.decode(delta) { state.apply(change) } }
                    #expect(state.values["log"] == log(min(number + 1, 9)))
                    #expect(state.steps == number + 1)
                }
            }
        }
    }

    @Test func aChainThatIsFencedOffWritesNothing() async throws {
        try await RunDatabase.with { base in
            let committer = TamperingCommitter(base, try await base.owner())
            committer.before { number, step in
                guard number == 1 else { return }
                _ = try await base.admin.query(
                    "UPDATE runs SET epoch = epoch + 1 WHERE run_id = $1", [step.lease.run.value])
            } after: { number, step in
                guard number == 1 else { return }
                for table in ["checkpoints", "steps", "run_event_batches"] {
                    let rows = try await base.admin.query(
                        "SELECT 1 FROM \(table) WHERE run_id = $1", [step.lease.run.value])
                    #expect(rows.isEmpty, "\(table)")
                }
            }
            try await during(base, committer) {
                let id = try await base.start(Self.graph(10))
                // The lease that nobody can renew any more runs out, or is given up; then another claim follows.
                try await base.until { committer.sizes.count >= 1 && committer.fenced == 1 }
                _ = try await base.admin.query("UPDATE runs SET owner = NULL WHERE run_id = $1", [id.value])
                #expect(try await base.untilEnded(id).output == log(9))
                try await base.checkHistory(id)
            }
        }
    }

    /// Longer than one chain; the connection breaks at the second, before it is sent or after it is committed.
    @Test(arguments: [false, true]) func aRunResumesAtTheLastDurableCheckpoint(isCommitted: Bool) async throws {
        try await RunDatabase.with { base in
            let most = StepCommit.mostCheckpoints
            let committer = TamperingCommitter(base, try await base.owner())
            let lost = PostgresError(.commitOutcomeUnknown(xid: nil), "the connection broke")
            committer.before { number, step in
                if number == 2, !isCommitted { throw lost }
            } after: { number, step in
                if number == 2, isCommitted { throw lost }
            }
            try await during(base, committer) {
                let id = try await base.start(Self.graph(3 * most))
                #expect(try await base.untilEnded(id).output == log(3 * most - 1))
                try await base.checkHistory(id)
                #expect(committer.sizes == (isCommitted ? [most, most, most] : [most, most, most, most]))
                #expect(committer.starts.map { $0 > 0 } == [false] + Array(repeating: true, count: isCommitted ? 2 : 3))
                #expect(try await Runs(base.database).checkpoints(base.tenant, id, limit: 1_000).count == 3 * most)
            }
        }
    }
}

/// The real committer, with something happening before and after each commit.
final class TamperingCommitter: StepCommitter {
    typealias Hook = @Sendable (Int, StepCommit) async throws -> Void

    private struct State {
        var sizes: [Int] = []
        var starts: [Int] = []
        var fenced = 0
        var before: Hook = { _, _ in }
        var after: Hook = { _, _ in }
    }

    let owner: ProcessOwner
    private let inner: GroupCommitter
    private let state = Mutex(State())

    init(_ base: RunDatabase, _ owner: ProcessOwner) {
        self.owner = owner
        inner = GroupCommitter(base.database, owner: owner)
    }

    func before(_ before: @escaping Hook, after: @escaping Hook) {
        state.withLock { ($0.before, $0.after) = (before, after) }
    }

    /// Checkpoints of each commit, in order.
    var sizes: [Int] { state.withLock { $0.sizes } }
    /// The event after which each began.
    var starts: [Int] { state.withLock { $0.starts } }
    var fenced: Int { state.withLock { $0.fenced } }

    func commit(_ step: StepCommit) async throws { _ = try await committed(step) }

    func committed(_ step: StepCommit) async throws -> StepReceipt? {
        let (number, before, after) = state.withLock { state in
            state.sizes.append(step.checkpoints.count)
            state.starts.append(step.seq)
            return (state.sizes.count, state.before, state.after)
        }
        try await before(number, step)
        do {
            let receipt = try await inner.committed(step)
            try await after(number, step)
            return receipt
        } catch let error as LeaseError {
            try await after(number, step)
            state.withLock { $0.fenced += 1 }
            throw error
        }
    }
}
