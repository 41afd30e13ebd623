package import Domain

/// What is said about a call before it is made.
package enum ToolVerdict: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case allow
    /// A person is asked first, about exactly this call.
    case ask
    case deny

    private var strictness: Int {
        switch self {
        case .allow: 0
        case .ask: 1
        case .deny: 2
        }
    }

    package static func < (one: ToolVerdict, other: ToolVerdict) -> Bool { one.strictness < other.strictness }
}

/// Whom a rule is about.
package enum ToolSubject: Sendable, Hashable {
    /// Everyone of the tenant.
    case tenant
    case persona(PersonaID)
    /// Runs that a person of this role began.
    case role(String)
}

/// Names of tools: one, all of an area (`email.*`), or all (`*`).
package struct ToolPattern: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    /// `nil` where it is neither.
    package init?(_ text: String) {
        let stem = text.hasSuffix(".*") ? String(text.dropLast(2)) : text
        guard text == "*" || Self.isName(stem) else { return nil }
        self.text = text
    }

    package var description: String { text }

    package func matches(_ name: String) -> Bool {
        if text == "*" { return true }
        return text.hasSuffix(".*") ? name.hasPrefix(text.dropLast()) : name == text
    }

    /// The more of a name it says, the more it counts.
    var weight: Int {
        if text == "*" { return 0 }
        return text.hasSuffix(".*") ? text.utf8.count : Int.max
    }

    /// Lower-case letters, digits, `_` and `-` in parts between dots, 128 characters at most.
    package static func isName(_ text: String) -> Bool {
        guard text.utf8.count <= 128 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D
                }
        }
    }
}

/// What a tenant has said about tools for one subject.
package struct ToolRule: Sendable, Hashable {
    package var subject: ToolSubject
    package var pattern: ToolPattern
    /// What of it the verdict is about.
    package var access: Set<ToolAccess>
    /// `nil`: the rule only limits.
    package var verdict: ToolVerdict?
    /// Calls with an effect that may begin in an hour.
    package var perHour: Int?
    /// Above `perHour`: fail with an error that says when, instead of waiting.
    package var failsAboveLimit: Bool

    package init(
        subject: ToolSubject, pattern: ToolPattern, access: Set<ToolAccess> = Set(ToolAccess.allCases),
        verdict: ToolVerdict?, perHour: Int? = nil, failsAboveLimit: Bool = false
    ) {
        self.subject = subject
        self.pattern = pattern
        self.access = access
        self.verdict = verdict
        self.perHour = perHour
        self.failsAboveLimit = failsAboveLimit
    }
}

/// What one persona may do with tools on behalf of one person: the tenant's rules that concern them. Pure.
///
/// For the persona the rule with the most exact pattern counts, of two with the same pattern the persona's own before the
/// tenant's; where there is none, what is risky is denied. A rule for the person's role is held beside it, and the
/// stricter verdict counts.
package struct ToolPolicy: Sendable, Hashable {
    /// Effectful calls of one tool that a persona may begin in an hour where no rule says otherwise.
    package static let defaultPerHour = 100

    private let rules: [ToolRule]
    private let trusted: Set<ToolShape>
    private let isOpen: Bool

    /// `rules` may be all of the tenant's: those about others are left out.
    package init(_ rules: [ToolRule], trusted: Set<ToolShape> = [], persona: PersonaID, role: String?) {
        self.rules = rules.filter { rule in
            switch rule.subject {
            case .tenant: true
            case .persona(let id): id == persona
            case .role(let name): name == role
            }
        }
        self.trusted = trusted
        isOpen = false
    }

    private init() {
        rules = []
        trusted = []
        isOpen = true
    }

    /// Allows everything: for machines that run without a store.
    package static let open = ToolPolicy()

    package func verdict(on tool: ToolDescriptor) -> ToolVerdict {
        if isOpen { return .allow }
        let role = strongest(tool) { if case .role = $0 { true } else { false } }
        let own = strongest(tool) { if case .role = $0 { false } else { true } }
        return max(own?.verdict ?? Self.standard(tool.risk), role?.verdict ?? .allow)
    }

    /// With what has been let go unasked.
    package func verdict(on tool: ToolDescriptor, input: JSONValue) -> ToolVerdict {
        let verdict = verdict(on: tool)
        guard verdict == .ask, !trusted.isEmpty, let shape = ToolShape(tool: tool.name, input: input) else {
            return verdict
        }
        return trusted.contains(shape) ? .allow : .ask
    }

    /// Where nobody has said anything.
    package static func standard(_ risk: RiskClass) -> ToolVerdict { risk == .high ? .deny : .allow }

    /// The limits that a call counts against: every rule that sets one, and the platform's own where none does.
    package func limits(on tool: ToolDescriptor) -> [ToolRule] {
        guard tool.effect != .read, !isOpen else { return [] }
        return rules.filter { $0.perHour != nil && $0.pattern.matches(tool.name) }
    }

    private func strongest(_ tool: ToolDescriptor, among isMeant: (ToolSubject) -> Bool) -> ToolRule? {
        rules.filter { rule in
            rule.verdict != nil && rule.access.contains(tool.access) && isMeant(rule.subject)
                && rule.pattern.matches(tool.name)
        }.max { one, other in
            (one.pattern.weight, one.subject.weight) < (other.pattern.weight, other.subject.weight)
        }
    }
}

extension ToolSubject {
    fileprivate var weight: Int { if case .tenant = self { 0 } else { 1 } }
}
