import Domain
import OrchestratorService
import Postgres
import Store
import Testing
import ToolKit

/// Effects whose outcome is unknown when their run does not wait for them any more.
@Suite(.timeLimit(.minutes(5))) struct DoubtTests {
    static func calls(_ tool: String) -> JSONValue {
        [
            "start": "a",
            "nodes": ["a": ["type": "tool", "tool": .string(tool), "next": "e"], "e": ["type": "end"]],
        ]
    }

    /// The branch beside the call fails, and the run goes on to wait for a signal.
    static let beside: JSONValue = [
        "start": "both",
        "nodes": [
            "both": [
                "type": "parallel", "join": "e", "on_error": ["next": "rest"],
                "branches": [
                    [["type": "tool", "tool": "send"]],
                    [
                        ["type": "wait", "signal": "fail", "output": "x"],
                        ["type": "set", "values": ["y": "${sum('a')}"]],
                    ],
                ],
            ],
            "rest": ["type": "wait", "signal": "go", "next": "e"], "e": ["type": "end"],
        ],
    ]

    private struct Stage {
        let base: RunDatabase
        let run: RunID
        let call: ClaimedJob
        /// Of workers that live.
        let queue: JobQueue
        let bell: LocalDoorbell
        let owner: ProcessOwner
        let dead: ProcessOwner

        var doubts: Doubts { Doubts(base.database) }

        func state() async throws -> JobState? {
            try await Runs(base.database).effects(base.tenant, run).first { $0.job == call.id }?.state
        }

        /// The reconciliation, once a worker is asked for it.
        func asked() async throws -> ClaimedJob {
            var found: ClaimedJob?
            try await base.until {
                found = try await queue.claim(limit: 1).first
                return found != nil
            }
            let job = try #require(found)
            #expect(job.kind == .reconcile && job.tool == "find")
            #expect(job.input["effect_key"] == .string(call.effectKey))
            return job
        }

        /// Outcomes of decisions about the call in the audit, with who made them.
        func decisions() async throws -> [String] {
            try await base.admin.query(
                """
                SELECT e -> 'detail' ->> 'outcome' AS outcome, e -> 'detail' ->> 'by' AS by
                FROM (SELECT convert_from(entry, 'UTF8')::json AS e FROM audit_log) l
                WHERE e ->> 'action' = 'effect.decided' AND e ->> 'subject' = 'job:\(call.id)'
                """
            ).map { "\(try $0.text("outcome")) by \(try $0.text("by"))" }
        }
    }

    /// A call that was being transmitted when its run stopped waiting for it and its worker died.
    private func with(
        _ graph: JSONValue, phase: EffectPhase = .transmitting,
        stop: (RunDatabase, RunID, LocalDoorbell) async throws -> Void,
        _ body: (Stage) async throws -> Void
    ) async throws {
        try await RunDatabase.with { base in
            let (owner, dead, bell) = (try await base.owner(), try await base.owner(), LocalDoorbell())
            let orchestrator = base.orchestrator(owner, bell)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do { try await orchestrator.run() } catch is CancellationError {}
                }
                let run = try await base.start(graph)
                let dying = JobQueue(base.database, owner: dead)
                var claimed: ClaimedJob?
                try await base.until {
                    claimed = try await dying.claim(limit: 1).first
                    return claimed != nil
                }
                let call = try #require(claimed)
                try await dying.mark(call, .transmitting)
                if phase == .accepted { try await dying.mark(call, .accepted) }
                try await stop(base, run, bell)
                await dead.close()
                // The session's end is not enough: the lease has to run out as well.
                try await base.admin.execute(
                    "UPDATE jobs SET lease_until = platform_now() - interval '1 second' WHERE state = 'started'")
                try await body(
                    Stage(
                        base: base, run: run, call: call, queue: JobQueue(base.database, owner: owner), bell: bell,
                        owner: owner, dead: dead))
                group.cancelAll()
            }
            await owner.close()
        }
    }

    private static func cancelled(_ base: RunDatabase, _ run: RunID, _ bell: LocalDoorbell) async throws {
        #expect(try await Runs(base.database).cancel(base.tenant, run, actor: "person"))
        await bell.ring([.run(base.tenant, run)])
        #expect(try await base.untilEnded(run).status == .cancelled)
    }

    @Test(arguments: [("done", JobState.done), ("not_done", .failed)])
    func effectOfACancelledRunIsReconciledWhereItsToolCan(_ found: String, _ state: JobState) async throws {
        try await with(Self.calls("send"), stop: Self.cancelled) { stage in
            let asked = try await stage.asked()
            #expect(
                try await stage.doubts.list(stage.base.tenant, run: nil, before: nil, limit: 9).map(\.stage) == [.asked]
            )
            try await stage.queue.complete(asked, output: ["outcome": .string(found), "output": 7])
            try await stage.base.until { try await stage.state() == state }
            #expect(try await stage.decisions() == ["\(state.rawValue) by reconciliation"])
            #expect(try await stage.base.run(stage.run).status == .cancelled)
            // Where it did not happen a person may have it tried again.
            let letters = try await DeadLetters(stage.base.database).list(
                stage.base.tenant, run: stage.run, isOpen: nil, before: nil, limit: 9)
            #expect(letters.map(\.job) == (state == .failed ? [stage.call.id] : []))
            if state == .failed {
                let past = RunPast(stage.base.database)
                #expect(
                    try await past.checkpoint(stage.base.tenant, stage.run, beforeFailureOf: stage.call.step) != nil)
            }
            try await stage.base.checkHistory(stage.run)
        }
    }

    @Test func effectThatNobodyCanLookUpIsShownToAPersonWhoDecidesOnce() async throws {
        try await with(Self.calls("post"), stop: Self.cancelled) { stage in
            let (doubts, tenant, call) = (stage.doubts, stage.base.tenant, stage.call.id)
            try await stage.base.until { try await stage.state() == .unknown }
            let shown = try #require(try await doubts.list(tenant, run: stage.run, before: nil, limit: 9).first)
            #expect(shown.stage == .undecided && shown.isGivenUp && shown.runStatus == .cancelled)
            func decide(_ outcome: EffectDecision.Outcome) async throws -> Doubts.Decision {
                try await doubts.decide(tenant, call, outcome, output: nil, comment: "Looked.", actor: "user:ada")
            }
            #expect(try await decide(.retry) == .noRetry)
            #expect(try await doubts.decide(tenant, .new(), .done, output: nil, comment: nil, actor: "x") == .absent)
            #expect(try await doubts.decide(.new(), call, .done, output: nil, comment: nil, actor: "x") == .absent)
            let both = try await withThrowingTaskGroup(of: Doubts.Decision.self) { group in
                for _ in 0..<4 { group.addTask { try await decide(.done) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(both.filter { $0 == .settled(stage.run) }.count == 1 && both.filter { $0 == .over }.count == 3)
            #expect(try await stage.state() == .done)
            #expect(try await stage.decisions() == ["done by person"])
            #expect(try await doubts.list(tenant, run: nil, before: nil, limit: 9).isEmpty)
            try await stage.base.checkHistory(stage.run)
        }
    }

    @Test func effectThatTheFarEndTookIsDone() async throws {
        try await with(Self.calls("post"), phase: .accepted, stop: Self.cancelled) { stage in
            try await stage.base.until { try await stage.state() == .done }
            #expect(try await stage.decisions() == ["done by acceptance"])
        }
    }

    @Test func effectOfABranchThatWasGivenUpIsReconciledWhileTheRunGoesOn() async throws {
        try await with(Self.beside) { base, run, bell in
            _ = try await Runs(base.database).signal(
                base.tenant, run, name: "fail", payload: [:], user: nil, actor: "person")
            await bell.ring([.run(base.tenant, run)])
            try await base.until { try await base.run(run).status == .waiting }
        } _: { stage in
            let (base, run) = (stage.base, stage.run)
            let asked = try await stage.asked()
            try await stage.queue.complete(asked, output: ["outcome": "unknown"])
            try await base.until {
                try await stage.doubts.list(base.tenant, run: run, before: nil, limit: 9).map(\.stage) == [.undecided]
            }
            // The run takes up what is its own, and only that.
            _ = try await Runs(base.database).signal(
                base.tenant, run, name: "go", payload: [:], user: nil, actor: "person")
            await stage.bell.ring([.run(base.tenant, run)])
            #expect(try await base.untilEnded(run).status == .succeeded)
            #expect(try await stage.state() == .unknown)
            let decision = try await stage.doubts.decide(
                base.tenant, stage.call.id, .failed, output: nil, comment: nil, actor: "user:ada")
            #expect(decision == .settled(run))
            #expect(try await stage.state() == .failed)
            try await base.checkHistory(run)
        }
    }

    @Test func reconciliationThatFailsForAWhileIsTriedAgain() async throws {
        try await with(Self.calls("send"), stop: Self.cancelled) { stage in
            let first = try await stage.asked()
            try await stage.queue.fail(first, ToolFailure(.transient, code: "away", "The server is away."))
            try await stage.base.until {
                let effects = try await Runs(stage.base.database).effects(stage.base.tenant, stage.run)
                return effects.contains { $0.job == first.id && $0.state == .planned }
            }
            try await stage.base.admin.execute("UPDATE jobs SET run_after = platform_now() WHERE state = 'planned'")
            let second = try await stage.asked()
            #expect(second.id == first.id && second.attempt == 2)
            try await stage.queue.complete(second, output: ["outcome": "done"])
            try await stage.base.until { try await stage.state() == .done }
        }
    }
}
