import Domain
import Postgres
import Store
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(10))) struct LeaseTests {
    static let graph: JSONValue = [
        "start": "a",
        "nodes": ["a": ["type": "tool", "tool": "look", "output": "x", "next": "e"], "e": ["type": "end"]],
    ]

    static func step(_ lease: RunLease, _ persona: PersonaID, seq: Int = 0, wakes: Int = 0) -> StepCommit {
        let plan = StepCommit.Plan(
            step: 1, node: "a", item: nil, kind: .tool, tool: "look", input: [:], effect: .read,
            effectKey: "key-\(lease.run)", timeoutSeconds: 60, reconciles: nil)
        return StepCommit(
            lease: lease, persona: persona, seq: seq, wakes: wakes, events: [RunEvent(.runStarted)], status: .running,
            steps: 1, delta: Array("[]".utf8), snapshot: nil, waitingFor: [], wakeAt: nil, output: nil, failure: nil,
            visits: [], orders: [.plan(plan)], takenJobs: [], takenSignals: [])
    }

    @Test func twoReapersOneRunOneEpoch() async throws {
        try await RunDatabase.with { base in
            _ = try await base.start(Self.graph)
            let (one, two) = (try await base.owner(), try await base.owner())
            async let first = RunLeases(base.database, owner: one).claim()
            async let second = RunLeases(base.database, owner: two).claim()
            let claims = try await first + second
            #expect(claims.map(\.epoch) == [1])
            await one.close()
            await two.close()
        }
    }

    @Test func deadOwnersRunIsTakenAtOnceAndTheZombiesWriteHitsNothing() async throws {
        try await RunDatabase.with { base in
            let id = try await base.start(Self.graph)
            let (dead, heir) = (try await base.owner(), try await base.owner())
            let old = try #require(try await RunLeases(base.database, owner: dead).claim().first)
            let leases = RunLeases(base.database, owner: heir)
            try await leases.releaseDead()
            #expect(try await leases.claim().isEmpty)
            await dead.close()
            try await base.until { try await leases.releaseDead() == 1 }
            let new = try #require(try await leases.claim().first)
            #expect(new.epoch == old.epoch + 1)
            let steps = RunSteps(base.database)
            await #expect(throws: LeaseError.fenced) { try await steps.commit(Self.step(old, base.persona)) }
            await #expect(throws: LeaseError.fenced) { try await steps.load(old) }
            try await steps.commit(Self.step(new, base.persona))
            await #expect(throws: LeaseError.fenced) { try await steps.commit(Self.step(new, base.persona)) }
            #expect(try await base.run(id).seq == 1)
            #expect(try await Runs(base.database).effects(base.tenant, id).count == 1)
            await heir.close()
        }
    }

    @Test func newsDuringAStepKeepsTheRunReady() async throws {
        try await RunDatabase.with { base in
            let id = try await base.start(Self.graph)
            let owner = try await base.owner()
            let leases = RunLeases(base.database, owner: owner)
            let lease = try #require(try await leases.claim().first)
            let inbox = try await RunSteps(base.database).inbox(lease)
            #expect(try await Runs(base.database).cancel(base.tenant, id, actor: "system"))
            try await RunSteps(base.database).commit(Self.step(lease, base.persona, wakes: inbox.wakes))
            #expect(try await leases.ready().map(\.run) == [id])
            let later = try await RunSteps(base.database).inbox(lease)
            try await RunSteps(base.database).rest(lease, wakes: later.wakes, wakeAt: nil, release: false)
            #expect(try await leases.ready().isEmpty)
            await owner.close()
        }
    }

    /// Takes one planned job of the effect class `tool` has, marks it, lets its owner die, and rescues it.
    private func rescued(
        _ effect: EffectClass, _ phase: EffectPhase?, times: Int = 1
    ) async throws -> (state: JobState, attempt: Int) {
        var answer: (JobState, Int)?
        try await RunDatabase.with { base in
            let id = try await base.start(Self.graph)
            let keeper = try await base.owner()
            let lease = try #require(try await RunLeases(base.database, owner: keeper).claim().first)
            var step = Self.step(lease, base.persona)
            step.orders = [
                .plan(
                    StepCommit.Plan(
                        step: 1, node: "a", item: nil, kind: .tool, tool: "x", input: [:], effect: effect,
                        effectKey: "k", timeoutSeconds: 60, reconciles: nil))
            ]
            try await RunSteps(base.database).commit(step)
            for _ in 0..<times {
                let worker = try await base.owner()
                let queue = JobQueue(base.database, owner: worker)
                let job = try #require(try await queue.claim(limit: 1).first)
                if let phase { try await queue.mark(job, phase) }
                #expect(try await JobRescue(base.database).sweep().isEmpty)
                await worker.close()
                try await base.until { try await !JobRescue(base.database).sweep().isEmpty }
                let zombie = JobQueue(base.database, owner: keeper)
                await #expect(throws: LeaseError.fenced) { try await zombie.mark(job, .transmitting) }
                await #expect(throws: LeaseError.fenced) { try await zombie.complete(job, output: 1) }
            }
            let row = try #require(try await Runs(base.database).effects(base.tenant, id).first)
            answer = (row.state, row.attempt)
            await keeper.close()
        }
        return try #require(answer)
    }

    @Test(
        arguments: [
            (EffectClass.read, nil, JobState.planned), (.idempotentByKey, EffectPhase.transmitting, .planned),
            (.nonIdempotent, nil, .planned), (.nonIdempotent, .transmitting, .unknown),
            (.nonIdempotent, .accepted, .unknown), (.deduplicable, .transmitting, .unknown),
        ] as [(EffectClass, EffectPhase?, JobState)])
    func lostCallIsTakenUpByWhatIsKnownOfIt(
        _ effect: EffectClass, _ phase: EffectPhase?, _ expected: JobState
    ) async throws {
        #expect(try await rescued(effect, phase).state == expected)
    }

    @Test func callThatKillsItsWorkerThreeTimesIsADeadLetter() async throws {
        let job = try await rescued(.read, nil, times: 3)
        #expect(job.state == .failed && job.attempt == 3)
    }

    @Test func otherTenantsSeeNothingOfARun() async throws {
        try await RunDatabase.with { base in
            let id = try await base.start(Self.graph)
            let stranger = TenantID.new()
            #expect(try await Runs(base.database).find(stranger, id) == nil)
            #expect(try await Runs(base.database).cancel(stranger, id, actor: "system") == false)
            await #expect(throws: PostgresError.self) {
                try await base.database.dispatch.query("SELECT input FROM runs")
            }
        }
    }
}
