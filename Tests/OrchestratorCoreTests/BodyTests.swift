import Domain
import OrchestratorCore
import Testing
import ToolKit

/// Bodies of for-each that are more than a call: lists with loops and branches inside, and graphs.
@Suite(.timeLimit(.minutes(2))) struct BodyTests {
    /// Looks at an item until it is good, at most three times, and then sends two things side by side.
    static let body: JSONValue = [
        "start": "look", "reducers": ["sent": "append"],
        "nodes": [
            "look": [
                "type": "tool", "tool": "look", "input": ["url": "${url}", "try": "${local.tries}"], "output": "seen",
                "max_visits": 3, "next": "count",
            ],
            "count": ["type": "set", "values": ["tries": "${default(local.tries, 0) + 1}"], "next": "good"],
            "good": [
                "type": "choice", "cases": [["when": "local.seen == 'good'", "next": "both"]], "default": "look",
            ],
            "both": [
                "type": "parallel", "join": "done",
                "branches": [
                    [["type": "tool", "tool": "send", "input": "${url}", "output": "sent"]],
                    [
                        ["type": "tool", "tool": "book", "input": "${index}", "output": "sent"],
                        ["type": "set", "values": ["sent": "${state.before}"]],
                    ],
                ],
            ],
            "done": ["type": "end", "output": ["tries": "${local.tries}", "sent": "${local.sent}"]],
        ],
    ]

    static let graph: JSONValue = [
        "start": "before",
        "nodes": [
            "before": ["type": "set", "values": ["before": ["b"]], "next": "each"],
            "each": [
                "type": "for_each", "items": "['x', 'y']", "as": "url", "do": body, "into": "all",
                "collect_errors_into": "bad", "next": "e",
            ], "e": RunMachineTests.end,
        ],
    ]

    @Test func graphOfAnItemDecidesLoopsAndBranchesOverAStateOfItsOwn() throws {
        var run = try Transcript(Self.graph)
        #expect(run.plans.map(\.input) == [["url": "x", "try": nil], ["url": "y", "try": nil]])
        let first = run.plans.map(\.step)
        run.give(.jobDone(step: first[0], output: "bad"))
        #expect(run.plans.map(\.input) == [["url": "x", "try": 1]])
        let again = try #require(run.plans.first?.step)
        run.give(.jobDone(step: first[1], output: "good"))
        #expect(run.plans.map(\.tool) == ["send", "book"] && run.plans.map(\.input) == ["y", 1])
        let second = run.plans.map(\.step)
        run.give(.jobDone(step: again, output: "good"))
        let third = run.plans.map(\.step)
        run.give(.jobDone(step: third[1], output: "booked"))
        run.give(.jobDone(step: third[0], output: "sent"), .jobDone(step: second[0], output: "sent y"))
        run.give(.jobDone(step: second[1], output: "booked y"))
        #expect(run.status == .succeeded && run.values["bad"] == [])
        #expect(
            run.values["all"] == [
                ["tries": 2, "sent": ["booked", "b", "sent"]], ["tries": 1, "sent": ["sent y", "booked y", "b"]],
            ])
        #expect(run.values["sent"] == nil && run.values["tries"] == nil)
        #expect(Divergence.first(in: run.changes, against: run.machine.graph) == nil)
    }

    @Test func itemWhoseGraphFailsIsCollectedAndItsBranchesAreCancelled() throws {
        var run = try Transcript(Self.graph)
        let first = run.plans.map(\.step)
        for number in 1...3 { run.give(.jobDone(step: number == 1 ? first[0] : run.plans[0].step, output: "bad")) }
        #expect(run.events.contains("step.failed"))
        run.give(.jobDone(step: first[1], output: "good"))
        let second = run.plans.map(\.step)
        run.give(.jobFailed(step: second[0], RunMachineTests.bad))
        #expect(run.orders == ["cancel \(second[1])"])
        #expect(run.status == .succeeded && run.values["all"] == [])
        #expect(run.values["bad"]?[0]?["error"]?["code"] == "visit_limit")
        #expect(run.values["bad"]?[1]?["error"]?["code"] == "refused")
    }

    @Test func listHoldsLoopsAndBranchesAndReadsTheItemsAround() throws {
        var run = try Transcript(
            RunMachineTests.single([
                "type": "for_each", "items": "[[1, 2], [3]]", "as": "row", "max_parallel": 1, "into": "all",
                "next": "e",
                "do": [
                    [
                        "type": "for_each", "items": "row", "as": "cell", "into": "cells",
                        "do": ["type": "tool", "tool": "look", "input": ["cell": "${cell}", "row": "${length(row)}"]],
                    ],
                    [
                        "type": "parallel",
                        "branches": [
                            [["type": "set", "values": ["left": "${local.cells}"]]],
                            [["type": "tool", "tool": "look", "input": "${row}", "output": "right"]],
                        ],
                    ],
                ],
            ]))
        #expect(run.plans.map(\.input) == [["cell": 1, "row": 2], ["cell": 2, "row": 2]])
        let cells = run.plans.map(\.step)
        run.give(.jobDone(step: cells[1], output: "B"))
        run.give(.jobDone(step: cells[0], output: "A"))
        #expect(run.plans.map(\.input) == [[1, 2]])
        run.give(.jobDone(step: run.plans[0].step, output: "R"))
        #expect(run.plans.map(\.input) == [["cell": 3, "row": 1]])
        run.give(.jobDone(step: run.plans[0].step, output: "C"))
        run.give(.jobDone(step: run.plans[0].step, output: "S"))
        #expect(run.status == .succeeded)
        #expect(
            run.values["all"] == [
                ["cells": ["A", "B"], "left": ["A", "B"], "right": "R"],
                ["cells": ["C"], "left": ["C"], "right": "S"],
            ])
    }

    @Test func faultsInsideOfAnItemsGraphHavePointersOfTheirOwn() throws {
        func faults(_ body: JSONValue) -> [String] {
            do {
                _ = try GraphDefinition(
                    RunMachineTests.single(["type": "for_each", "items": "[1]", "do": body, "next": "e"]))
                return []
            } catch {
                return error.faults.map { "\($0.pointer): \($0.detail)" }
            }
        }
        #expect(
            faults(["start": "a", "nodes": ["a": ["type": "tool", "tool": "t"]]])
                == ["/nodes/a/do/nodes/a: 'next' is missing"])
        #expect(
            faults(["start": "a", "nodes": ["a": ["type": "end", "output": "${thing}"]]])
                == ["/nodes/a/do/nodes/a/output: there is no value named 'thing' here"])
        let same: JSONValue = [["type": "set", "values": ["x": 1]]]
        let both: JSONValue = ["type": "parallel", "branches": [same, same]]
        #expect(faults([both]).count == 1)
        // A list's own state has no reducers.
        #expect(faults([both]).first?.contains("both write 'x'") == true)
    }

    @Test func bodyOfAnotherFormIsNotAdoptedInMidLoop() throws {
        let run = try Transcript(Self.graph)
        var nodes = Self.graph["nodes"]?.object ?? [:]
        var each = nodes["each"]?.object ?? [:]
        each["do"] = [["type": "tool", "tool": "look"]]
        nodes["each"] = .object(each)
        let other = try GraphDefinition(["start": "before", "nodes": .object(nodes)])
        let found = Preflight(of: run.machine.state, from: run.machine.graph, to: other).obstacles
        #expect(found.contains { $0.node == "each" && $0.reason.contains("another form") })
        #expect(found.contains { $0.node == "each.do.graph/look" })
        #expect(Preflight(of: run.machine.state, from: run.machine.graph, to: run.machine.graph).isAdoptable)
    }

    @Test func forkInMidLoopGoesOnWhereEachItemStood() throws {
        var run = try Transcript(Self.graph)
        run.give(.jobDone(step: run.plans[0].step, output: "good"))
        let fork = try Fork(
            of: Transcript.run, at: 9, state: run.machine.state, graph: run.machine.graph, now: run.now)
        var other = RunMachine(graph: run.machine.graph, identity: run.machine.identity)
        other.replay(fork.changes)
        let transition = other.advance([], now: run.now)
        let tools = transition.orders.compactMap { order -> String? in
            guard case .plan(let plan) = order else { return nil }
            return plan.tool
        }
        #expect(tools.sorted() == ["book", "look", "send"])
    }
}
