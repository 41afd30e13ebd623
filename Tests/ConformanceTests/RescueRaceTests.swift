import Domain
import OrchestratorCore
import Postgres
import Simulation
import Store
import Testing
import ToolKit

/// What comes between a sweep's look and its rescue: the model's moments are Postgres's transactions.
@Suite(.timeLimit(.minutes(10))) struct RescueRaceTests {
    private struct Held {
        let pair: StorePair
        let keeper: ProcessOwner
        let worker: ProcessOwner
        let run: RunID
        let job: ClaimedJob

        func state() async throws -> String {
            let rows = try await pair.admin.query(
                "SELECT state FROM jobs WHERE job_id = $1", [.uuid(job.id.uuid)])
            return try #require(rows.first).text("state")
        }

        /// A sweep that has seen the job and stands before its run's lock while `news` comes.
        func sweep(_ news: () async throws -> Void) async throws -> [DoorbellRing] {
            _ = try await pair.admin.query("BEGIN")
            _ = try await pair.admin.query("SELECT 1 FROM runs WHERE run_id = $1 FOR UPDATE", [.uuid(run.uuid)])
            async let rings = JobRescue(pair.database).sweep()
            while try await pair.admin.query(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            ).isEmpty {}
            do {
                try await news()
            } catch {
                // The sweep must not wait for ever.
                _ = try await pair.admin.query("ROLLBACK")
                throw error
            }
            _ = try await pair.admin.query("COMMIT")
            return try await rings
        }
    }

    /// One call that cannot be repeated, begun by `worker` at the time 0.
    private func with(_ body: (Held) async throws -> Void) async throws {
        try await StorePair.with { pair in
            let keeper = try await ProcessOwner.register(pair.dispatch, prolongs: false)
            let worker = try await ProcessOwner.register(pair.dispatch, prolongs: false)
            let graph: JSONValue = [
                "start": "a", "nodes": ["a": ["type": "tool", "tool": "send", "next": "e"], "e": ["type": "end"]],
            ]
            let run = NewRun(persona: pair.persona, personaVersion: 1, graph: try GraphDefinition(graph), input: [:])
            try await Runs(pair.database).create(pair.tenant, run, actor: "system")
            let lease = try #require(try await RunLeases(pair.database, owner: keeper).claim().first)
            let plan = StepCommit.Plan(
                step: 1, node: "a", item: nil, kind: .tool, tool: "send", input: [:], effect: .nonIdempotent,
                effectKey: "k", timeoutSeconds: 60, reconciles: nil)
            try await RunSteps(pair.database).commit(
                StepCommit(
                    lease: lease, persona: pair.persona, seq: 0, wakes: 0, events: [RunEvent(.runStarted)],
                    status: .running, steps: 1, delta: Array("[]".utf8), snapshot: nil, waitingFor: [], wakeAt: nil,
                    output: nil, failure: nil, visits: [], orders: [.plan(plan)], takenJobs: [], takenSignals: []))
            let job = try #require(try await JobQueue(pair.database, owner: worker).claim(limit: 1).first)
            try await body(Held(pair: pair, keeper: keeper, worker: worker, run: run.id, job: job))
            await worker.close()
            await keeper.close()
        }
    }

    /// A process whose session was cut may still be sending: to be asked about its effect before its lease has run out
    /// would find nothing, and the effect would come twice.
    @Test func callMarkedAfterTheLookIsLeftAloneUntilItsLeaseHasRunOut() async throws {
        try await with { held in
            try await held.pair.end(held.worker)
            // Any living owner writes as the one whose session was cut and which does not know it yet.
            let queue = JobQueue(held.pair.database, owner: held.keeper)
            #expect(try await held.sweep { try await queue.mark(held.job, .transmitting) }.isEmpty)
            #expect(try await held.state() == "started")
            try await held.pair.set(ModelStore.lease + 1)
            #expect(try await JobRescue(held.pair.database).sweep().count == 1)
            #expect(try await held.state() == "unknown")
        }
    }

    @Test func callProlongedAfterTheLookGoesOn() async throws {
        try await with { held in
            let queue = JobQueue(held.pair.database, owner: held.worker)
            try await held.pair.set(ModelStore.lease + 1)
            var kept: Set<JobID> = []
            #expect(try await held.sweep { kept = try await queue.heartbeat() }.isEmpty)
            #expect(kept == [held.job.id])
            try await queue.complete(held.job, output: 1)
            #expect(try await held.state() == "done")
        }
    }
}
