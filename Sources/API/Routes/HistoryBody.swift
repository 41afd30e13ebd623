import Domain
import FoundationEssentials
import HTTPTypes
import OrchestratorCore
import Store

extension RunMoment {
    /// The state, folded.
    func state() throws -> RunState {
        try readable {
            let decoder = JSONDecoder()
            return Fork.state(
                snapshot: try snapshot.map { try decoder.decode(RunState.self, from: Data($0)) },
                changes: try deltas.flatMap { try decoder.decode([RunChange].self, from: Data($0)) })
        }
    }

    func definition() throws -> GraphDefinition { try readable { try GraphDefinition(graph) } }

    private func readable<Value>(_ read: () throws -> Value) throws -> Value {
        do {
            return try read()
        } catch {
            throw Problem(
                .conflict, "run-unreadable",
                "The run's graph or history cannot be read by this version of the platform.")
        }
    }

    /// Changes as a delta.
    func encode(_ changes: [RunChange]) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(changes))
    }
}

struct CheckpointBody: Encodable {
    let checkpoint: Int
    let createdAt: Date
    let status: String
    let state: JSONValue
    let nodes: [String]
    let steps: Int
    let output: JSONValue?
    let error: JSONValue?

    init(_ moment: RunMoment, _ state: RunState) {
        checkpoint = moment.checkpoint
        createdAt = moment.at
        status = state.status.rawValue
        self.state = state.values
        nodes = state.strands.sorted { $0.key < $1.key }.map(\.value.node)
        steps = state.steps
        output = state.output
        error = state.failure?.json
    }

    enum CodingKeys: String, CodingKey {
        case checkpoint, status, state, nodes, steps, output, error
        case createdAt = "created_at"
    }

    static let schema = Schema.named(
        "RunState",
        .object([
            Schema.required("checkpoint", .integer(0...Int64.max)), Schema.required("created_at", .time),
            Schema.required("status", .choice(RunBody.statuses)),
            Schema.required("state", .any, "what the graph's expressions saw as state"),
            Schema.required("nodes", .array(of: .string()), "where the run stood"),
            Schema.required("steps", .integer(0...Int64.max)), Schema.optional("output", .any),
            Schema.optional("error", .any),
        ]))
}

struct ForkInput: Decodable {
    let checkpoint: Int
    let state: [String: JSONValue]?

    func edits() throws -> [Fork.Edit] {
        try (state ?? [:]).sorted { $0.key < $1.key }.map { name, value in
            guard let path = StatePath(name) else {
                throw Problem.invalid([SchemaFault(pointer: "/state", detail: "'\(name)' is not a path of the state")])
            }
            return Fork.Edit(path: path, value: value)
        }
    }
}

struct PreflightInput: Decodable {
    let graphVersion: Int?
    let definition: JSONValue?

    enum CodingKeys: String, CodingKey {
        case definition
        case graphVersion = "graph_version"
    }
}

struct PreflightBody: Encodable {
    let runID: RunID
    let graphVersion: Int?
    let obstacles: [Preflight.Obstacle]

    enum CodingKeys: String, CodingKey {
        case adoptable, obstacles
        case runID = "run_id"
        case graphVersion = "graph_version"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(runID, forKey: .runID)
        try container.encodeIfPresent(graphVersion, forKey: .graphVersion)
        try container.encode(obstacles.isEmpty, forKey: .adoptable)
        try container.encode(obstacles, forKey: .obstacles)
    }

    static let schema = Schema.named(
        "Preflight",
        .object([
            Schema.required("run_id", .id),
            Schema.optional("graph_version", .integer(1...Int64.max), "that it goes by; absent before it has begun"),
            Schema.required("adoptable", .boolean),
            Schema.required(
                "obstacles",
                .array(
                    of: .object([
                        Schema.required("node", .string()), Schema.required("pointer", .string()),
                        Schema.required("reason", .string()),
                    ]))),
        ]))
}

struct RunDiffBody: Encodable {
    let rows: [RunDiff.Row]
    let durationDifference: Int
    let costDifference: Int
    let tokensDifference: Int

    init(_ diff: RunDiff) {
        rows = diff.rows
        durationDifference = diff.durationDifference
        costDifference = diff.costDifference
        tokensDifference = diff.tokensDifference
    }

    enum CodingKeys: String, CodingKey {
        case rows
        case durationDifference = "duration_difference_ms"
        case costDifference = "cost_difference"
        case tokensDifference = "tokens_difference"
    }

    private static let step = Schema.object([
        Schema.required("step", .integer()), Schema.required("node", .string()), Schema.required("status", .string()),
        Schema.optional("input", .any), Schema.optional("output", .any), Schema.optional("duration_ms", .integer()),
        Schema.optional("cost", .integer(), "in millionths of the currency, where a call says it"),
        Schema.optional("tokens", .integer(), "that a language model read and wrote"),
    ])
    static let schema = Schema.named(
        "RunDiff",
        .object([
            Schema.required(
                "rows",
                .array(
                    of: .object([
                        Schema.required("node", .string()), Schema.optional("left", step),
                        Schema.optional("right", step),
                        Schema.required(
                            "differences", .array(of: .choice(RunDiff.Aspect.allCases.map(\.rawValue)))),
                    ]))),
            Schema.required("duration_difference_ms", .integer(), "of the right run over the left"),
            Schema.required("cost_difference", .integer()), Schema.required("tokens_difference", .integer()),
        ]))
}
