import Domain
import FoundationEssentials
import HTTPTypes
import Store
import ToolKit

/// Who may call which tools, and how often.
struct ToolRuleRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, create, get, replace, delete] }

    private static let path = "/api/tool-rules"

    private var list: Endpoint {
        Endpoint(
            method: .get, path: Self.path, name: "listToolRules", tag: "tool",
            summary: "Rules about tools: what is allowed, asked about or denied, and how often.", access: .read,
            query: PageRequest.parameters, answer: .init(.ok, .page(of: ToolRuleBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let rows = try await services.toolRules.list(
                caller.tenant, after: page.after { ToolRuleID($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { ToolRuleBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var create: Endpoint {
        Endpoint(
            method: .post, path: Self.path, name: "createToolRule", tag: "tool",
            summary: "Makes the rule of a subject and a pattern of tools: 409 where there is one. Of the rules for the "
                + "tenant and the persona the one with the most exact pattern counts; one for a role is held beside it.",
            access: .administer,
            body: .json(
                .object(ToolRuleBody.identity + ToolRuleBody.settings),
                example: [
                    "subject": ["kind": "persona", "id": "0198a1b2-0000-7000-8000-000000000001"], "tool": "http.*",
                    "access": ["read", "write"], "verdict": "ask", "per_hour": 20, "when_exceeded": "wait",
                ]), answer: .init(.created, ToolRuleBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let rule = try call.decode(ToolRuleInput.self).rule()
            do {
                let stored = try await services.toolRules.create(caller.tenant, rule, actor: caller.actor)
                return try Self.reply(stored, .created)
            } catch StoreError.notFound("persona") {
                throw Problem.invalid([
                    SchemaFault(
                        pointer: "/subject/id", detail: "is no persona of yours, or there are \(ToolRules.most) rules")
                ])
            }
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/{rule_id}", name: "getToolRule", tag: "tool", summary: "One rule.",
            access: .read, answer: .init(.ok, ToolRuleBody.schema)
        ) { call in
            try Self.reply(try await rule(of: call, call.authenticated()), .ok)
        }
    }

    private var replace: Endpoint {
        Endpoint(
            method: .put, path: Self.path + "/{rule_id}", name: "replaceToolRule", tag: "tool",
            summary: "Replaces what a rule says; its subject and pattern stay. If-Match is honoured.",
            access: .administer,
            body: .json(.object(ToolRuleBody.settings), example: ["verdict": "allow", "per_hour": 200]),
            answer: .init(.ok, ToolRuleBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let known = try await rule(of: call, caller)
            let rule = try call.decode(ToolRuleSettings.self).applied(to: known.rule)
            let stored = try await services.toolRules.update(
                caller.tenant, known.id, revision: try call.expectedRevision(), rule, actor: caller.actor)
            return try Self.reply(stored, .ok)
        }
    }

    private var delete: Endpoint {
        Endpoint(
            method: .delete, path: Self.path + "/{rule_id}", name: "deleteToolRule", tag: "tool",
            summary: "Takes a rule back.", access: .administer, answer: .init(.noContent)
        ) { call in
            let caller = try call.authenticated()
            guard
                try await services.toolRules.remove(
                    caller.tenant, call.id("rule_id", of: "rule"), actor: caller.actor)
            else { throw Problem.notFound("rule") }
            return Reply(.noContent)
        }
    }

    private func rule(of call: Call, _ caller: Caller) async throws -> StoredToolRule {
        guard let rule = try await services.toolRules.find(caller.tenant, call.id("rule_id", of: "rule")) else {
            throw Problem.notFound("rule")
        }
        return rule
    }

    private static func reply(_ rule: StoredToolRule, _ status: HTTPResponse.Status) throws -> Reply {
        try .json(ToolRuleBody(rule), status: status, headers: .entity(revision: rule.revision))
    }
}

private struct ToolRuleSettings: Decodable {
    let access: [ToolAccess]?
    let verdict: ToolVerdict?
    let perHour: Int?
    let whenExceeded: String?

    enum CodingKeys: String, CodingKey {
        case access, verdict
        case perHour = "per_hour"
        case whenExceeded = "when_exceeded"
    }

    func applied(to rule: ToolRule) throws -> ToolRule {
        guard verdict != nil || perHour != nil else {
            throw Problem.invalid([SchemaFault(pointer: "/verdict", detail: "or per_hour is required")])
        }
        if let access, access.isEmpty {
            throw Problem.invalid([SchemaFault(pointer: "/access", detail: "names at least one")])
        }
        return ToolRule(
            subject: rule.subject, pattern: rule.pattern, access: Set(access ?? ToolAccess.allCases), verdict: verdict,
            perHour: perHour, failsAboveLimit: whenExceeded == "fail")
    }
}

private struct ToolRuleInput: Decodable {
    struct Subject: Decodable {
        let kind: String
        let id: PersonaID?
        let role: String?
    }

    let subject: Subject
    let tool: String
    let settings: ToolRuleSettings

    enum CodingKeys: String, CodingKey { case subject, tool }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        subject = try container.decode(Subject.self, forKey: .subject)
        tool = try container.decode(String.self, forKey: .tool)
        settings = try ToolRuleSettings(from: decoder)
    }

    func rule() throws -> ToolRule {
        guard let pattern = ToolPattern(tool) else {
            throw Problem.invalid([SchemaFault(pointer: "/tool", detail: "must be a tool's name, 'area.*' or '*'")])
        }
        let who: ToolSubject
        switch (subject.kind, subject.id, subject.role) {
        case ("tenant", nil, nil): who = .tenant
        case ("persona", let id?, nil): who = .persona(id)
        case ("role", nil, let role?): who = .role(role)
        default:
            throw Problem.invalid([
                SchemaFault(
                    pointer: "/subject",
                    detail: "has an id where its kind is persona, a role where it is role, or neither")
            ])
        }
        return try settings.applied(to: ToolRule(subject: who, pattern: pattern, verdict: nil))
    }
}

private struct ToolRuleBody: Encodable {
    struct Subject: Encodable {
        let kind: String
        let id: PersonaID?
        let role: String?

        init(_ subject: ToolSubject) {
            kind = subject.kind
            if case .persona(let persona) = subject { id = persona } else { id = nil }
            if case .role(let name) = subject { role = name } else { role = nil }
        }
    }

    let id: ToolRuleID
    let subject: Subject
    let tool: String
    let access: [String]
    let verdict: String?
    let perHour: Int?
    let whenExceeded: String
    let createdAt: Date
    let updatedAt: Date

    init(_ stored: StoredToolRule) {
        id = stored.id
        subject = Subject(stored.rule.subject)
        tool = stored.rule.pattern.text
        access = stored.rule.access.map(\.rawValue).sorted()
        verdict = stored.rule.verdict?.rawValue
        perHour = stored.rule.perHour
        whenExceeded = stored.rule.failsAboveLimit ? "fail" : "wait"
        createdAt = stored.createdAt
        updatedAt = stored.updatedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, subject, tool, access, verdict
        case perHour = "per_hour"
        case whenExceeded = "when_exceeded"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    static let identity = [
        Schema.required(
            "subject",
            .object([
                Schema.required("kind", .choice(["tenant", "persona", "role"])), Schema.optional("id", .id),
                Schema.optional("role", .choice(["owner", "admin", "member", "auditor"])),
            ]), "everyone, one persona, or runs that people of a role begin"),
        Schema.required("tool", .text(1...130), "a tool's name, 'area.*' or '*'"),
    ]
    static let settings = [
        Schema.optional(
            "access", .array(of: .choice(ToolAccess.allCases.map(\.rawValue)), most: 3),
            "what the verdict is about; all where absent"),
        Schema.optional(
            "verdict", .nullable(.choice(ToolVerdict.allCases.map(\.rawValue))), "null: the rule only limits"),
        Schema.optional(
            "per_hour", .nullable(.integer(0...1_000_000)), "calls with an effect that may begin in an hour"),
        Schema.optional("when_exceeded", .choice(["wait", "fail"]), "what a call above it does; wait where absent"),
    ]
    static let schema = Schema.named(
        "ToolRule",
        .object(
            [Schema.required("id", .id)] + identity + settings + [
                Schema.required("created_at", .time), Schema.required("updated_at", .time),
            ]))
}
