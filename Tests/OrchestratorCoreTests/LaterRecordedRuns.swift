import Domain
import FoundationEssentials
import OrchestratorCore
import ToolKit

/// Recorded so that, with the first ones, every kind of node and of change is in some record.
extension RecordedRun {
    static let later: [RecordedRun] = [itemsThatDecide, beganElsewhere]

    /// A model, an early signal, a time, and items whose graphs decide, loop and branch; one of them in doubt, one failed.
    private static let itemsThatDecide = RecordedRun(
        name: "items-that-decide",
        graph: [
            "start": "draft",
            "nodes": [
                "draft": [
                    "type": "model", "messages": [["role": "user", "content": "${input.topic}"]], "output": "draft",
                    "next": "go",
                ],
                "go": ["type": "wait", "signal": "go", "output": "go", "next": "later"],
                "later": ["type": "wait", "until": "${input.at}", "next": "known"],
                "known": [
                    "type": "choice", "cases": [["when": "contains(state.draft.text, 'tide')", "next": "each"]],
                    "default": "e",
                ],
                "each": [
                    "type": "for_each", "items": "['x', 'y']", "as": "url", "do": BodyTests.body, "into": "all",
                    "collect_errors_into": "bad", "timeout_seconds": 600, "next": "e",
                ], "e": ["type": "end", "output": "${state}"],
            ],
        ],
        input: ["topic": "Tides", "at": 1_800_000_060_000],
        moves: [
            .inputs(signal("go", "early")), .inputs(.jobDone(step: 1, output: ["text": "a tide"])), .time(60_000),
            .inputs(.jobDone(step: 6, output: "bad")), .inputs(.jobDone(step: 7, output: "good")),
            .inputs(.jobUnknown(step: 14, phase: .transmitting, abandoned: true)),
            .inputs(.jobDone(step: 16, output: ["outcome": "not_done"])),
            .inputs(.jobDone(step: 14, output: "sent")), .inputs(.jobDone(step: 15, output: "booked")),
            .inputs(.jobFailed(step: 10, ToolFailure(.permanent, code: "gone", "Gone."))),
        ])

    /// A fork of a run of the first version, in the middle of a loop, taken to another version of its graph.
    private static let beganElsewhere = RecordedRun(
        name: "began-elsewhere", graph: loop, moves: [.given([]), .inputs(.jobDone(step: 4, output: "X"))],
        origin: forked)

    private static let loop = RunMachineTests.single([
        "type": "for_each", "items": "['x', 'y']", "do": ["type": "tool", "tool": "look"], "into": "all", "next": "e",
    ])

    private static let forked: [RunChange] = {
        // Without an origin the record would not come to its end, and its test fail.
        guard let state = try? JSONDecoder().decode(RunState.self, from: Data(HistoryTests.snapshot.utf8)),
            let graph = try? GraphDefinition(loop),
            let fork = try? Fork(of: Transcript.run, at: 3, state: state, graph: graph, now: 1_800_000_000_000)
        else { return [] }
        return fork.changes + [.stepped(3), .migrated(to: String(repeating: "0", count: 64))]
    }()
}
