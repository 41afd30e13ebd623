import Domain
import FoundationEssentials
import OrchestratorCore
import OrchestratorService
import Postgres
import Store
import TestKit
import Testing
import ToolKit

/// What the suites of LangGraph, DBOS, Temporal and River test of crashes, recovery and queues, on the real store. Where
/// others fell, the thread is named.
@Suite(.timeLimit(.minutes(5))) struct CrashScenarios {
    /// LangGraph: pending writes.
    @Test func finishedSiblingIsNotRunAgainAfterACrash() async throws {
        try await Bench.with { bench in
            let run = try await bench.base.start(Bench.siblings(Bench.tool("look"), Bench.tool("look")))
            // The orchestrator dies after one sibling has ended, whether it has taken that up or not.
            let calls = try await bench.orchestrated { try await bench.calls(2) }
            try await bench.complete(calls[0], "first")
            try await bench.orchestrated {
                try await bench.complete(calls[1], "second")
                #expect(try await bench.base.untilEnded(run).status == .succeeded)
            }
            #expect(try await bench.effects(run).map(\.attempt) == [1, 1])
            try await bench.base.checkHistory(run)
        }
    }

    /// LangGraph: a fork serves the checkpoint, not what came in after it.
    @Test func forkDoesNotApplyPendingWrites() async throws {
        try await Bench.with { bench in
            let run = try await bench.base.start(
                Bench.siblings(Bench.tool("look", ["output": "a"]), Bench.tool("look", ["output": "b"])))
            let calls = try await bench.orchestrated { try await bench.calls(2) }
            // Written to the ledger, and taken up by no step: nobody orchestrates.
            try await bench.complete(calls[0], "pending")
            let past = RunPast(bench.base.database)
            let moment = try #require(try await past.moment(bench.tenant, run))
            let graph = try GraphDefinition(moment.graph)
            let changes = try moment.deltas.flatMap { try RunChange.decode($0) }
            let state = Fork.state(snapshot: nil, changes: changes)
            let fork = try Fork(of: run, at: moment.checkpoint, state: state, graph: graph, now: moment.now)
            var other = NewRun(persona: bench.base.persona, personaVersion: 1, graph: graph, input: [:])
            other.origin = NewRun.Origin(
                run: run, checkpoint: moment.checkpoint, delta: try RunChange.encode(fork.changes), steps: state.steps,
                events: fork.events)
            #expect(try await past.fork(bench.tenant, other, actor: "person"))
            let own = try await bench.orchestrated {
                let own = try await bench.calls(2)
                #expect(own.allSatisfy { $0.run == other.id })
                #expect(Set(own.map(\.effectKey)).isDisjoint(with: calls.map(\.effectKey)))
                try await bench.complete(own[0], "mine")
                try await bench.complete(own[1], "mine")
                try await bench.complete(calls[1], "late")
                #expect(try await bench.base.untilEnded(run).output == ["a": "pending", "b": "late"])
                return try await bench.base.untilEnded(other.id)
            }
            #expect(own.output == ["a": "mine", "b": "mine"])
        }
    }

    /// DBOS for Java, issue 491: recovery at the start adopted a run that had just begun, and executed it twice.
    @Test func recoveryAtTheStartAdoptsNoFreshRun() async throws {
        try await Bench.with { bench in
            var runs: [RunID] = []
            for _ in 0..<5 { runs.append(try await bench.base.start(Bench.siblings(Bench.tool("look")))) }
            try await bench.orchestrated {
                // While one is at it, three more start and recover, and new runs are begun.
                try await bench.orchestrated(by: 3) {
                    for _ in 0..<5 { runs.append(try await bench.base.start(Bench.siblings(Bench.tool("look")))) }
                    let calls = try await bench.calls(runs.count)
                    #expect(Set(calls.map(\.run)) == Set(runs))
                    for call in calls { try await bench.complete(call) }
                    for run in runs { #expect(try await bench.base.untilEnded(run).status == .succeeded) }
                }
            }
            for run in runs {
                #expect(try await bench.effects(run).map(\.attempt) == [1])
                try await bench.base.checkHistory(run)
            }
        }
    }

    /// DBOS and River: whatever kills its worker is given up after three deaths, and its neighbours finish.
    @Test func callThatKillsItsWorkerIsADeadLetterAndItsNeighbourFinishes() async throws {
        try await Bench.with { bench in
            let poison = try await bench.base.start(Bench.siblings(Bench.tool("look")))
            let neighbour = try await bench.base.start(Bench.siblings(Bench.tool("send")))
            try await bench.orchestrated {
                for death in 1...JobQueue.rescueLimit {
                    let dying = try await bench.base.owner()
                    let queue = JobQueue(bench.base.database, owner: dying)
                    var mine: [ClaimedJob] = []
                    try await bench.base.until {
                        for job in try await queue.claim(limit: 1) {
                            if job.run == poison {
                                mine.append(job)
                            } else {
                                try await queue.complete(job, output: "sent")
                            }
                        }
                        return !mine.isEmpty
                    }
                    #expect(mine.first?.attempt == death)
                    await dying.close()
                }
                let ended = try await bench.base.untilEnded(poison)
                #expect(ended.error?["code"] == "worker_lost")
                for job in try await bench.queue.claim(limit: 1) { try await bench.complete(job, "sent") }
                #expect(try await bench.base.untilEnded(neighbour).status == .succeeded)
            }
            let letters = try await DeadLetters(bench.base.database).list(
                bench.tenant, run: nil, isOpen: true, before: nil, limit: 9)
            #expect(letters.map(\.run) == [poison] && letters.first?.attempt == JobQueue.rescueLimit)
        }
    }

    /// River, issues 1288 and 1302: a rescuer took a job that lived, or one that had ended since it had looked.
    @Test func callThatLivesOrHasEndedIsNeverRescued() async throws {
        try await Bench.with { bench in
            let run = try await bench.base.start(Bench.siblings(Bench.tool("look"), Bench.tool("look")))
            let calls = try await bench.orchestrated { try await bench.calls(2) }
            try await bench.queue.complete(calls[0], output: 1)
            let rescue = JobRescue(bench.base.database)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { for _ in 0..<10 { _ = try await rescue.sweep() } } }
                try await group.waitForAll()
            }
            #expect(try await bench.queue.heartbeat() == [calls[1].id])
            #expect(try await bench.effects(run).map(\.state) == [.done, .started])
            try await bench.queue.complete(calls[1], output: 2)
            #expect(try await bench.effects(run).map(\.attempt) == [1, 1])
        }
    }

    /// River, issue 1258: jobs stood as running for 91 days.
    @Test func callThatNobodyRunsAnyMoreIsNotLeftRunning() async throws {
        try await Bench.with { bench in
            let run = try await bench.base.start(Bench.siblings(Bench.tool("look")))
            let lost = try await bench.orchestrated { try #require(try await bench.calls(1).first) }
            // Its worker lives and beats on, but has lost the call: nothing prolongs it.
            await #expect(throws: PostgresError.self) {
                try await bench.queue.complete(lost, output: 1, also: [PostgresStatement("SELECT 1/0")])
            }
            try await bench.base.admin.execute(
                "UPDATE jobs SET lease_until = platform_now() - interval '1 second' WHERE state = 'started'")
            #expect(try await bench.queue.heartbeat().isEmpty)
            try await bench.orchestrated {
                let again = try #require(try await bench.calls(1).first)
                #expect(again.id == lost.id && again.attempt == 2)
                try await bench.complete(again)
                #expect(try await bench.base.untilEnded(run).status == .succeeded)
            }
        }
    }

    /// DBOS for Go, issue 392: a lost acknowledgement of the commit was taken for a conflict.
    @Test func signalIsReceivedOnceHoweverOftenItsAcknowledgementIsLost() async throws {
        try await Bench.with { bench in
            let proxy = try PostgresProxy(before: try await TestServices.shared.databaseURL())
            defer { proxy.stop() }
            let schema = try await bench.base.admin.query("SELECT current_schema()::text AS name").first?.text("name")
            let configuration = PostgresConfiguration(
                dsn: proxy.url,
                onConnect: ["SET search_path TO \(try #require(schema)), public", "SET ROLE persona_app"])
            let far = Database(
                app: PostgresPool(configuration, size: 2), dispatch: PostgresPool(bench.base.dispatch, size: 1))
            let run = try await bench.base.start([
                "start": "w",
                "nodes": [
                    "w": ["type": "wait", "signal": "go", "output": "x", "next": "e"],
                    "e": ["type": "end", "output": "${state.x}"],
                ],
            ])
            try await bench.orchestrated {
                let waits = try await bench.waiting(run)
                let wait = try #require(waits.first?["id"]?.string.flatMap { WaitID($0) })
                let id = SignalID.new()
                proxy.loseCommit(every: 1)
                for _ in 0..<4 {
                    let outcome = try await Runs(far).signal(
                        bench.tenant, run, signal: id, name: "go", payload: ["n": 1], wait: wait, user: nil,
                        actor: "person")
                    #expect(outcome == .accepted)
                }
                #expect(proxy.lostCommits == 4)
                await bench.bell.ring([.run(bench.tenant, run)])
                #expect(try await bench.base.untilEnded(run).output == ["n": 1])
                // Also to a run that it has ended.
                #expect(try await bench.signal(run, "go", wait: wait, id: id) == .accepted)
                #expect(try await bench.signal(run, "go", wait: wait) == .noRun)
            }
            let told = try await bench.base.admin.query("SELECT count(*) AS n FROM signals")
            #expect(try told.first?.int("n") == 1)
            await far.app.close()
            await far.dispatch.close()
        }
    }

    /// DBOS: limits of queues hold across processes and across recovery.
    @Test func atMostSoManyRunsOfAKeyAreUnderWayAcrossProcessesAndRecovery() async throws {
        try await Bench.with { bench in
            var graph = Bench.siblings(Bench.tool("look")).object ?? [:]
            graph["concurrency"] = ["key": "input.customer", "limit": 2]
            var runs: [RunID] = []
            for _ in 0..<6 {
                runs.append(try await bench.base.start(.object(graph), input: ["customer": "acme"]))
            }
            func underWay() async throws -> Int {
                try await bench.base.admin.query(
                    "SELECT count(*) AS n FROM runs WHERE started_at IS NOT NULL AND finished_at IS NULL"
                ).first?.int("n") ?? 0
            }
            var done = 0
            while done < runs.count {
                // Each pair of orchestrators dies in the middle; the next one recovers.
                let calls = try await bench.orchestrated(by: 2) { try await bench.calls(2) }
                #expect(try await bench.queue.claim(limit: 9).isEmpty)
                #expect(try await underWay() == 2)
                try await bench.orchestrated(by: 2) {
                    for call in calls {
                        try await bench.complete(call)
                        #expect(try await bench.base.untilEnded(call.run).status == .succeeded)
                        #expect(try await underWay() <= 2)
                    }
                }
                done += calls.count
            }
            for run in runs { #expect(try await bench.effects(run).map(\.attempt) == [1]) }
        }
    }
}
