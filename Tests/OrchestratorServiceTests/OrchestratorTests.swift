import Domain
import OrchestratorService
import Postgres
import Store
import Synchronization
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(10))) struct OrchestratorTests {
    static let graph: JSONValue = [
        "start": "pages",
        "nodes": [
            "pages": [
                "type": "for_each", "items": "input.urls", "as": "url", "into": "pages",
                "collect_errors_into": "failures", "next": "send",
                "do": [
                    "type": "tool", "tool": "look", "input": ["url": "${url}"],
                    "retry": ["attempts": 2, "backoff_ms": 1],
                ],
            ],
            "send": [
                "type": "tool", "tool": "send", "input": ["pages": "${state.pages}"], "output": "sent", "next": "e",
            ],
            "e": ["type": "end", "output": "${state}"],
        ],
    ]
    static let input: JSONValue = ["urls": ["a", "bad", "c\u{0}"]]

    /// Runs `parts` while `body` lasts.
    private func during(
        _ parts: [@Sendable () async throws -> Void], _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in parts {
                group.addTask {
                    do { try await part() } catch is CancellationError {}
                }
            }
            try await body()
            group.cancelAll()
        }
    }

    private func worker(_ base: RunDatabase, _ owner: ProcessOwner, _ bell: any Doorbell, sent: Counter) -> TestWorker {
        TestWorker(queue: JobQueue(base.database, owner: owner), doorbell: bell) { job in
            switch job.tool {
            case "look":
                if job.input["url"] == "bad" { throw ToolFailure(.transient, code: "away", "The page is away.") }
                return .string("page " + (job.input["url"]?.string ?? ""))
            case "send":
                sent.add()
                return ["id": .string(job.effectKey)]
            default: return ["outcome": "unknown"]
            }
        }
    }

    private func checkResult(_ run: Run, _ base: RunDatabase) async throws {
        #expect(run.status == .succeeded, "\(String(describing: run.error))")
        #expect(run.output?["pages"] == ["page a", "page c\u{0}"])
        #expect(run.output?["failures"]?[0]?["error"]?["attempt"] == 2)
        try await base.checkHistory(run.id)
        let effects = try await Runs(base.database).effects(base.tenant, run.id)
        #expect(effects.map(\.state.rawValue).sorted() == ["done", "done", "done", "failed"])
    }

    @Test func runGoesThroughItsGraphToTheEnd() async throws {
        try await RunDatabase.with { base in
            let (owner, bell, sent) = (try await base.owner(), LocalDoorbell(), Counter())
            let worker = worker(base, owner, bell, sent: sent)
            let orchestrator = base.orchestrator(owner, bell)
            try await during([{ try await orchestrator.run() }, { try await worker.run() }]) {
                let id = try await base.start(Self.graph, input: Self.input)
                await bell.ring([.run(base.tenant, id)])
                try await checkResult(try await base.untilEnded(id), base)
                #expect(sent.value == 1)
            }
            await owner.close()
        }
    }

    @Test func everyDoorbellLostIsFoundByTheSweep() async throws {
        try await RunDatabase.with { base in
            let (owner, sent) = (try await base.owner(), Counter())
            let worker = worker(base, owner, DeafDoorbell(), sent: sent)
            let orchestrator = base.orchestrator(owner, DeafDoorbell())
            try await during([{ try await orchestrator.run() }, { try await worker.run() }]) {
                let id = try await base.start(Self.graph, input: Self.input)
                try await checkResult(try await base.untilEnded(id), base)
                #expect(sent.value == 1)
            }
            await owner.close()
        }
    }

    @Test func hundredfoldAndReorderedDoorbellsAndTwoOrchestratorsChangeNothing() async throws {
        try await RunDatabase.with { base in
            let bell = LocalDoorbell()
            let (one, two, sent) = (try await base.owner(), try await base.owner(), Counter())
            let worker = worker(base, one, bell, sent: sent)
            let (first, second) = (base.orchestrator(one, bell), base.orchestrator(two, bell))
            try await during([
                { try await first.run() }, { try await second.run() }, { try await worker.run() },
            ]) {
                var ids: [RunID] = []
                for _ in 0..<5 { ids.append(try await base.start(Self.graph, input: Self.input)) }
                let rings = ids.map { DoorbellRing.run(base.tenant, $0) }
                for _ in 0..<100 { await bell.ring(rings.shuffled()) }
                for id in ids { try await checkResult(try await base.untilEnded(id), base) }
                #expect(sent.value == 5)
            }
            await one.close()
            await two.close()
        }
    }

    @Test func orchestratorThatDiesBetweenAJobsEndAndItsTransitionIsSucceeded() async throws {
        try await RunDatabase.with { base in
            let id = try await base.start(LeaseTests.graph)
            let (dead, heir, bell) = (try await base.owner(), try await base.owner(), LocalDoorbell())
            let lease = try #require(try await RunLeases(base.database, owner: dead).claim().first)
            // The first step by hand, as the one that dies would have made it.
            let orchestrator = base.orchestrator(heir, bell)
            try await RunLeases(base.database, owner: dead).release(lease)
            let queue = JobQueue(base.database, owner: heir)
            try await during([{ try await base.orchestrator(dead, bell).run() }]) {
                try await base.until { try await !Runs(base.database).effects(base.tenant, id).isEmpty }
            }
            let job = try #require(try await queue.claim(limit: 1).first)
            try await queue.complete(job, output: "done")
            await dead.close()
            try await during([{ try await orchestrator.run() }]) {
                #expect(try await base.untilEnded(id).status == .succeeded)
                try await base.checkHistory(id)
            }
            await heir.close()
        }
    }

    @Test func cancellationReachesTheCallUnderWay() async throws {
        try await RunDatabase.with { base in
            let (owner, bell) = (try await base.owner(), LocalDoorbell())
            let orchestrator = base.orchestrator(owner, bell)
            let queue = JobQueue(base.database, owner: owner)
            try await during([{ try await orchestrator.run() }]) {
                let id = try await base.start(LeaseTests.graph)
                var job: ClaimedJob?
                try await base.until {
                    job = try await queue.claim(limit: 1).first
                    return job != nil
                }
                let claimed = try #require(job)
                #expect(try await queue.heartbeat() == [claimed.id])
                #expect(try await Runs(base.database).cancel(base.tenant, id, actor: "system"))
                await bell.ring([.run(base.tenant, id)])
                #expect(try await base.untilEnded(id).status == .cancelled)
                #expect(try await queue.heartbeat().isEmpty)
                await #expect(throws: LeaseError.fenced) { try await queue.complete(claimed, output: 1) }
                #expect(try await Runs(base.database).effects(base.tenant, id).map(\.state) == [.cancelled])
                try await base.checkHistory(id)
            }
            await owner.close()
        }
    }

    @Test func senderThatDiesWhileTransmittingIsReconciledAndThenAPersonDecides() async throws {
        try await RunDatabase.with { base in
            let graph: JSONValue = [
                "start": "a",
                "nodes": ["a": ["type": "tool", "tool": "send", "output": "x", "next": "e"], "e": ["type": "end"]],
            ]
            let (owner, dead, bell) = (try await base.owner(), try await base.owner(), LocalDoorbell())
            let orchestrator = base.orchestrator(owner, bell)
            let queue = JobQueue(base.database, owner: dead)
            try await during([{ try await orchestrator.run() }]) {
                let id = try await base.start(graph)
                try await base.until { try await !Runs(base.database).effects(base.tenant, id).isEmpty }
                let job = try #require(try await queue.claim(limit: 1).first)
                try await queue.mark(job, .transmitting)
                await dead.close()
                let living = JobQueue(base.database, owner: owner)
                var found: ClaimedJob?
                try await base.until {
                    found = try await living.claim(limit: 1).first
                    return found != nil
                }
                let reconciliation = try #require(found)
                #expect(reconciliation.kind == .reconcile && reconciliation.tool == "find")
                #expect(reconciliation.input["effect_key"] == .string(job.effectKey))
                try await living.complete(reconciliation, output: ["outcome": "unknown"])
                await bell.ring([.run(base.tenant, id)])
                try await base.until { try await base.run(id).status == .waiting }
                let waiting = try await base.run(id).waitingFor
                #expect(waiting?[0]?["signal"] == .string(EffectDecision.signal(for: job.id)))
                let runs = Runs(base.database)
                let stray = try await runs.signal(
                    base.tenant, id, name: "effect.\(JobID.new())", payload: [:], user: nil, actor: "system")
                #expect(stray == .noDecisionPending)
                let decided = try await runs.signal(
                    base.tenant, id, name: EffectDecision.signal(for: job.id), payload: ["outcome": "done"], user: nil,
                    actor: "system")
                #expect(decided == .accepted)
                #expect(try await base.untilEnded(id).status == .succeeded)
                #expect(try await runs.effects(base.tenant, id).map(\.state) == [.done, .done])
                try await base.checkHistory(id)
            }
            await owner.close()
        }
    }

    @Test func runThatCannotBeReadFailsInWords() async throws {
        try await RunDatabase.with { base in
            let (owner, bell) = (try await base.owner(), LocalDoorbell())
            let id = try await base.start(LeaseTests.graph)
            try await base.admin.execute("UPDATE runs SET graph = '{\"start\": \"gone\"}'")
            let orchestrator = base.orchestrator(owner, bell)
            try await during([{ try await orchestrator.run() }]) {
                let run = try await base.untilEnded(id)
                #expect(run.status == .failed && run.error?["code"] == "run_unreadable")
                try await base.checkHistory(id)
            }
            await owner.close()
        }
    }

    @Test func longRunIsSnapshottedAndResumesFromThere() async throws {
        try await RunDatabase.with { base in
            let graph: JSONValue = [
                "start": "a", "reducers": ["log": "append"],
                "nodes": [
                    "a": [
                        "type": "tool", "tool": "look", "input": ["url": "${text(length(state.log))}"], "output": "log",
                        "next": "b",
                    ],
                    "b": [
                        "type": "choice", "cases": [["when": "length(state.log) < 50", "next": "a"]], "default": "e",
                    ],
                    "e": ["type": "end", "output": "${length(state.log)}"],
                ],
            ]
            let (bell, sent) = (LocalDoorbell(), Counter())
            let id = try await base.start(graph)
            let working = try await base.owner()
            let worker = worker(base, working, bell, sent: sent)
            try await during([{ try await worker.run() }]) {
                for limit in [20, 60, Int.max] {
                    let owner = try await base.owner()
                    let orchestrator = base.orchestrator(owner, bell)
                    try await during([{ try await orchestrator.run() }]) {
                        try await base.until {
                            let run = try await base.run(id)
                            return run.status.isFinal || run.steps >= limit
                        }
                    }
                    await owner.close()
                }
            }
            let run = try await base.run(id)
            #expect(run.output == 50, "\(run.status) \(String(describing: run.error))")
            let checkpoints = try await Runs(base.database).checkpoints(base.tenant, id, limit: 1_000)
            #expect(checkpoints.contains { $0.hasSnapshot } && checkpoints.filter(\.hasSnapshot).count < 10)
            try await base.checkHistory(id)
            await working.close()
        }
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)
    func add() { count.withLock { $0 += 1 } }
    var value: Int { count.withLock { $0 } }
}

/// A doorbell whose every ring is lost.
struct DeafDoorbell: Doorbell {
    func ring(_ rings: [DoorbellRing]) async {}
    func rings() async -> AsyncStream<DoorbellRing> { AsyncStream { _ in } }
}
