import Domain
import FoundationEssentials
import Glibc
import PlatformKit
import Store
import TestKit
import Testing

/// What the suites of other durable engines test, on real processes.
@Suite(.timeLimit(.minutes(10))) struct ScenarioTests {
    @Test func finishedSiblingIsNotRunAgainAfterACrash() async throws {
        try await Workshop.with { workshop in
            var orchestrator = try await workshop.start(.orchestrator), worker = try await workshop.start(.worker)
            workshop.sink.hold("slow@sink.test", at: .recipient)
            let run = try await workshop.begin(
                LeanJob.siblings(LeanJob.reply(to: "quick@sink.test"), LeanJob.reply(to: "slow@sink.test")),
                workshop.mail)
            try await until("one branch is done and the other is not") {
                let effects = try await Runs(workshop.database).effects(workshop.tenant, run)
                return effects.contains { $0.state == .done } && workshop.sink.isHolding("slow@sink.test")
            }
            await worker.killAll()
            await orchestrator.kill()
            workshop.sink.release("slow@sink.test")
            orchestrator = try await workshop.start(.orchestrator)
            worker = try await workshop.start(.worker)
            #expect(try await workshop.finished(run).status == .succeeded)
            let attempts = try await Runs(workshop.database).effects(workshop.tenant, run).map(\.attempt).sorted()
            #expect(attempts == [1, 2])
            for process in [orchestrator, worker] { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 1)
        }
    }

    @Test func failingSiblingCancelsTheOtherCall() async throws {
        try await Workshop.with { workshop in
            try await workshop.running { _ in
                workshop.sink.hold("never@sink.test", at: .recipient)
                // The other branch fails once the mail is on its way: it waits for a signal, and then reads no table.
                let run = try await workshop.begin(
                    LeanJob.siblings(
                        LeanJob.reply(to: "never@sink.test"),
                        [
                            "type": "wait", "signal": "fail", "output": "word",
                        ],
                        [
                            "type": "tool", "tool": "table.read",
                            "input": [
                                "file": ["path": "none.csv", "name": "none.csv", "media_type": "text/csv", "size": 1]
                            ],
                        ]), workshop.mail)
                try await until("the mail is on its way") { workshop.sink.isHolding("never@sink.test") }
                try await workshop.signal(run, "fail")
                #expect(try await workshop.finished(run).status == .failed)
                try await until("the call has ended") { !workshop.sink.isHolding("never@sink.test") }
                #expect(workshop.sink.count(to: "never@sink.test") == 0)
                let effects = try await Runs(workshop.database).effects(workshop.tenant, run)
                #expect(effects.filter { $0.tool == "email.reply" }.map(\.state) == [.cancelled])
            }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }

    @Test func cancellationReachesARunningCallAndLeavesNothingBehind() async throws {
        try await Workshop.with { workshop in
            try await workshop.running([.api, .orchestrator, .worker]) { processes in
                let client = try await workshop.client(processes[0])
                let run = try #require(try await workshop.beginHeld(1).first)
                try await until("the mail is on its way") { workshop.sink.isHolding(run.address) }
                #expect(try await client.post("/api/runs/\(run.id)/cancel", [:]).status == 202)
                #expect(try await workshop.finished(run.id).status == .cancelled)
                try await until("the call has ended") { !workshop.sink.isHolding(run.address) }
                // A second cancellation has nothing to stop any more.
                #expect(try await client.post("/api/runs/\(run.id)/cancel", [:]).status == 409)
                #expect(workshop.sink.count(to: run.address) == 0)
            }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }

    @Test func severalWaitsAreAnsweredAtOnceEachByItsOwnSignalOnce() async throws {
        try await Workshop.with { workshop in
            try await workshop.running([.api, .orchestrator, .worker]) { processes in
                let client = try await workshop.client(processes[0])
                let names = ["red", "green", "blue"]
                let run = try await workshop.begin(LeanJob.waits(names))
                try await until("it waits") { try await workshop.run(run).status == .waiting }
                try await withThrowingTaskGroup(of: PlatformClient.Answer.self) { group in
                    for name in names {
                        for _ in 0..<3 {
                            group.addTask {
                                try await client.post(
                                    "/api/runs/\(run)/signals",
                                    ["name": .string(name), "payload": ["by": .string(name)]],
                                    idempotencyKey: "\(run)-\(name)")
                            }
                        }
                    }
                    for try await answer in group { #expect([202, 409].contains(answer.status), "\(answer)") }
                }
                let ended = try await workshop.finished(run)
                #expect(ended.status == .succeeded)
                for name in names { #expect(ended.output?[name]?["by"]?.string == name, "\(ended)") }
                #expect(try await workshop.seed.count("signals") == names.count)
            }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }

    @Test func decisionOfAPersonIsTakenOnce() async throws {
        try await Workshop.with { workshop in
            let orchestrator = try await workshop.start(.orchestrator)
            var worker = try await workshop.start(.worker)
            workshop.sink.hold("doubt@sink.test", at: .content)
            let run = try await workshop.begin(LeanJob.single("doubt@sink.test"), workshop.mail)
            try await until("the mail is taken") { workshop.sink.isHolding("doubt@sink.test") }
            await worker.killAll()
            workshop.sink.release("doubt@sink.test")
            worker = try await workshop.start(.worker)
            try await until("a person is asked") { try await workshop.run(run).status == .waiting }
            let effect = try #require(try await Runs(workshop.database).effects(workshop.tenant, run).first)
            #expect(effect.state == .unknown)
            let stranger = EffectDecision.signal(for: JobID.new())
            #expect(try await workshop.signal(run, stranger, ["outcome": "retry"]) == .noDecisionPending)
            try await workshop.signal(run, EffectDecision.signal(for: effect.job), ["outcome": "done"])
            _ = try await workshop.signal(run, EffectDecision.signal(for: effect.job), ["outcome": "retry"])
            #expect(try await workshop.finished(run).status == .succeeded)
            #expect(workshop.sink.count(to: "doubt@sink.test") == 1)
            for process in [orchestrator, worker] { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 1)
        }
    }

    @Test func callThatEndsItsSandboxIsGivenUpAndItsNeighboursFinish() async throws {
        try await Workshop.with { workshop in
            try await workshop.running { processes in
                workshop.sink.hold("poison@sink.test", at: .recipient)
                let poison = try await workshop.begin(
                    LeanJob.single("poison@sink.test", attempts: 3), workshop.mail)
                let neighbours = [try await workshop.begin(), try await workshop.begin()]
                var deaths = 0
                try await until("the poison is given up") {
                    if workshop.sink.isHolding("poison@sink.test") {
                        for process in Processes.descendants(of: processes[1].pid) { kill(process, SIGSEGV) }
                        deaths += 1
                        try await until("its connection ends") { !workshop.sink.isHolding("poison@sink.test") }
                    }
                    return try await workshop.run(poison).status.isFinal
                }
                let ended = try await workshop.run(poison)
                #expect(ended.status == .failed)
                #expect(ended.error?["code"]?.string == "sandbox_died", "\(ended)")
                #expect(deaths == 3)
                // A neighbour's mail may have been on its way when its sandbox died: then a person looks.
                try await workshop.settle()
                for run in neighbours { #expect(try await workshop.run(run).status == .succeeded) }
                #expect(workshop.sink.count(to: "poison@sink.test") == 0)
            }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 3, inSandboxes: true)
        }
    }

    @Test func workerThatDiesOfAJobThreeTimesMakesItADeadLetter() async throws {
        try await Workshop.with { workshop in
            let orchestrator = try await workshop.start(.orchestrator)
            let run = try await workshop.begin(LeanJob.single("dead@sink.test"), workshop.mail)
            for _ in 0..<3 {
                let worker = try await workshop.start(.worker, failpoint: "job.before_call:1")
                #expect(try await worker.ended() == -SIGKILL)
            }
            let ended = try await workshop.finished(run)
            #expect(ended.status == .failed)
            #expect(ended.error?["code"]?.string == "worker_lost", "\(ended)")
            let worker = try await workshop.start(.worker)
            #expect(try await workshop.finished(try await workshop.begin()).status == .succeeded)
            #expect(workshop.sink.count(to: "dead@sink.test") == 0)
            for process in [orchestrator, worker] { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 3)
        }
    }

    @Test func severalRescuersAndAStartInTheMiddleOfARescueGiveOneExecution() async throws {
        try await Workshop.with { workshop in
            let orchestrator = try await workshop.start(.orchestrator)
            let worker = try await workshop.start(.worker)
            let runs = try await workshop.beginHeld(6)
            try await until("the mails are on their way") { runs.allSatisfy { workshop.sink.isHolding($0.address) } }
            await worker.killAll()
            await orchestrator.kill()
            for run in runs { workshop.sink.release(run.address) }
            async let first = workshop.start(.orchestrator, machine: "a")
            async let second = workshop.start(.orchestrator, machine: "b")
            async let third = workshop.start(.orchestrator, machine: "c")
            async let fresh = workshop.start(.worker, machine: "d")
            let processes = [try await first, try await second, try await third, try await fresh]
            for run in runs {
                #expect(try await workshop.finished(run.id).status == .succeeded)
                let effect = try #require(try await Runs(workshop.database).effects(workshop.tenant, run.id).first)
                #expect(effect.attempt == 2)
                #expect(workshop.sink.count(to: run.address) == 1)
            }
            for process in processes { #expect(await process.stop() == 0, "\(process.words)") }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 1)
        }
    }

    @Test func graphThatIsChangedInMidRunIsPinned() async throws {
        try await Workshop.with { workshop in
            try await workshop.running([.api, .orchestrator, .worker]) { processes in
                let client = try await workshop.client(processes[0])
                let graph = try await workshop.seed.graph(LeanJob.waits(["go"]), slug: "pinned")
                let answer = try await client.post(
                    "/api/runs",
                    ["persona_id": .string("\(workshop.persona)"), "graph": ["graph_id": .string("\(graph)")]])
                let run = try #require(try answer.json()["id"]?.string.flatMap { RunID($0) }, "\(answer)")
                try await until("it waits") { try await workshop.run(run).status == .waiting }
                _ = try await Graphs(workshop.database).update(
                    workshop.tenant, graph, revision: nil, name: nil, status: nil,
                    definition: ["start": "end", "nodes": ["end": ["type": "end", "output": "another"]]], by: nil,
                    actor: "system")
                try await workshop.signal(run, "go", ["by": "the old graph"])
                let ended = try await workshop.finished(run)
                #expect(ended.output?["go"]?["by"]?.string == "the old graph", "\(ended)")
            }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }

    /// NUL cannot stand in Postgres's text, and a lone surrogate in no text at all.
    @Test(arguments: [("NUL", "Tides\\u0000"), ("a lone surrogate", "Tides\\ud800")])
    func outputWithWhatNoTextHoldsIsStoredOrRefusedAndTheRunGoesOn(_ what: String, _ escaped: String) async throws {
        try await Workshop.with { workshop in
            let provider = try ModelServer([LeanJob.answer(escaped)])
            defer { provider.stop() }
            let reader = try await workshop.seed.persona("Bea", ports: [], model: "main")
            try await workshop.seed.model("main", at: provider.baseURL, model: "tiny-7b", apiKey: "key")
            try await workshop.running { _ in
                let run = try await workshop.begin(LeanJob.model, as: reader)
                let ended = try await workshop.finished(run)
                #expect(ended.status == .succeeded, "\(ended)")
                let text = ended.output?["text"]?.string
                #expect(text?.hasPrefix("Tides") ?? (ended.output?["error"]?["code"] != nil), "\(ended)")
                if what == "NUL" { #expect(text == "Tides\u{0}") }
                #expect(ended.output?["outline"]?["points"] != nil)
            }
            try await WorkshopOracle(workshop: workshop).holds(cuts: 0)
        }
    }
}
