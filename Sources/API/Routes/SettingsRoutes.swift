import Domain
import HTTPTypes
import Store

/// What a tenant sets for itself.
struct SettingsRoutes {
    let services: Services

    var endpoints: [Endpoint] { [get, put] }

    private static let members = [
        Schema.optional(
            "details_days", .nullable(.integer(1...36_500)),
            "days after which a finished run keeps its row, error, steps' names, files and audit only; null: never"),
        Schema.optional(
            "queue_limit", .nullable(.integer(1...1_000_000)),
            "runs that may wait to be begun before new ones are answered 429; null: \(TenantSettings.defaultQueueLimit)"
        ),
    ]
    private static let schema = Schema.named("Settings", .object(members))

    private var get: Endpoint {
        Endpoint(
            method: .get, path: "/api/settings", name: "getSettings", tag: "settings",
            summary: "How long details are kept, and how many runs may wait.", access: .read,
            answer: .init(.ok, Self.schema)
        ) { call in
            try Self.reply(try await services.settings.find(call.authenticated().tenant))
        }
    }

    private var put: Endpoint {
        Endpoint(
            method: .put, path: "/api/settings", name: "replaceSettings", tag: "settings",
            summary: "Replaces the settings. If-Match is honoured.", access: .administer,
            body: .json(.object(Self.members), example: ["details_days": 90, "queue_limit": nil]),
            answer: .init(.ok, Self.schema)
        ) { call in
            let caller = try call.authenticated()
            let input: SettingsBody = try call.decode()
            let revision = try call.expectedRevision()
            return try Self.reply(
                try await services.settings.put(
                    caller.tenant, revision: revision,
                    TenantSettings(detailsDays: input.detailsDays, queueLimit: input.queueLimit), actor: caller.actor))
        }
    }

    private static func reply(_ found: (settings: TenantSettings, revision: Int)) throws -> Reply {
        try .json(
            SettingsBody(detailsDays: found.settings.detailsDays, queueLimit: found.settings.queueLimit),
            headers: .entity(revision: found.revision))
    }
}

private struct SettingsBody: Codable {
    let detailsDays: Int?
    let queueLimit: Int?

    enum CodingKeys: String, CodingKey {
        case detailsDays = "details_days"
        case queueLimit = "queue_limit"
    }

    init(detailsDays: Int?, queueLimit: Int?) {
        self.detailsDays = detailsDays
        self.queueLimit = queueLimit
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        // null, not absent: what is not set is shown as such.
        try container.encode(detailsDays, forKey: .detailsDays)
        try container.encode(queueLimit, forKey: .queueLimit)
    }
}
