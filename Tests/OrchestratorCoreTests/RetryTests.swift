import Domain
import OrchestratorCore
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct RetryTests {
    static func tool(_ retry: JSONValue) throws -> Transcript {
        try Transcript(RunMachineTests.single(["type": "tool", "tool": "look", "retry": retry, "next": "e"]))
    }

    @Test(
        arguments: [
            (nil, RunMachineTests.down, true), (nil, RunMachineTests.bad, false),
            (["permanent"], RunMachineTests.bad, true), (["permanent"], RunMachineTests.down, false),
            (["refused"], RunMachineTests.bad, true), (["transient", "other"], RunMachineTests.bad, false),
        ] as [(JSONValue, ToolFailure, Bool)])
    func onlyTheNamedFailuresAreTriedAgain(_ on: JSONValue, _ failure: ToolFailure, _ isTried: Bool) throws {
        var run = try Self.tool(["attempts": 2, "on": on])
        run.give(.jobFailed(step: 1, failure))
        #expect(run.orders == (isTried ? ["again 1"] : []))
    }

    @Test func unknownOutcomeIsNeverSimplyTriedAgain() throws {
        let node: JSONValue = ["type": "tool", "tool": "look", "retry": ["on": ["unknown_outcome"]], "next": "e"]
        let error = try #require(throws: GraphFaults.self) { try GraphDefinition(RunMachineTests.single(node)) }
        #expect(error.faults.map(\.pointer) == ["/nodes/a/retry/on/0"])
    }

    @Test(arguments: [
        (RetryPolicy.Jitter.none, 400...400), (.equal, 200...400), (.full, 0...400),
    ])
    func jitterSpreadsWithinItsBounds(_ jitter: RetryPolicy.Jitter, _ bounds: ClosedRange<Int>) {
        let policy = RetryPolicy(attempts: 9, backoffMilliseconds: 100, maxBackoffMilliseconds: 1_000, jitter: jitter)
        let delays = (1...40).map { Backoff.delay(policy, failures: 3, run: Transcript.run, step: $0) }
        #expect(delays.allSatisfy(bounds.contains))
        #expect((Set(delays).count > 5) == (jitter != .none))
        #expect(delays == (1...40).map { Backoff.delay(policy, failures: 3, run: Transcript.run, step: $0) })
    }

    static let loop: JSONValue = [
        "type": "for_each", "items": "[1, 2]", "retry": ["attempts": 2, "backoff_ms": 1_000, "jitter": "none"],
        "do": ["type": "tool", "tool": "look"], "into": "found", "next": "e",
    ]

    @Test func nodeWithOthersInsideBeginsAnewAfterItsDelay() throws {
        var run = try Transcript(RunMachineTests.single(Self.loop))
        run.give(.jobFailed(step: 2, RunMachineTests.bad))
        #expect(run.orders == ["cancel 3"] && run.events.contains("step.retrying") && run.status == .waiting)
        #expect(run.last.wakeAt == run.now + 1_000)
        run.give(at: run.now + 999)
        #expect(run.last.isEmpty)
        run.give(at: run.now + 1)
        #expect(run.orders == ["plan 5 look", "plan 6 look"])
        run.give(.jobDone(step: 5, output: "a"), .jobDone(step: 6, output: "b"))
        #expect(run.status == .succeeded && run.values["found"] == ["a", "b"])
    }

    @Test func attemptsOfANodeAreBounded() throws {
        var run = try Transcript(RunMachineTests.single(Self.loop))
        run.give(.jobFailed(step: 2, RunMachineTests.bad))
        run.give(at: run.now + 1_000)
        run.give(.jobFailed(step: 5, RunMachineTests.bad))
        #expect(run.status == .failed && run.last.failure?.code == "refused")
    }

    @Test(
        arguments: [
            [
                "type": "for_each", "items": "[1]", "do": ["type": "tool", "tool": "look"], "timeout_seconds": 30,
                "next": "e",
            ],
            [
                "type": "parallel", "branches": [[["type": "tool", "tool": "look"]]], "timeout_seconds": 30,
                "join": "e",
            ],
            [
                "type": "subgraph", "timeout_seconds": 30, "next": "e",
                "graph": [
                    "start": "x", "nodes": ["x": ["type": "tool", "tool": "look", "next": "y"], "y": ["type": "end"]],
                ],
            ],
        ] as [JSONValue])
    func nodeThatTakesTooLongFailsAndCancelsWhatIsInside(_ node: JSONValue) throws {
        var run = try Transcript(RunMachineTests.single(node))
        #expect(run.last.wakeAt == 31_000)
        run.give(at: 31_000)
        #expect(run.orders == ["cancel 2"] && run.last.failure?.code == "node_timeout")
        run.give(.jobDone(step: 2, output: 1))
        #expect(run.last.changes.isEmpty)
    }

    // MARK: Loops

    static func counting(_ limit: Int, onError: JSONValue = nil) -> JSONValue {
        [
            "start": "a",
            "nodes": [
                "a": [
                    "type": "set", "values": ["n": "${default(state.n, 0) + 1}"], "max_visits": .int(Int64(limit)),
                    "on_error": onError, "next": "b",
                ],
                "b": ["type": "choice", "cases": [["when": "state.n >= 5", "next": "e"]], "default": "a"],
                "e": RunMachineTests.end,
            ],
        ]
    }

    @Test func loopWithinItsBoundEnds() throws {
        let run = try Transcript(Self.counting(5))
        #expect(run.status == .succeeded && run.values["n"] == 5)
    }

    @Test func loopBeyondItsBoundFailsOrTakesTheErrorRoute() throws {
        let run = try Transcript(Self.counting(4))
        #expect(run.status == .failed && run.last.failure?.code == "visit_limit" && run.last.failure?.node == "a")
        let routed = try Transcript(Self.counting(4, onError: ["next": "e", "output": "why"]))
        #expect(routed.status == .succeeded && routed.values["why"]?["code"] == "visit_limit")
    }

    @Test func runsOwnBoundOnStepsHolds() throws {
        var graph = Self.counting(100).object ?? [:]
        graph["max_steps"] = 6
        let run = try Transcript(.object(graph))
        #expect(run.last.failure?.code == "step_limit" && run.machine.state.steps == 6)
    }

    // MARK: State

    @Test func branchesAddUpWithoutOverwritingEachOther() throws {
        var run = try Transcript(
            RunMachineTests.single(
                [
                    "type": "parallel", "join": "e",
                    "branches": [
                        [["type": "tool", "tool": "look", "output": "total"]],
                        [["type": "tool", "tool": "look", "output": "total"]],
                    ],
                ], reducers: ["total": "sum"]))
        run.give(.jobDone(step: 3, output: 4), .jobDone(step: 2, output: 3))
        #expect(run.status == .succeeded && run.values["total"] == 7)
    }

    @Test func valueThatTheStateRefusesFailsItsNode() throws {
        var run = try Transcript(
            RunMachineTests.single(
                ["type": "tool", "tool": "look", "output": "total", "next": "e"], reducers: ["total": "sum"]))
        run.give(.jobDone(step: 1, output: "many"))
        #expect(run.status == .failed && run.last.failure?.code == "output_refused")
    }

    @Test func stateThatDoublesItselfIsStopped() throws {
        // Not by `Transcript`, which writes and reads every delta several times over.
        var machine = try Transcript.machine(
            [
                "start": "a",
                "nodes": [
                    "a": [
                        "type": "set", "values": ["x": ["${default(state.x, input.seed)}", "${state.x}"]], "next": "b",
                    ],
                    "b": ["type": "choice", "cases": [["when": "state.never", "next": "e"]], "default": "a"],
                    "e": RunMachineTests.end,
                ],
            ], input: ["seed": .string(String(repeating: "x", count: 10_000))])
        let transition = machine.advance([.begin], now: 0)
        #expect(transition.failure?.code == "expression_error" && machine.state.steps < 100)
    }

    @Test func outputThatNestsTooDeepFailsItsNode() throws {
        var deep: JSONValue = 1
        for _ in 0..<(GraphLimits.valueDepth + 1) { deep = [deep] }
        var run = try Self.tool(nil)
        run.give(.jobDone(step: 1, output: deep))
        #expect(run.last.failure?.code == "output_refused")
    }
}
