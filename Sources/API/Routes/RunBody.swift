import Domain
import FoundationEssentials
import HTTPTypes
import Store

/// Shapes of runs as the API shows them; `RunDocuments` makes the text.
package enum RunBody {
    static let statuses = RunStatus.allCases.map(\.rawValue)

    private static let failure = Schema.object([
        Schema.required("code", .string()), Schema.required("message", .string(), "what an operator can act on"),
        Schema.optional("node", .string()), Schema.optional("step", .integer()),
        Schema.optional("attempt", .integer(), "the last attempt, from 1"),
    ])

    package static let schema = Schema.named(
        "Run",
        .object([
            Schema.required("id", .id), Schema.required("persona_id", .id),
            Schema.required("persona_version", .integer(1...Int64.max)),
            Schema.required("graph_id", .nullable(.id), "null for a graph that came with the request"),
            Schema.required("graph_version", .nullable(.integer(1...Int64.max))),
            Schema.required("trigger", .string(), "api, mail, …"), Schema.required("status", .choice(statuses)),
            Schema.required("seq", .integer(0...Int64.max), "number of the last event"),
            Schema.required("steps", .integer(0...Int64.max)),
            Schema.required(
                "waiting_for", .nullable(.array(of: .map(of: .any))),
                "what has to come: {kind: signal, id, …}, {kind: approval, id, …}, or {kind: decision, signal, explanation, …} where a person must "
                    + "say what became of an effect: send that signal with the payload {outcome: done, failed or retry}"
            ),
            Schema.required("input", .any), Schema.required("output", .any),
            Schema.required("error", .nullable(failure)),
            Schema.required("forked_from", .nullable(.id), "the run at whose checkpoint it began"),
            Schema.required("forked_checkpoint", .nullable(.integer(0...Int64.max))),
            Schema.required("cancel_requested", .boolean), Schema.required("trace_id", .string()),
            Schema.required("created_by", .nullable(.id)),
            Schema.required("created_at", .time), Schema.required("started_at", .nullable(.time)),
            Schema.required("finished_at", .nullable(.time)),
        ]))

    static let step = Schema.named(
        "Step",
        .object([
            Schema.required("step", .integer(1...Int64.max)), Schema.required("node", .string()),
            Schema.required("kind", .string()),
            Schema.required("status", .choice(["running", "succeeded", "failed", "cancelled"])),
            Schema.required("attempt", .integer(1...Int64.max)), Schema.required("input", .any),
            Schema.required("output", .any), Schema.required("error", .nullable(failure)),
            Schema.required("started_at", .time), Schema.required("finished_at", .nullable(.time)),
        ]))

    static let checkpoint = Schema.named(
        "Checkpoint",
        .object([
            Schema.required("checkpoint", .integer(0...Int64.max), "number of the last event that it covers"),
            Schema.required("has_snapshot", .boolean), Schema.required("created_at", .time),
        ]))
}

/// Which graph a run follows.
enum RunGraphChoice {
    /// The one that the persona's newest mailbox starts.
    case newest
    case stored(GraphID)
    case inline(JSONValue)

    /// Reads `graph` of `POST /api/runs`: absent, an id, `{"graph_id": id}`, or a definition.
    init(_ value: JSONValue?) throws {
        switch value {
        case nil, .null: self = .newest
        case .string(let text): self = .stored(try Self.id(text, at: "/graph"))
        case .object(let members) where members.keys.elementsEqual(["graph_id"]):
            self = .stored(try Self.id(members["graph_id"]?.string ?? "", at: "/graph/graph_id"))
        case .some(let definition): self = .inline(definition)
        }
    }

    private static func id(_ text: String, at pointer: String) throws -> GraphID {
        guard let id = GraphID(text) else {
            throw Problem.invalid([SchemaFault(pointer: pointer, detail: "is not the id of a graph")])
        }
        return id
    }
}

struct RunInput: Decodable {
    let personaID: PersonaID
    let graph: JSONValue?
    let input: JSONValue?

    enum CodingKeys: String, CodingKey {
        case graph, input
        case personaID = "persona_id"
    }
}

struct SignalInput: Decodable {
    let name: String
    let payload: JSONValue?
    let waitID: WaitID?

    enum CodingKeys: String, CodingKey {
        case name, payload
        case waitID = "wait_id"
    }
}

extension Reply {
    /// A list of documents that are JSON already.
    static func documents<Key>(
        _ rows: [RowDocument<Key>], limit: Int, cursor: (Key) -> String
    ) -> Reply {
        var data = Data("{\"data\":[".utf8)
        for (index, row) in rows.prefix(limit).enumerated() {
            if index > 0 { data.append(0x2C) }
            data.append(contentsOf: row.json)
        }
        let next = rows.count > limit ? rows.prefix(limit).last.map { "\"\(Cursor.seal(cursor($0.key)))\"" } : nil
        data.append(contentsOf: "],\"next_cursor\":\(next ?? "null")}".utf8)
        return Reply(.ok, content: .json(data))
    }
}
