import Domain
import OrchestratorCore
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(2))) struct InterruptTests {
    /// Two branches, each waiting for the signal `go`.
    static let twins = RunMachineTests.single([
        "type": "parallel", "join": "e",
        "branches": [
            [["type": "wait", "signal": "go", "output": "left"]],
            [["type": "wait", "signal": "go", "output": "right"]],
        ],
    ])

    static func wait(_ step: Int) -> WaitID { WaitID(run: Transcript.run, step: step) }
    static func question(_ step: Int) -> ApprovalID { ApprovalID(run: Transcript.run, step: step) }

    @Test func eachPendingWaitIsAnsweredByItsOwnID() throws {
        var run = try Transcript(Self.twins)
        #expect(run.last.waitingFor.compactMap { $0["id"]?.string } == [2, 3].map { Self.wait($0).description })
        run.give(.signal(.new(), name: "go", payload: "R", wait: Self.wait(3)))
        #expect(run.values["right"] == "R" && run.values["left"] == nil && run.status == .waiting)
        run.give(.signal(.new(), name: "go", payload: "L", wait: Self.wait(2)))
        #expect(run.status == .succeeded && run.values["left"] == "L")
    }

    @Test func severalAnswersAtOnceEachFindTheirWait() throws {
        var run = try Transcript(Self.twins)
        run.give(
            .signal(.new(), name: "go", payload: "R", wait: Self.wait(3)),
            .signal(.new(), name: "go", payload: "L", wait: Self.wait(2)))
        #expect(run.status == .succeeded && run.last.output == ["left": "L", "right": "R"])
    }

    @Test(arguments: [
        (InterruptTests.wait(9), "go"), (InterruptTests.wait(3), "stop"), (WaitID(Transcript.run.uuid), "go"),
    ])
    func answerToNothingIsRefusedAndConsumesNothing(_ wait: WaitID, _ name: String) throws {
        var run = try Transcript(Self.twins)
        run.give(.signal(.new(), name: name, payload: 1, wait: wait))
        #expect(run.events == ["signal.refused"] && run.last.takenSignals.count == 1 && run.last.changes.isEmpty)
        #expect(run.last.events.first?.data["wait"] == .string(wait.description))
        #expect(run.last.waitingFor.count == 2)
    }

    @Test func answerIsConsumedOnce() throws {
        var run = try Transcript(Self.twins)
        run.give(
            .signal(.new(), name: "go", payload: 1, wait: Self.wait(2)),
            .signal(.new(), name: "go", payload: 2, wait: Self.wait(2)))
        #expect(run.events.filter { $0 == "signal.refused" }.count == 1)
        #expect(run.values["left"] == 1 && run.values["right"] == nil)
    }

    @Test func resumingRunsNothingAgain() throws {
        var run = try Transcript([
            "start": "look",
            "nodes": [
                "look": ["type": "tool", "tool": "look", "output": "seen", "next": "ask"],
                "ask": ["type": "wait", "signal": "go", "next": "send"],
                "send": ["type": "tool", "tool": "send", "input": "${state.seen}", "next": "e"],
                "e": RunMachineTests.end,
            ],
        ])
        run.give(.jobDone(step: 1, output: "sea"))
        run.give(.signal(.new(), name: "go", payload: nil))
        #expect(run.orders == ["plan 3 send"])
        #expect(run.last.steps.keys.sorted() == [2, 3])
    }

    // MARK: Times

    @Test(
        arguments: [
            (["until": "1970-01-01T00:01:00Z"], 60_000), (["until": 61_000], 61_000), (["for_seconds": 5], 6_000),
            (["until": "${input.at}"], 90_500), (["for_seconds": "${1 + 2}"], 4_000),
        ] as [(JSONValue, Int64)])
    func waitEndsAtItsTime(_ members: JSONValue, _ due: Int64) throws {
        var node = members.object ?? [:]
        node["type"] = "wait"
        node["next"] = "e"
        var run = try Transcript(RunMachineTests.single(.object(node)), input: ["at": "1970-01-01T01:01:30.5+01:00"])
        #expect(run.status == .waiting && run.last.wakeAt == due && run.last.waitingFor.first?["kind"] == "time")
        run.give(at: due - 1)
        #expect(run.status == .waiting && run.last.isEmpty)
        run.give(at: due)
        #expect(run.status == .succeeded)
    }

    @Test func timeThatHasPassedIsNotWaitedFor() throws {
        let run = try Transcript(RunMachineTests.single(["type": "wait", "until": 10, "next": "e"]))
        #expect(run.status == .succeeded)
    }

    @Test func timeThatIsNoneFailsTheNode() throws {
        let run = try Transcript(RunMachineTests.single(["type": "wait", "until": "${'soon'}", "next": "e"]))
        #expect(run.status == .failed && run.last.failure?.code == "expression_error")
    }

    // MARK: Approvals

    static let approval: JSONValue = single([
        "type": "approval", "title": "Send to ${input.to}?", "detail": "Once.", "arguments": ["to": "${input.to}"],
        "timeout_seconds": 60, "output": "answer", "on_reject": "no", "next": "e",
    ])

    static func single(_ node: JSONValue) -> JSONValue {
        [
            "start": "a",
            "nodes": [
                "a": node, "no": ["type": "set", "values": ["refused": true], "next": "e"], "e": RunMachineTests.end,
            ],
        ]
    }

    static func answer(
        _ run: Transcript, _ decision: ApprovalDecision, step: Int = 1, hash: String? = nil
    ) -> RunInput {
        let asked = run.approvals.first { $0.step == step }
        return .approval(
            question(step), decision, argumentsHash: hash ?? asked?.argumentsHash ?? "", by: "user:ada",
            comment: "as said")
    }

    @Test func questionShowsExactlyWhatItsHashIsOf() throws {
        let run = try Transcript(Self.approval, input: ["to": "bob"])
        let asked = try #require(run.last.approvals.first)
        #expect(asked.id == Self.question(1) && asked.title == "Send to bob?" && asked.arguments == ["to": "bob"])
        let shown: JSONValue = ["title": "Send to bob?", "detail": "Once.", "arguments": ["to": "bob"], "tool": nil]
        let hash = try ContentDigest.hex(of: shown)
        #expect(asked.shown == shown && asked.argumentsHash == hash)
        #expect(asked.due == 61_000 && run.events.contains("approval.requested") && run.status == .waiting)
        let other = try Transcript(Self.approval, input: ["to": "eve"])
        #expect(other.last.approvals.first?.argumentsHash != asked.argumentsHash)
    }

    @Test func grantedQuestionGoesOn() throws {
        var run = try Transcript(Self.approval, input: ["to": "bob"])
        run.give(Self.answer(run, .approve))
        #expect(
            run.status == .succeeded && run.last.settledApprovals.map(\.outcome) == [.approved])
        #expect(run.values["answer"]?["by"] == "user:ada" && run.values["answer"]?["comment"] == "as said")
        run.give(Self.answer(run, .approve))
        #expect(run.events == ["approval.refused"] && run.last.takenApprovals == [Self.question(1)])
    }

    @Test func rejectionTakesItsRouteOrFails() throws {
        var run = try Transcript(Self.approval, input: ["to": "bob"])
        run.give(Self.answer(run, .reject))
        #expect(run.status == .succeeded && run.values["refused"] == true && run.values["answer"]?["approved"] == false)
        var bare = try Transcript(RunMachineTests.single(["type": "approval", "title": "Go?", "next": "e"]))
        bare.give(Self.answer(bare, .reject))
        #expect(bare.last.failure?.code == "approval_rejected")
        #expect(bare.last.settledApprovals.map(\.outcome) == [.rejected])
    }

    @Test func answerToSomethingElseIsRefused() throws {
        var run = try Transcript(Self.approval, input: ["to": "bob"])
        run.give(Self.answer(run, .approve, hash: String(repeating: "0", count: 64)))
        #expect(run.events == ["approval.refused"] && run.status == .waiting && run.last.changes.isEmpty)
        run.give(.approval(.new(), .approve, argumentsHash: "", by: "x"))
        #expect(run.events == ["approval.refused"] && run.status == .waiting)
        run.give(Self.answer(run, .approve))
        #expect(run.status == .succeeded)
    }

    @Test func unansweredQuestionExpires() throws {
        var run = try Transcript(Self.approval, input: ["to": "bob"])
        run.give(at: 61_000)
        #expect(run.last.failure?.code == "approval_timeout" && run.last.settledApprovals.map(\.outcome) == [.expired])
        var late = try Transcript(Self.approval, input: ["to": "bob"])
        late.give(Self.answer(late, .approve), at: 61_000)
        #expect(late.last.failure?.code == "approval_timeout" && late.events.contains("approval.refused"))
    }

    @Test func cancelledRunWithdrawsItsQuestions() throws {
        var run = try Transcript(Self.approval, input: ["to": "bob"])
        run.give(.cancel(reason: "enough"))
        #expect(run.last.settledApprovals.map(\.outcome) == [.withdrawn])
        #expect(run.last.steps[1]?.status == .cancelled)
    }

    @Test func approvedToolIsCalledWithExactlyWhatWasShown() throws {
        var run = try Transcript(
            Self.single([
                "type": "parallel", "join": "e",
                "branches": [
                    [["type": "tool", "tool": "send", "input": ["x": "${state.x}"], "approve": true]],
                    [["type": "wait", "signal": "go", "output": "x"]],
                ],
            ]).dropping("no"))
        let asked = try #require(run.last.approvals.first)
        #expect(asked.tool == "send" && asked.arguments == ["x": nil] && run.plans.isEmpty)
        run.give(.signal(.new(), name: "go", payload: "changed"))
        run.give(Self.answer(run, .approve, step: 2))
        #expect(run.orders == ["plan 2 send"] && run.plans.first?.input == ["x": nil])
        #expect(run.last.steps[2] == nil)
        run.give(.jobDone(step: 2, output: 1))
        #expect(run.status == .succeeded)
    }

    @Test func rejectedToolIsNeverCalled() throws {
        var run = try Transcript(
            RunMachineTests.single(["type": "tool", "tool": "send", "approve": ["title": "Send?"], "next": "e"]))
        run.give(Self.answer(run, .reject))
        #expect(run.status == .failed && run.last.failure?.code == "approval_rejected" && run.orders.isEmpty)
    }

    @Test func riskAsksOnlyAboutToolsThatChangeSomething() throws {
        func asks(_ tool: String) throws -> Bool {
            let node: JSONValue = ["type": "tool", "tool": .string(tool), "approve": "risk", "next": "e"]
            return try !Transcript(RunMachineTests.single(node)).last.approvals.isEmpty
        }
        #expect(try asks("send"))
        #expect(try !asks("look"))
        #expect(try !asks("nope"))
    }

    @Test func itemsOfALoopAreAskedAboutOneByOne() throws {
        var run = try Transcript(
            RunMachineTests.single([
                "type": "for_each", "items": "['a', 'b']", "into": "sent", "collect_errors_into": "refused",
                "do": ["type": "tool", "tool": "send", "input": ["to": "${item}"], "approve": true], "next": "e",
            ]))
        #expect(run.last.approvals.map(\.arguments) == [["to": "a"], ["to": "b"]])
        run.give(Self.answer(run, .reject, step: 2), Self.answer(run, .approve, step: 3))
        #expect(run.orders == ["plan 3 send"])
        run.give(.jobDone(step: 3, output: "B"))
        #expect(run.status == .succeeded && run.values["sent"] == ["B"])
        #expect(run.values["refused"]?[0]?["error"]?["code"] == "approval_rejected")
    }
}

extension JSONValue {
    /// Without a node of a graph.
    fileprivate func dropping(_ node: String) -> JSONValue {
        var graph = object ?? [:]
        var nodes = graph["nodes"]?.object ?? [:]
        nodes[node] = nil
        graph["nodes"] = .object(nodes)
        return .object(graph)
    }
}
