import Domain
import OrchestratorService
import Postgres
import Store
import Testing
import ToolKit

/// A real store with orchestrators that come and go, and calls that the test answers by hand.
struct Bench {
    let base: RunDatabase
    let bell = LocalDoorbell()
    /// Of the worker that the test is.
    let owner: ProcessOwner

    var queue: JobQueue { JobQueue(base.database, owner: owner) }
    var runs: Runs { Runs(base.database) }
    var tenant: TenantID { base.tenant }

    static func with(_ body: (Bench) async throws -> Void) async throws {
        try await RunDatabase.with { base in
            let bench = Bench(base: base, owner: try await base.owner())
            try await body(bench)
            await bench.owner.close()
        }
    }

    /// So many orchestrators, each of an owner of its own, until `body` has ended: then they die, with all they hold.
    @discardableResult
    func orchestrated<Value>(by count: Int = 1, _ body: () async throws -> Value) async throws -> Value {
        var owners: [ProcessOwner] = []
        for _ in 0..<count { owners.append(try await base.owner()) }
        let value = try await withThrowingTaskGroup(of: Void.self) { group in
            for owner in owners {
                let orchestrator = base.orchestrator(owner, bell)
                group.addTask {
                    do { try await orchestrator.run() } catch is CancellationError {}
                }
            }
            defer { group.cancelAll() }
            return try await body()
        }
        for owner in owners { await owner.close() }
        return value
    }

    /// Begins exactly so many calls, in the order of their steps.
    func calls(_ count: Int) async throws -> [ClaimedJob] {
        var found: [ClaimedJob] = []
        try await base.until {
            found += try await queue.claim(limit: count - found.count)
            return found.count == count
        }
        return found.sorted { $0.step < $1.step }
    }

    func complete(_ job: ClaimedJob, _ output: JSONValue = "done") async throws {
        try await queue.complete(job, output: output)
        await bell.ring([.run(job.tenant, job.run)])
    }

    func waiting(_ run: RunID) async throws -> [JSONValue] {
        try await base.until { try await base.run(run).status == .waiting }
        return try await base.run(run).waitingFor?.array ?? []
    }

    func signal(
        _ run: RunID, _ name: String, _ payload: JSONValue = [:], wait: WaitID? = nil, id: SignalID = .new()
    ) async throws -> Runs.SignalOutcome {
        let outcome = try await runs.signal(
            tenant, run, signal: id, name: name, payload: payload, wait: wait, user: nil, actor: "person")
        await bell.ring([.run(tenant, run)])
        return outcome
    }

    func question(of run: RunID) async throws -> StoredApproval {
        var found: StoredApproval?
        try await base.until {
            found = try await Approvals(base.database).list(
                tenant, status: .pending, run: run, before: nil, limit: 1
            ).first
            return found != nil
        }
        return try #require(found)
    }

    func answer(_ question: ApprovalID, approves: Bool = true) async throws -> Approvals.Outcome {
        let outcome = try await Approvals(base.database).answer(
            tenant, question, ApprovalAnswer(approves: approves), by: UserID.new(), role: "owner", actor: "user:ada")
        if case .recorded(let run) = outcome { await bell.ring([.run(tenant, run)]) }
        return outcome
    }

    func effects(_ run: RunID) async throws -> [RunEffect] { try await runs.effects(tenant, run) }

    // MARK: Graphs

    static func tool(_ name: String, _ members: JSONValue = [:]) -> JSONValue {
        .object(["type": "tool", "tool": .string(name)].merging(members.object ?? [:]) { $1 })
    }

    static func siblings(_ branches: JSONValue..., more: [String: JSONValue] = [:]) -> JSONValue {
        let node: [String: JSONValue] = [
            "type": "parallel", "join": "e", "branches": .array(branches.map { [$0] }),
        ]
        return [
            "start": "both",
            "nodes": ["both": .object(node.merging(more) { $1 }), "e": ["type": "end", "output": "${state}"]],
        ]
    }
}
