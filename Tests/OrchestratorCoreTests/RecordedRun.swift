import Domain
import FoundationEssentials
import OrchestratorCore
import ToolKit

/// A run that is recorded into `Histories/` and from then on has to come out the same. To record one: add it to `all`,
/// run these tests once with PERSONA_RECORD_HISTORIES=1, read what was written, and commit the file. A file that is
/// there is never written again.
struct RecordedRun {
    enum Move {
        case given([RunInput])
        case answer(step: Int, ApprovalDecision)
        case time(Int64)

        static func inputs(_ inputs: RunInput...) -> Move { .given(inputs) }
    }

    var name: String
    var graph: JSONValue
    var input: JSONValue = [:]
    var moves: [Move]
    /// Where it begins: another run's state, or its own before a migration; `nil`: at the graph's start.
    var origin: [RunChange]?

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Histories")

    static let files: [URL] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])  // none: the test on them fails
        .filter { $0.hasSuffix(".json") }.sorted().map { folder.appending(path: $0) }

    var file: URL { Self.folder.appending(path: "\(name).json") }

    static let tools = [
        ToolDescriptor(name: "look", summary: "Reads.", effect: .read),
        ToolDescriptor(name: "send", summary: "Sends.", effect: .nonIdempotent, reconciler: "find"),
        ToolDescriptor(name: "post", summary: "Sends, cannot be looked up.", effect: .nonIdempotent),
        ToolDescriptor(name: "book", summary: "Can be recognised.", effect: .deduplicable, reconciler: "find"),
        ToolDescriptor(name: "find", summary: "Looks for an effect.", effect: .read),
    ]

    func record() throws -> RunHistory {
        var history = RunHistory(
            name: name, run: Transcript.run, input: input, profile: ["name": "Ada"], graph: graph, tools: Self.tools,
            origin: origin)
        var machine = try history.machine()
        var asked: [ApprovalRequest] = []
        var now: Int64 = 1_800_000_000_000
        for move in (origin == nil ? [Move.inputs(.begin)] : []) + moves {
            var inputs: [RunInput] = []
            switch move {
            case .given(let given): inputs = given
            case .time(let milliseconds): now += milliseconds
            case .answer(let step, let decision):
                inputs = asked.filter { $0.step == step }.map {
                    .approval($0.id, decision, argumentsHash: $0.argumentsHash, by: "user:ada", comment: "recorded")
                }
            }
            now += 1_000
            let transition = machine.advance(inputs, now: now)
            asked += transition.approvals
            try history.record(inputs, now: now, transition)
        }
        return history
    }

    static func signal(_ name: String, _ payload: JSONValue, to step: Int? = nil) -> RunInput {
        .signal(
            SignalID(Transcript.run.uuid), name: name, payload: payload,
            wait: step.map { WaitID(run: Transcript.run, step: $0) })
    }

    static let all: [RecordedRun] = first + RecordedRun.later

    private static let first: [RecordedRun] = [
        RecordedRun(
            name: "answer-a-mail",
            graph: [
                "start": "read", "reducers": ["log": "append"],
                "nodes": [
                    "read": [
                        "type": "tool", "tool": "look", "input": ["uid": "${input.uid}"], "output": "mail",
                        "retry": ["attempts": 3, "backoff_ms": 100], "next": "pages",
                    ],
                    "pages": [
                        "type": "for_each", "items": "state.mail.links", "as": "url", "max_parallel": 2,
                        "do": ["type": "tool", "tool": "look", "input": ["url": "${url}", "name": "page-${index}"]],
                        "into": "pages", "collect_errors_into": "failures", "next": "files",
                    ],
                    "files": [
                        "type": "parallel", "join": "answer",
                        "branches": [
                            [["type": "tool", "tool": "look", "output": "log"]],
                            [
                                ["type": "tool", "tool": "look", "output": "log"],
                                ["type": "set", "values": ["log": 1]],
                            ],
                        ],
                    ],
                    "answer": [
                        "type": "tool", "tool": "send", "input": "${state.pages}", "output": "sent", "next": "e",
                    ],
                    "e": ["type": "end", "output": "${state}"],
                ],
            ],
            input: ["uid": 7],
            moves: [
                .inputs(.jobFailed(step: 1, ToolFailure(.transient, code: "away", "Away."))),
                .inputs(.jobDone(step: 1, output: ["links": ["a", "b", "c"]])),
                .inputs(.jobDone(step: 4, output: "B")),
                .inputs(
                    .jobFailed(step: 3, ToolFailure(.permanent, code: "gone", "Gone.")), .jobDone(step: 5, output: "C")),
                .inputs(.jobDone(step: 8, output: "right")), .inputs(.jobDone(step: 7, output: "left")),
                .inputs(.jobUnknown(step: 10, phase: .transmitting, abandoned: true)),
                .inputs(.jobDone(step: 11, output: ["outcome": "done", "output": ["id": "m1"]])),
            ]),
        RecordedRun(
            name: "ask-people",
            graph: [
                "start": "both",
                "nodes": [
                    "both": [
                        "type": "parallel", "join": "ask",
                        "branches": [
                            [["type": "wait", "signal": "go", "output": "left", "timeout_seconds": 600]],
                            [
                                ["type": "wait", "for_seconds": 30],
                                ["type": "tool", "tool": "post", "input": "${state.left}", "approve": true],
                            ],
                        ],
                    ],
                    "ask": [
                        "type": "approval", "title": "Send ${state.left}?", "output": "answer", "on_reject": "e",
                        "next": "e",
                    ],
                    "e": ["type": "end", "output": "${state}"],
                ],
            ],
            moves: [
                .inputs(signal("go", "yes", to: 9)), .inputs(signal("go", "yes", to: 2)), .time(30_000),
                .answer(step: 4, .approve), .inputs(.jobDone(step: 4, output: 1)), .answer(step: 5, .reject),
            ]),
        RecordedRun(
            name: "undo-what-was-done",
            graph: [
                "start": "a", "reducers": ["n": "sum"],
                "nodes": [
                    "a": [
                        "type": "tool", "tool": "book", "output": "x", "next": "b",
                        "compensate": ["type": "tool", "tool": "post", "input": ["undo": "${output}"]],
                    ],
                    "b": [
                        "type": "subgraph", "graph": SubgraphTests.lookup, "input": ["q": "${state.x}"], "next": "c",
                    ],
                    "c": [
                        "type": "for_each", "items": "[1, 2]", "retry": ["attempts": 2, "backoff_ms": 1_000],
                        "do": [
                            ["type": "tool", "tool": "look", "input": "${item}", "output": "seen"],
                            ["type": "set", "values": ["kept": "${local.seen}"]],
                        ], "into": "all", "next": "e",
                    ],
                    "e": ["type": "end"],
                ],
            ],
            moves: [
                .inputs(.jobDone(step: 1, output: "seat 4")), .inputs(.jobDone(step: 3, output: "found")),
                .inputs(.jobDone(step: 7, output: 1)),
                .inputs(.jobFailed(step: 8, ToolFailure(.permanent, code: "full", "Full."))), .time(1_000),
                .inputs(.jobFailed(step: 11, ToolFailure(.permanent, code: "full", "Full."))),
                .inputs(.jobDone(step: 13, output: 1)),
            ]),
    ]
}
