package import Domain
package import FoundationEssentials
import Postgres

/// A run as people see it.
package struct Run: Sendable {
    package let id: RunID
    package let persona: PersonaID
    package let personaVersion: Int
    package let graphID: GraphID?
    package let graphVersion: Int?
    package let input: JSONValue
    package let trigger: String
    package let status: RunStatus
    /// Number of the last event.
    package let seq: Int
    package let steps: Int
    /// A list of what has to come: {kind: "signal" | "decision", …}.
    package let waitingFor: JSONValue?
    package let output: JSONValue?
    /// {code, message, node?, step?, attempt?}
    package let error: JSONValue?
    package let cancelRequested: Bool
    package let traceID: String
    package let createdBy: UserID?
    package let createdAt: Date
    package let startedAt: Date?
    package let finishedAt: Date?
}

/// A visit of a node.
package struct RunStep: Sendable {
    package let step: Int
    package let node: String
    package let kind: String
    package let status: StepStatus
    package let attempt: Int
    package let input: JSONValue?
    package let output: JSONValue?
    package let error: JSONValue?
    package let startedAt: Date
    package let finishedAt: Date?
}

package struct StoredRunEvent: Sendable {
    package let seq: Int
    package let at: Date
    package let kind: String
    package let node: String?
    package let data: JSONValue
}

package struct RunCheckpoint: Sendable {
    /// Number of the last event that it covers.
    package let seq: Int
    package let at: Date
    package let hasSnapshot: Bool
}

/// A call that runs made or will make: a row of the effect ledger.
package struct RunEffect: Sendable {
    package let job: JobID
    package let step: Int
    package let node: String
    package let tool: String
    package let effect: String
    package let effectKey: String
    package let state: JobState
    package let phase: String?
    package let attempt: Int
}

extension Run {
    static let columns = """
        run_id, persona_id, persona_version, graph_id, graph_version, input, trigger, status, seq, steps, waiting_for,
        output, error, cancel_requested, trace_id, created_by, created_at, started_at, finished_at
        """

    init(_ row: PostgresRow) throws {
        id = try row.id("run_id")
        persona = try row.id("persona_id")
        personaVersion = try row.int("persona_version")
        graphID = try row.optionalID("graph_id")
        graphVersion = try row.optionalInt("graph_version")
        input = try row.value("input")
        trigger = try row.text("trigger")
        status = try row.known("status")
        seq = try row.int("seq")
        steps = try row.int("steps")
        waitingFor = try row.optionalValue("waiting_for")
        output = try row.optionalValue("output")
        error = try row.optionalValue("error")
        cancelRequested = try row.bool("cancel_requested")
        traceID = try row.text("trace_id")
        createdBy = try row.optionalID("created_by")
        createdAt = try row.timestamp("created_at")
        startedAt = try row.optionalTimestamp("started_at")
        finishedAt = try row.optionalTimestamp("finished_at")
    }
}

extension PostgresRow {
    /// Free-form JSON.
    func value(_ column: PostgresColumn) throws -> JSONValue { try JSONValue(parsing: try json(column)) }

    func optionalValue(_ column: PostgresColumn) throws -> JSONValue? {
        try optionalJSON(column).map { try JSONValue(parsing: $0) }
    }

    /// A text that a CHECK constraint holds to the cases of `Value`.
    func known<Value: RawRepresentable<String>>(_ column: PostgresColumn) throws -> Value {
        let text = try text(column)
        guard let value = Value(rawValue: text) else {
            throw PostgresError(.decoding, "'\(text)' is not a \(Value.self)")
        }
        return value
    }
}
