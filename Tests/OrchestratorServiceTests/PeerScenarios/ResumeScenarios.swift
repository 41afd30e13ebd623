import Domain
import FoundationEssentials
import OrchestratorCore
import OrchestratorService
import Postgres
import Store
import Testing
import ToolKit

/// What the suites of LangGraph and Temporal test of interrupts, cancellation and changed graphs, on the real store.
@Suite(.timeLimit(.minutes(5))) struct ResumeScenarios {
    /// LangGraph: several interrupts are resumed at once, each by its own id.
    @Test func severalResumesAtOnceAreTakenEachByItsIdAndOnce() async throws {
        try await Bench.with { bench in
            let names = ["a", "b", "c"]
            let waits = names.map { name -> JSONValue in
                ["type": "wait", "signal": "go", "output": .string(name)]
            }
            let run = try await bench.base.start(Bench.siblings(waits[0], waits[1], waits[2]))
            try await bench.orchestrated {
                let pending = try await bench.waiting(run).compactMap { $0["id"]?.string.flatMap { WaitID($0) } }
                #expect(Set(pending).count == 3)
                let outcomes = try await withThrowingTaskGroup(of: Runs.SignalOutcome.self) { group in
                    for (index, wait) in pending.enumerated() {
                        for _ in 0..<3 {
                            group.addTask { try await bench.signal(run, "go", .int(Int64(index)), wait: wait) }
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(outcomes.filter { $0 == .accepted }.count == 3)
                #expect(outcomes.allSatisfy { [.accepted, .noSuchWait, .noRun].contains($0) })
                let values = try await bench.base.untilEnded(run).output
                #expect(Set(names.compactMap { values?[$0]?.int }) == [0, 1, 2])
            }
            try await bench.base.checkHistory(run)
        }
    }

    /// LangGraph, issue 8836: an unknown id was ignored without a word.
    @Test func answerToAnUnknownIdIsRefused() async throws {
        try await Bench.with { bench in
            let run = try await bench.base.start(Bench.siblings(["type": "wait", "signal": "go"]))
            try await bench.orchestrated {
                _ = try await bench.waiting(run)
                #expect(try await bench.signal(run, "go", wait: WaitID.new()) == .noSuchWait)
                #expect(try await bench.signal(run, EffectDecision.signal(for: .new())) == .noDecisionPending)
                guard case .absent = try await bench.answer(.new()) else {
                    Issue.record("an answer to no question was taken")
                    return
                }
                #expect(try await bench.base.run(run).status == .waiting)
                #expect(try await bench.signal(run, "go") == .accepted)
                #expect(try await bench.base.untilEnded(run).status == .succeeded)
            }
        }
    }

    /// LangGraph, issues 8837 and 6208: a consumed answer answered a later interrupt, and the node was run again.
    @Test func consumedApprovalNeverAnswersALaterQuestionAndNothingIsRunAgain() async throws {
        try await Bench.with { bench in
            let run = try await bench.base.start([
                "start": "look", "reducers": ["answers": "append"],
                "nodes": [
                    "look": ["type": "tool", "tool": "look", "next": "first"],
                    "first": ["type": "approval", "title": "Same?", "output": "answers", "next": "second"],
                    "second": ["type": "approval", "title": "Same?", "output": "answers", "next": "e"],
                    "e": ["type": "end", "output": "${length(state.answers)}"],
                ],
            ])
            let first = try await bench.orchestrated {
                let call = try #require(try await bench.calls(1).first)
                try await bench.complete(call)
                let first = try await bench.question(of: run)
                guard case .recorded = try await bench.answer(first.id) else {
                    Issue.record("the answer was not taken")
                    return first
                }
                return first
            }
            try await bench.orchestrated {
                let second = try await bench.question(of: run)
                #expect(second.id != first.id && second.argumentsHash == first.argumentsHash)
                guard case .over(.approved) = try await bench.answer(first.id) else {
                    Issue.record("an answer was taken twice")
                    return
                }
                // Looked at once more, it still waits.
                await bench.bell.ring([.run(bench.tenant, run)])
                #expect(try await bench.waiting(run).compactMap { $0["id"]?.string } == [second.id.description])
                _ = try await bench.answer(second.id)
                #expect(try await bench.base.untilEnded(run).output == 2)
            }
            #expect(try await bench.effects(run).map(\.attempt) == [1])
            let started = try await bench.runs.events(bench.tenant, run, limit: 100).filter {
                $0.kind == "step.started"
            }
            #expect(started.map(\.node) == ["look", "first", "second", "e"])
        }
    }

    /// Temporal: a failing child cancels its siblings.
    @Test func failingSiblingCancelsTheOthersCallAndQuestion() async throws {
        try await Bench.with { bench in
            let run = try await bench.base.start(
                Bench.siblings(
                    Bench.tool("look", ["retry": ["attempts": 1]]), Bench.tool("send"),
                    ["type": "approval", "title": "Go on?"]))
            try await bench.orchestrated {
                let calls = try await bench.calls(2)
                let question = try await bench.question(of: run)
                try await bench.queue.fail(calls[0], ToolFailure(.permanent, code: "gone", "It is gone."))
                await bench.bell.ring([.run(bench.tenant, run)])
                let ended = try await bench.base.untilEnded(run)
                #expect(ended.status == .failed && ended.error?["code"] == "gone")
                #expect(try await bench.queue.heartbeat().isEmpty)
                await #expect(throws: LeaseError.fenced) { try await bench.queue.mark(calls[1], .transmitting) }
                guard case .over = try await bench.answer(question.id) else {
                    Issue.record("a question that is moot was answered")
                    return
                }
            }
            #expect(try await bench.effects(run).map(\.state) == [.failed, .cancelled])
        }
    }

    /// Temporal: a change of the code under a history is detected, and named.
    @Test func changeOfTheGraphUnderARunIsDetectedAndNamed() async throws {
        try await Bench.with { bench in
            let graph = Bench.siblings(Bench.tool("look"), ["type": "wait", "signal": "go"])
            let run = try await bench.base.start(graph)
            try await bench.orchestrated {
                let call = try #require(try await bench.calls(1).first)
                try await bench.complete(call)
                _ = try await bench.waiting(run)
            }
            let moment = try #require(try await RunPast(bench.base.database).moment(bench.tenant, run))
            let changes = try moment.deltas.flatMap { try RunChange.decode($0) }
            #expect(Divergence.first(in: changes, against: try GraphDefinition(moment.graph)) == nil)
            let other = try GraphDefinition(Bench.siblings(Bench.tool("send"), ["type": "wait", "signal": "go"]))
            #expect(Divergence.first(in: changes, against: other)?.node == "both.0.0")
            // And a run whose graph lost the place where it stands says so instead of going astray.
            try await bench.base.admin.execute(
                """
                UPDATE runs SET graph = '{"start": "e", "nodes": {"e": {"type": "end"}}}', ready_at = platform_now(),
                    wakes = wakes + 1
                """)
            try await bench.orchestrated {
                _ = try await bench.signal(run, "go")
                let ended = try await bench.base.untilEnded(run)
                #expect(ended.status == .failed && ended.error?["code"] == "graph_changed", "\(ended)")
            }
        }
    }
}
