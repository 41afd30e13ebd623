import Domain
import OrchestratorCore
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct CompensationTests {
    static func step(_ tool: String, undo: String?, next: String) -> JSONValue {
        var node: [String: JSONValue] = ["type": "tool", "tool": .string(tool), "next": .string(next)]
        if let undo {
            node["compensate"] = [
                "type": "tool", "tool": .string(undo), "input": ["id": "${output.id}", "was": "${state.x}"],
                "retry": ["attempts": 2],
            ]
        }
        return .object(node)
    }

    /// send, post and look, of which the first two can be undone.
    static let trip: JSONValue = [
        "start": "a",
        "nodes": [
            "a": step("send", undo: "book", next: "s"), "s": ["type": "set", "values": ["x": "later"], "next": "b"],
            "b": step("post", undo: "send", next: "c"), "c": step("look", undo: nil, next: "e"),
            "e": RunMachineTests.end,
        ],
    ]

    static func underway() throws -> Transcript {
        var run = try Transcript(trip)
        run.give(.jobDone(step: 1, output: ["id": "A"]))
        run.give(.jobDone(step: 3, output: ["id": "B"]))
        return run
    }

    @Test func failedRunIsUndoneInReverseOrderAndThenFails() throws {
        var run = try Self.underway()
        run.give(.jobFailed(step: 4, RunMachineTests.bad))
        #expect(run.orders == ["plan 5 send"] && run.status == .running && run.events.contains("run.compensating"))
        #expect(run.plans.first?.input == ["id": "B", "was": "later"] && run.plans.first?.compensates == 3)
        #expect(run.last.steps[5]?.kind == "compensate" && run.last.steps[5]?.node == "b")
        run.give(.jobDone(step: 5, output: 1))
        #expect(run.orders == ["plan 6 book"] && run.plans.first?.input == ["id": "A", "was": nil])
        #expect(run.status == .running)
        run.give(.jobDone(step: 6, output: 1))
        #expect(run.status == .failed && run.last.failure?.code == "refused" && run.last.failure?.node == "c")
    }

    @Test func cancelledRunIsUndoneAndEndsCancelled() throws {
        var run = try Self.underway()
        run.give(.cancel(reason: "enough"))
        #expect(run.orders == ["cancel 4", "plan 5 send"])
        run.give(.cancel(reason: "again"), .signal(.new(), name: "go", payload: 1))
        #expect(run.orders.isEmpty && run.events == ["signal.refused"])
        run.give(.jobDone(step: 5, output: 1))
        run.give(.jobDone(step: 6, output: 1))
        #expect(run.status == .cancelled && run.events.contains("run.cancelled"))
    }

    @Test func succeededRunUndoesNothing() throws {
        var run = try Self.underway()
        run.give(.jobDone(step: 4, output: 1))
        #expect(run.status == .succeeded && run.orders.isEmpty && run.machine.state.owed.isEmpty)
    }

    @Test func compensationIsTriedAgainAndItsFailureDoesNotStopTheOthers() throws {
        var run = try Self.underway()
        run.give(.jobFailed(step: 4, RunMachineTests.bad))
        run.give(.jobFailed(step: 5, RunMachineTests.down))
        #expect(run.orders == ["again 5"])
        run.give(.jobFailed(step: 5, RunMachineTests.down))
        #expect(run.orders == ["plan 6 book"] && run.events.contains("compensation.failed"))
        run.give(.jobDone(step: 6, output: 1))
        #expect(run.status == .failed && run.last.failure?.code == "refused")
    }

    @Test func compensationWhoseOutcomeIsUnknownIsReconciled() throws {
        var run = try Self.underway()
        run.give(.jobFailed(step: 4, RunMachineTests.bad))
        run.give(.jobUnknown(step: 5, phase: .transmitting, abandoned: true))
        #expect(run.orders == ["plan 6 find"])
        run.give(.jobDone(step: 6, output: ["outcome": "done"]))
        #expect(run.orders == ["settle 5 done", "plan 7 book"])
        run.give(.jobDone(step: 7, output: 1))
        #expect(run.status == .failed)
    }

    @Test func itemsAndInnerGraphsAreUndoneTooTheLastFirst() throws {
        let inner: JSONValue = [
            "start": "x", "nodes": ["x": Self.step("send", undo: "book", next: "y"), "y": ["type": "end"]],
        ]
        var run = try Transcript([
            "start": "a",
            "nodes": [
                "a": [
                    "type": "for_each", "items": "['i', 'j']", "next": "b",
                    "do": [
                        "type": "tool", "tool": "post",
                        "compensate": ["type": "tool", "tool": "send", "input": "${item}"],
                    ],
                ],
                "b": ["type": "subgraph", "graph": inner, "next": "c"], "c": Self.step("look", undo: nil, next: "e"),
                "e": RunMachineTests.end,
            ],
        ])
        run.give(.jobDone(step: 3, output: 1), .jobDone(step: 2, output: 1))
        run.give(.jobDone(step: 5, output: ["id": "in"]))
        #expect(run.orders == ["plan 7 look"])
        run.give(.jobFailed(step: 7, RunMachineTests.bad))
        var undone: [JSONValue] = []
        while let plan = run.plans.first {
            undone.append(plan.input)
            run.give(.jobDone(step: plan.step, output: 1))
        }
        #expect(undone == [["id": "in", "was": nil], "i", "j"] && run.status == .failed)
    }

    @Test func handledFailureUndoesNothing() throws {
        var run = try Transcript([
            "start": "a",
            "nodes": [
                "a": Self.step("send", undo: "book", next: "b"),
                "b": ["type": "tool", "tool": "look", "on_error": ["output": "why"], "next": "e"],
                "e": RunMachineTests.end,
            ],
        ])
        run.give(.jobDone(step: 1, output: ["id": 1]))
        run.give(.jobFailed(step: 2, RunMachineTests.bad))
        #expect(run.status == .succeeded && run.orders.isEmpty)
    }
}
