import Domain
import OrchestratorCore
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct ForkTests {
    static let other = RunID("018f0000-0000-7000-8000-0000000000ff") ?? .new()

    /// A new run that goes on from where `run` stands.
    static func fork(_ run: Transcript, edits: [Fork.Edit] = []) throws -> Transcript {
        let fork = try Fork(
            of: Transcript.run, at: 7, state: run.machine.state, graph: run.machine.graph, edits: edits, now: run.now)
        var identity = run.machine.identity
        identity.run = other
        var forked = try Transcript(run.machine.graph.source)
        forked.machine = RunMachine(graph: run.machine.graph, identity: identity)
        forked.machine.replay(fork.changes)
        forked.changes = fork.changes
        forked.now = run.now
        forked.approvals = []
        forked.give()
        return forked
    }

    static let line: JSONValue = [
        "start": "a",
        "nodes": [
            "a": ["type": "tool", "tool": "look", "output": "x", "next": "b"],
            "b": ["type": "tool", "tool": "send", "input": "${state.x}", "output": "y", "next": "e"],
            "e": RunMachineTests.end,
        ],
    ]

    @Test func whatWasDoneIsServedAndWhatWasUnderWayBeginsAnew() throws {
        var run = try Transcript(Self.line)
        run.give(.jobDone(step: 1, output: "seen"))
        let key = try #require(run.plans.first?.effectKey)
        var forked = try Self.fork(run)
        #expect(forked.orders == ["plan 3 send"] && forked.plans.first?.input == "seen")
        #expect(forked.plans.first?.effectKey != key)
        forked.give(.jobDone(step: 2, output: "pending write of the first run"))
        #expect(forked.last.changes.isEmpty && forked.status == .running)
        forked.give(.jobDone(step: 3, output: "new"))
        #expect(forked.status == .succeeded && forked.values == ["x": "seen", "y": "new"])
    }

    @Test func editedStateIsWhatTheForkReads() throws {
        var run = try Transcript(Self.line)
        run.give(.jobDone(step: 1, output: "seen"))
        let path = try #require(StatePath("x"))
        let forked = try Self.fork(run, edits: [Fork.Edit(path: path, value: "edited")])
        #expect(forked.plans.first?.input == "edited")
    }

    @Test func itemsUnderWayBeginAnewAndFinishedOnesDoNot() throws {
        var run = try Transcript(
            RunMachineTests.single([
                "type": "for_each", "items": "['a', 'b', 'c', 'd']", "max_parallel": 2, "into": "all", "next": "e",
                "do": ["type": "tool", "tool": "look", "input": "${item}"],
            ]))
        run.give(.jobDone(step: 2, output: "A"))
        var forked = try Self.fork(run)
        #expect(forked.plans.map(\.input) == ["b", "c"])
        for output in ["B", "C"] as [JSONValue] {
            forked.give(.jobDone(step: forked.plans.first?.step ?? forked.machine.state.steps, output: output))
        }
        while let job = forked.machine.state.jobs.values.min(by: { $0.step < $1.step }), !forked.status.isFinal {
            forked.give(.jobDone(step: job.step, output: .string("item \(job.item ?? -1)")))
        }
        #expect(forked.status == .succeeded && forked.values["all"]?.array?.count == 4)
        #expect(forked.values["all"]?[0] == "A")
    }

    @Test func questionsAndWaitsAreAskedAgainUnderNewIDs() throws {
        let run = try Transcript(InterruptTests.approval, input: ["to": "bob"])
        var forked = try Self.fork(run)
        let asked = try #require(forked.last.approvals.first)
        #expect(asked.id != InterruptTests.question(1) && asked.due == forked.now + 60_000)
        forked.give(.approval(asked.id, .approve, argumentsHash: asked.argumentsHash, by: "ada"))
        #expect(forked.status == .succeeded)
        let waiting = try Transcript(InterruptTests.twins)
        let ids = try Self.fork(waiting).last.waitingFor.compactMap { $0["id"]?.string }
        #expect(ids.count == 2 && Set(ids).isDisjoint(with: waiting.last.waitingFor.compactMap { $0["id"]?.string }))
    }

    @Test func graphInsideGoesOnWhereItWas() throws {
        let run = try Transcript(RunMachineTests.single(SubgraphTests.node()), input: ["q": "tides"])
        var forked = try Self.fork(run)
        forked.give(.jobDone(step: forked.machine.state.steps, output: "sea"))
        #expect(forked.status == .succeeded && forked.values["answer"]?["found"] == "sea")
    }

    @Test func endedAndUnwindingRunsCannotBeForked() throws {
        var run = try CompensationTests.underway()
        run.give(.cancel(reason: "enough"))
        #expect(throws: Fork.Refusal.compensating) { try Self.fork(run) }
        while let step = run.machine.state.jobs.keys.min() { run.give(.jobDone(step: step, output: 1)) }
        #expect(throws: Fork.Refusal.ended) { try Self.fork(run) }
    }

    @Test func forkUndoesOnlyWhatItDidItself() throws {
        let run = try CompensationTests.underway()
        var forked = try Self.fork(run)
        forked.give(.cancel(reason: "enough"))
        #expect(forked.status == .cancelled && forked.plans.isEmpty)
    }

    // MARK: Comparing

    @Test func runsAreAlignedVisitByVisit() {
        func step(_ number: Int, _ node: String, _ output: JSONValue, _ cost: Int) -> RunDiff.Step {
            RunDiff.Step(
                step: number, node: node, status: .succeeded, input: 1, output: output, durationMilliseconds: 10,
                cost: cost, tokens: cost * 100)
        }
        let diff = RunDiff(
            [step(1, "a", 1, 5), step(2, "b", 1, 5), step(3, "a", 2, 5)],
            [step(1, "a", 1, 5), step(2, "c", 1, 5), step(3, "a", 9, 7), step(4, "d", 1, 1)])
        #expect(diff.rows.map(\.node) == ["a", "b", "c", "a", "d"])
        #expect(diff.rows.map { $0.left?.step } == [1, 2, nil, 3, nil])
        #expect(diff.rows.map { $0.right?.step } == [1, nil, 2, 3, 4])
        #expect(diff.rows.map(\.differences) == [[], [], [], [.output, .cost, .tokens], []])
        #expect(diff.costDifference == 2 && diff.tokensDifference == 200 && diff.durationDifference == 0)
    }
}
