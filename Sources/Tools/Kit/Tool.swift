package import Domain

/// What a persona can do: a typed function with a declared effect, run inside the persona's sandbox.
///
/// `Input` and `Output` are `Codable` with snake_case JSON keys (explicit `CodingKeys`).
package protocol Tool: Sendable {
    associatedtype Input: Codable & Sendable
    associatedtype Output: Codable & Sendable

    static var descriptor: ToolDescriptor { get }

    /// Does the work. Throws `ToolFailure` with words that an operator can act on; any other error is reported as a
    /// permanent failure. Must honour `context.deadline` and task cancellation.
    func call(_ input: Input, in context: ToolContext) async throws -> Output
}

/// What the platform knows of a tool before it runs.
package struct ToolDescriptor: Sendable, Hashable, Codable {
    /// Dotted lower-case name, `area.verb`: `email.reply`.
    package var name: String
    /// Raised when the meaning of input, output or effect changes.
    package var version: Int
    /// One or two sentences for a model and for people: what it does, when to use it.
    package var summary: String
    package var effect: EffectClass
    /// Names of the secrets handed to a call; no other reaches the sandbox.
    package var secrets: [String]
    /// Whether calls need the egress proxy.
    package var usesNetwork: Bool
    /// Seconds after which a call is abandoned and its process group killed.
    package var timeoutSeconds: Int
    /// Resources of the persona that the platform resolves before the call.
    package var resources: [ToolResource]
    /// For effects whose outcome may be unknown: a read tool that takes `ReconcileInput` and answers
    /// `ReconcileOutput`.
    package var reconciler: String?

    package init(
        name: String, version: Int = 1, summary: String, effect: EffectClass, secrets: [String] = [],
        usesNetwork: Bool = false, timeoutSeconds: Int = 60, resources: [ToolResource] = [], reconciler: String? = nil
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.effect = effect
        self.secrets = secrets
        self.usesNetwork = usesNetwork
        self.timeoutSeconds = timeoutSeconds
        self.resources = resources
        self.reconciler = reconciler
    }

    enum CodingKeys: String, CodingKey {
        case name, version, summary, effect, secrets, resources, reconciler
        case usesNetwork = "uses_network"
        case timeoutSeconds = "timeout_seconds"
    }
}

/// How a call may be repeated after a crash.
package enum EffectClass: String, Sendable, Hashable, Codable {
    /// Changes nothing outside the run's own directory: repeat at will.
    case read
    /// The far end honours an idempotency key: repeat with the same key.
    case idempotentByKey = "idempotent_by_key"
    /// A repeat can be recognised afterwards by the effect key: look first, then repeat.
    case deduplicable
    /// A repeat is a second effect: never repeated once `EffectPhase.transmitting` was marked.
    case nonIdempotent = "non_idempotent"
}

/// How far an effectful call came; committed by the platform before `ToolContext.mark` returns.
package enum EffectPhase: String, Sendable, Hashable, Codable {
    /// From here until the far end's answer the outcome cannot be known after a crash.
    case transmitting
    /// The far end took it: what remains is bookkeeping.
    case accepted
}

/// Something that a persona owns and a tool names by id: an input member `<resource>_id` becomes `<resource>`, an
/// object with what the tool needs, and its secrets arrive as `<resource>.<name>`.
package enum ToolResource: String, Sendable, Hashable, Codable {
    /// `mailbox_id` becomes `mailbox`; the secret is `mailbox.password`.
    case mailbox
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
    package enum Outcome: String, Sendable, Codable {
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
