package import Domain

/// What a persona can do: a typed function with a declared effect, run inside the persona's sandbox.
///
/// `Input` and `Output` are `Codable` with snake_case JSON keys (explicit `CodingKeys`); their JSON Schemas are derived
/// from them (`JSONSchema(of:)`), to which `SchemaAnnotated` adds words for a model and bounds.
package protocol Tool: Sendable {
    associatedtype Input: Codable & Sendable
    associatedtype Output: Codable & Sendable

    static var descriptor: ToolDescriptor { get }

    /// Does the work. Throws `ToolFailure` with words that an operator can act on; any other error is reported as a
    /// permanent failure. Must honour `context.deadline` and task cancellation.
    func call(_ input: Input, in context: ToolContext) async throws -> Output
}

/// Asks a reconciler what became of an effect.
package struct ReconcileInput: Sendable, Codable {
    package var effectKey: String
    /// The input of the call in question, resources resolved.
    package var input: JSONValue

    package init(effectKey: String, input: JSONValue) {
        self.effectKey = effectKey
        self.input = input
    }

    enum CodingKeys: String, CodingKey {
        case input
        case effectKey = "effect_key"
    }
}

/// What a reconciler found; `output` is the call's output where it could be rebuilt.
package struct ReconcileOutput: Sendable, Codable {
    package enum Outcome: String, Sendable, Codable, CaseIterable {
        case done, unknown
        /// Certain that nothing happened: the call may be repeated.
        case notDone = "not_done"
    }

    package var outcome: Outcome
    package var output: JSONValue?

    package init(outcome: Outcome, output: JSONValue? = nil) {
        self.outcome = outcome
        self.output = output
    }
}
