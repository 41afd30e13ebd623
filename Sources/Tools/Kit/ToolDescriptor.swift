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
    /// What a wrong call can cost; decides what is allowed where nobody has said.
    package var risk: RiskClass
    /// What a permission must grant.
    package var access: ToolAccess
    /// Names of the tools whose output this one takes, or that belong before it.
    package var dependencies: [String]
    package var limits: ToolLimits
    /// Words that people use for what it does and that its summary does not: `mail`, `inbox`.
    package var keywords: [String]
    /// Called by the platform alone; no graph may name it and no list shows it.
    package var isInternal: Bool

    /// `risk` and `access` are by effect where they are not given: what only reads is of low risk, what can be
    /// recognised or repeated is moderate, and what happens twice when it is repeated is high.
    package init(
        name: String, version: Int = 1, summary: String, effect: EffectClass, secrets: [String] = [],
        usesNetwork: Bool = false, timeoutSeconds: Int = 60, resources: [ToolResource] = [], reconciler: String? = nil,
        risk: RiskClass? = nil, access: ToolAccess? = nil, dependencies: [String] = [],
        limits: ToolLimits = ToolLimits(), keywords: [String] = [], isInternal: Bool = false
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
        self.risk = risk ?? RiskClass(effect)
        self.access = access ?? (effect == .read ? .read : .write)
        self.dependencies = dependencies
        self.limits = limits
        self.keywords = keywords
        self.isInternal = isInternal
    }

    /// Members that came later have their defaults: recorded runs name tools of their time.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            version: try container.decode(Int.self, forKey: .version),
            summary: try container.decode(String.self, forKey: .summary),
            effect: try container.decode(EffectClass.self, forKey: .effect),
            secrets: try container.decode([String].self, forKey: .secrets),
            usesNetwork: try container.decode(Bool.self, forKey: .usesNetwork),
            timeoutSeconds: try container.decode(Int.self, forKey: .timeoutSeconds),
            resources: try container.decode([ToolResource].self, forKey: .resources),
            reconciler: try container.decodeIfPresent(String.self, forKey: .reconciler),
            risk: try container.decodeIfPresent(RiskClass.self, forKey: .risk),
            access: try container.decodeIfPresent(ToolAccess.self, forKey: .access),
            dependencies: try container.decodeIfPresent([String].self, forKey: .dependencies) ?? [],
            limits: try container.decodeIfPresent(ToolLimits.self, forKey: .limits) ?? ToolLimits(),
            keywords: try container.decodeIfPresent([String].self, forKey: .keywords) ?? [],
            isInternal: try container.decodeIfPresent(Bool.self, forKey: .isInternal) ?? false)
    }

    enum CodingKeys: String, CodingKey {
        case name, version, summary, effect, secrets, resources, reconciler, risk, access, dependencies, limits,
            keywords
        case usesNetwork = "uses_network"
        case timeoutSeconds = "timeout_seconds"
        case isInternal = "is_internal"
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

/// What a wrong call can cost.
package enum RiskClass: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing outside of the run.
    case low
    /// Something that can be seen and mended: an answer to a person who wrote, a record that can be changed back.
    case moderate
    /// Money, reputation, data, or the running of programs: not allowed unless somebody says so.
    case high

    package init(_ effect: EffectClass) {
        self =
            switch effect {
            case .read: .low
            case .idempotentByKey, .deduplicable: .moderate
            case .nonIdempotent: .high
            }
    }
}

/// What a tool does with what it is let to.
package enum ToolAccess: String, Sendable, Hashable, Codable, CaseIterable {
    /// Looks.
    case read
    /// Changes something outside of the run.
    case write
    /// Runs a program of somebody else's.
    case execute
}

/// Bytes that a call may carry, as JSON.
package struct ToolLimits: Sendable, Hashable, Codable {
    /// What a call's frame holds; larger things travel as files.
    package static let frameBytes = ToolFrame.maximumBytes

    package var inputBytes: Int
    package var outputBytes: Int

    package init(inputBytes: Int = frameBytes, outputBytes: Int = frameBytes) {
        self.inputBytes = inputBytes
        self.outputBytes = outputBytes
    }

    enum CodingKeys: String, CodingKey {
        case inputBytes = "input_bytes"
        case outputBytes = "output_bytes"
    }
}
