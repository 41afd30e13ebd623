import Domain
import OrchestratorCore
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(10))) struct RunMachineTests {
    static let end: JSONValue = ["type": "end", "output": "${state}"]
    static let down = ToolFailure(.transient, code: "away", "The far end is away.")
    static let bad = ToolFailure(.permanent, code: "refused", "The far end refused.")

    static func single(_ node: JSONValue, reducers: JSONValue = [:]) -> JSONValue {
        ["start": "a", "reducers": reducers, "nodes": ["a": node, "e": end]]
    }

    @Test func toolRunsAndItsOutputLandsInTheState() throws {
        var run = try Transcript(
            Self.single(["type": "tool", "tool": "look", "input": ["q": "${input.q}"], "output": "found", "next": "e"]),
            input: ["q": "tides"])
        #expect(run.orders == ["plan 1 look"])
        #expect(run.plans.first?.input == ["q": "tides"])
        #expect(run.events == ["run.started", "step.started"])
        #expect(run.status == .running)
        run.give(.jobDone(step: 1, output: ["n": 3]))
        #expect(run.events == ["step.succeeded", "step.started", "step.succeeded", "run.succeeded"])
        #expect(run.status == .succeeded)
        #expect(run.last.output == ["found": ["n": 3]])
        #expect(run.last.takenJobs == [1])
    }

    @Test func doubledAndStrayInputsChangeNothing() throws {
        var run = try Transcript(Self.single(["type": "tool", "tool": "look", "output": "x", "next": "e"]))
        run.give(.jobDone(step: 9, output: 1), .begin)
        #expect(run.last.changes.isEmpty && run.events.isEmpty)
        run.give(.jobDone(step: 1, output: 1), .jobDone(step: 1, output: 2))
        #expect(run.last.output == ["x": 1])
        run.give(.jobFailed(step: 1, Self.bad), .cancel(reason: "late"))
        #expect(run.last.changes.isEmpty && run.status == .succeeded)
    }

    @Test func transientFailureIsTriedAgainWithTheSameJobUntilAttemptsAreUsedUp() throws {
        var run = try Transcript(
            Self.single([
                "type": "tool", "tool": "look", "next": "e", "retry": ["attempts": 3, "backoff_ms": 100],
            ]))
        run.give(.jobFailed(step: 1, Self.down))
        #expect(run.orders == ["again 1"] && run.events == ["step.retrying"])
        run.give(.jobFailed(step: 1, Self.down))
        #expect(run.orders == ["again 1"])
        run.give(.jobFailed(step: 1, Self.down))
        #expect(run.orders.isEmpty && run.status == .failed)
        #expect(run.last.failure?.code == "away" && run.last.failure?.attempt == 3 && run.last.failure?.node == "a")
    }

    @Test func permanentFailureTakesTheErrorRoute() throws {
        var run = try Transcript([
            "start": "a",
            "nodes": [
                "a": ["type": "tool", "tool": "look", "on_error": ["next": "b", "output": "problem"], "next": "e"],
                "b": ["type": "set", "values": ["seen": "${state.problem.code}"], "next": "e"], "e": Self.end,
            ],
        ])
        run.give(.jobFailed(step: 1, Self.bad))
        #expect(run.status == .succeeded)
        #expect(run.values["seen"] == "refused")
        #expect(run.values["problem"]?["node"] == "a")
    }

    @Test func forEachKeepsItsBoundAndCollectsWhatFailed() throws {
        var run = try Transcript(
            Self.single([
                "type": "for_each", "items": "input.urls", "as": "url", "max_parallel": 2, "into": "pages",
                "collect_errors_into": "failures", "next": "e",
                "do": ["type": "tool", "tool": "look", "input": ["u": "${url}", "i": "${index}"]],
            ]), input: ["urls": ["a", "b", "c"]])
        #expect(run.orders == ["plan 2 look", "plan 3 look"])
        run.give(.jobDone(step: 3, output: "B"))
        #expect(run.orders == ["plan 4 look"])
        #expect(run.plans.first?.input == ["u": "c", "i": 2])
        run.give(.jobFailed(step: 2, Self.bad), .jobDone(step: 4, output: "C"))
        #expect(run.status == .succeeded)
        #expect(run.values["pages"] == ["B", "C"])
        let failures = try #require(run.values["failures"]?.array)
        #expect(failures.count == 1 && failures[0]["item"] == "a" && failures[0]["error"]?["code"] == "refused")
    }

    @Test func forEachWithoutACollectorFailsAtTheFirstFailureAndCancelsTheRest() throws {
        var run = try Transcript(
            Self.single([
                "type": "for_each", "items": "[1, 2, 3]", "do": ["type": "tool", "tool": "look"], "next": "e",
            ]))
        run.give(.jobFailed(step: 3, Self.bad))
        #expect(run.orders.sorted() == ["cancel 2", "cancel 4"])
        #expect(run.status == .failed && run.last.failure?.code == "refused")
    }

    @Test(arguments: ["[]", "input.nothing"])
    func forEachOverNothingGoesOn(_ items: String) throws {
        let run = try Transcript(
            Self.single([
                "type": "for_each", "items": .string(items), "do": ["type": "tool", "tool": "look"], "into": "x",
                "next": "e",
            ]))
        #expect(run.status == .succeeded && run.values["x"] == [])
    }

    static let branches: JSONValue = single(
        [
            "type": "parallel", "join": "e",
            "branches": [
                [["type": "tool", "tool": "look", "output": "log"], ["type": "set", "values": ["log": "after"]]],
                [["type": "tool", "tool": "look", "output": "log"]],
            ],
        ], reducers: ["log": "append"])

    @Test func branchesRunSideBySideAndJoin() throws {
        var run = try Transcript(Self.branches)
        #expect(run.orders == ["plan 2 look", "plan 3 look"])
        run.give(.jobDone(step: 3, output: "right"))
        #expect(run.status == .running)
        run.give(.jobDone(step: 2, output: "left"))
        #expect(run.status == .succeeded)
        #expect(run.values["log"] == ["right", "left", "after"])
    }

    @Test func failingBranchCancelsItsSiblings() throws {
        var run = try Transcript(Self.branches)
        run.give(.jobFailed(step: 2, Self.bad))
        #expect(run.orders == ["cancel 3"])
        #expect(run.status == .failed)
        run.give(.jobDone(step: 3, output: "late"))
        #expect(run.last.changes.isEmpty)
    }

    static let wait: JSONValue = single([
        "type": "wait", "signal": "go", "output": "answer", "timeout_seconds": 60, "next": "e",
        "on_error": ["output": "late"],
    ])

    @Test func waitTakesTheSignalOnce() throws {
        var run = try Transcript(Self.wait)
        #expect(run.status == .waiting && run.last.wakeAt == 61_000)
        #expect(run.last.waitingFor.first?["name"] == "go")
        run.give(.signal(.new(), name: "other", payload: 1))
        #expect(run.status == .waiting)
        run.give(.signal(.new(), name: "go", payload: "yes"))
        #expect(run.status == .succeeded && run.values["answer"] == "yes")
    }

    @Test func earlySignalIsKeptForItsWait() throws {
        var machine = try Transcript.machine(Self.wait)
        let transition = machine.advance([.signal(.new(), name: "go", payload: 5), .begin], now: 0)
        #expect(transition.status == .succeeded && transition.output?["answer"] == 5)
    }

    @Test func waitEndsByTheClockAlone() throws {
        var run = try Transcript(Self.wait)
        run.give(at: 60_999)
        #expect(run.status == .waiting && run.last.isEmpty)
        run.give(at: 61_000)
        #expect(run.status == .succeeded && run.values["late"]?["code"] == "wait_timeout")
    }

    @Test func endlessLoopStopsAtTheStepLimit() throws {
        var run = try Transcript([
            "start": "a",
            "nodes": [
                "a": ["type": "set", "values": ["n": "${default(state.n, 0) + 1}"], "next": "b"],
                "b": ["type": "choice", "cases": [["when": "state.n < 0", "next": "e"]], "default": "a"], "e": Self.end,
            ],
        ])
        var transitions = 1
        while !run.status.isFinal, transitions < 200 {
            #expect(run.last.wakeAt == run.now)
            run.now += 1
            run.last = run.machine.advance([], now: run.now)
            transitions += 1
        }
        #expect(run.last.failure?.code == "step_limit" && run.machine.state.steps == GraphLimits.steps)
    }

    @Test func cancellationEndsEverythingUnderWay() throws {
        var run = try Transcript(Self.branches)
        run.give(.cancel(reason: "enough"))
        #expect(run.orders == ["cancel 2", "cancel 3"])
        #expect(run.status == .cancelled && run.last.wakeAt == nil)
        #expect(run.last.steps.values.allSatisfy { $0.status == .cancelled })
    }

    @Test func wrongKindsFailTheNodeNotTheProcess() throws {
        let run = try Transcript(Self.single(["type": "set", "values": ["x": "${'a' + 1}"], "next": "e"]))
        #expect(run.status == .failed && run.last.failure?.code == "expression_error" && run.last.failure?.node == "a")
    }

    @Test func unknownToolFailsItsNode() throws {
        let run = try Transcript(Self.single(["type": "tool", "tool": "nope", "next": "e"]))
        #expect(run.status == .failed && run.last.failure?.code == "tool_unknown" && run.orders.isEmpty)
    }

    @Test func effectKeyIsTheSameForAReplayAndAnotherForEachStep() throws {
        let graph = Self.single([
            "type": "for_each", "items": "[1, 1]", "do": ["type": "tool", "tool": "send", "input": ["x": 1]],
            "next": "e",
        ])
        let first = try Transcript(graph).plans.map(\.effectKey)
        #expect(first == (try Transcript(graph).plans.map(\.effectKey)))
        #expect(Set(first).count == 2 && first.allSatisfy { $0.utf8.count == 64 })
    }

    @Test func delaysDoubleWithinBoundsAndAreRepeatable() {
        let policy = RetryPolicy(attempts: 9, backoffMilliseconds: 100, maxBackoffMilliseconds: 1_000)
        for (failures, bound) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1_000), (60, 1_000)] as [(Int, Int)] {
            let delay = Backoff.delay(policy, failures: failures, run: Transcript.run, step: 1)
            #expect((bound / 2...bound).contains(delay))
            #expect(delay == Backoff.delay(policy, failures: failures, run: Transcript.run, step: 1))
        }
    }
}
