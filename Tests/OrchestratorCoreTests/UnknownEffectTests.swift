import Domain
import OrchestratorCore
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(10))) struct UnknownEffectTests {
    static func graph(_ tool: String) -> JSONValue {
        RunMachineTests.single(["type": "tool", "tool": .string(tool), "output": "sent", "next": "e"])
    }

    static func lost(_ phase: EffectPhase = .transmitting, abandoned: Bool = true) -> RunInput {
        .jobUnknown(step: 1, phase: phase, abandoned: abandoned)
    }

    @Test func foundEffectIsDoneAndNotRepeated() throws {
        var run = try Transcript(Self.graph("send"))
        run.give(Self.lost())
        #expect(
            run.orders == ["plan 2 find"] && run.plans.first?.kind == .reconcile && run.plans.first?.reconciles == 1)
        #expect(run.status == .running)
        run.give(.jobDone(step: 2, output: ["outcome": "done", "output": ["id": "x"]]))
        #expect(run.orders == ["settle 1 done"])
        #expect(run.status == .succeeded && run.values["sent"]?["id"] == "x")
    }

    @Test func certainlyAbsentEffectIsRepeatedWithTheSameJob() throws {
        var run = try Transcript(Self.graph("send"))
        run.give(Self.lost())
        run.give(.jobDone(step: 2, output: ["outcome": "not_done"]))
        #expect(run.orders == ["again 1"])
        run.give(.jobDone(step: 1, output: 1))
        #expect(run.status == .succeeded)
    }

    @Test func absenceIsNotBelievedWhileSomeoneMayStillBeSending() throws {
        var run = try Transcript(Self.graph("send"))
        run.give(Self.lost(abandoned: false))
        run.give(.jobDone(step: 2, output: ["outcome": "not_done"]))
        #expect(run.orders.isEmpty && run.status == .waiting)
    }

    @Test(arguments: [["outcome": "unknown"], ["nonsense": true], nil] as [JSONValue])
    func undecidedEffectAsksAPerson(_ answer: JSONValue) throws {
        var run = try Transcript(Self.graph("send"))
        run.give(Self.lost())
        run.give(.jobDone(step: 2, output: answer))
        #expect(run.status == .waiting && run.events.contains("effect.undecided"))
        let wanted: JSONValue = try #require(run.last.waitingFor.first)
        #expect(wanted["kind"] == "decision")
        #expect(wanted["signal"] == .string("effect.\(JobID(run: Transcript.run, step: 1))"))
    }

    @Test(arguments: [
        ("done", ["settle 1 done"], RunStatus.succeeded), ("failed", ["settle 1 failed"], .failed),
        ("retry", ["again 1"], .running), ("maybe", [], .waiting),
    ])
    func decisionIsCarriedOut(_ outcome: String, _ orders: [String], _ status: RunStatus) throws {
        var run = try Transcript(Self.graph("post"))
        run.give(Self.lost())
        #expect(run.status == .waiting)
        let name = EffectDecision.signal(for: JobID(run: Transcript.run, step: 1))
        run.give(.signal(.new(), name: name, payload: ["outcome": .string(outcome)]))
        #expect(run.orders == orders && run.status == status)
        #expect(run.events.contains("signal.refused") == (outcome == "maybe"))
    }

    @Test func decisionForNothingIsRefused() throws {
        var run = try Transcript(Self.graph("send"))
        run.give(.signal(.new(), name: "effect.\(JobID.new())", payload: ["outcome": "done"]))
        #expect(run.events == ["signal.refused"] && run.status == .running)
    }

    @Test func acceptedEffectIsDoneWhateverTheReconcilerSays() throws {
        var run = try Transcript(Self.graph("send"))
        run.give(Self.lost(.accepted))
        run.give(.jobDone(step: 2, output: ["outcome": "not_done"]))
        #expect(run.orders == ["settle 1 done"] && run.status == .succeeded)
        var other = try Transcript(Self.graph("post"))
        other.give(Self.lost(.accepted))
        #expect(other.orders == ["settle 1 done"] && other.status == .succeeded)
    }

    @Test func deduplicableEffectIsLookedForAndThenRepeated() throws {
        var run = try Transcript(Self.graph("book"))
        run.give(Self.lost(abandoned: false))
        run.give(.jobDone(step: 2, output: ["outcome": "unknown"]))
        #expect(run.orders == ["again 1"])
    }

    @Test func failingReconcilerIsTriedAgainAndThenAPersonIsAsked() throws {
        var run = try Transcript(Self.graph("send"))
        run.give(Self.lost())
        for _ in 0..<4 {
            run.give(.jobFailed(step: 2, RunMachineTests.down))
            #expect(run.orders == ["again 2"])
        }
        run.give(.jobFailed(step: 2, RunMachineTests.down))
        #expect(run.orders.isEmpty && run.status == .waiting)
    }

    @Test func toolThatCannotTellIsReconciledToo() throws {
        var run = try Transcript(Self.graph("send"))
        run.give(.jobFailed(step: 1, ToolFailure(.unknownOutcome, code: "cut", "Cut during DATA.")))
        #expect(run.orders == ["plan 2 find"])
    }
}
