import Domain
import FoundationEssentials
import Store

/// A webhook as a client sends it.
struct WebhookInput: Decodable {
    let direction: String
    let name: String
    let personaID: PersonaID?
    let graphID: GraphID?
    let url: String?
    let events: [String]?
    let status: String?

    enum CodingKeys: String, CodingKey {
        case direction, name, url, events, status
        case personaID = "persona_id"
        case graphID = "graph_id"
    }

    /// Throws where members of its direction are missing; `refusal` says why messages may not go to a URL.
    func settings(refusal: (String) -> String?) throws -> WebhookSettings {
        let status = status.flatMap { WebhookSettings.Status(rawValue: $0) } ?? .active
        if direction == "in" {
            guard let personaID else { throw Self.invalid("/persona_id", "is needed: whose runs messages start") }
            guard let graphID else { throw Self.invalid("/graph_id", "is needed: the graph that messages start") }
            return WebhookSettings(name: name, purpose: .starts(personaID, graphID), status: status)
        }
        guard let url else { throw Self.invalid("/url", "is needed: where messages go") }
        if let reason = refusal(url) { throw Self.invalid("/url", reason) }
        let events = Set(events ?? []).sorted()
        guard !events.isEmpty else { throw Self.invalid("/events", "is needed: what messages tell of") }
        return WebhookSettings(name: name, purpose: .tells(url: url, events: events), status: status)
    }

    private static func invalid(_ pointer: String, _ detail: String) -> Problem {
        .invalid([SchemaFault(pointer: pointer, detail: detail)])
    }
}

/// A webhook as the API shows it; `secret` only in the answer to whoever made it.
struct WebhookBody: Encodable {
    let id: WebhookID
    let direction: String
    let name: String
    let personaID: PersonaID?
    let graphID: GraphID?
    let path: String?
    let url: String?
    let events: [String]?
    let status: String
    let secret: String?
    let previousUntil: Date?
    let lastError: String?
    let createdAt: Date
    let updatedAt: Date

    init(_ webhook: Webhook, secret: Secret? = nil) {
        id = webhook.id
        name = webhook.settings.name
        status = webhook.settings.status.rawValue
        switch webhook.settings.purpose {
        case .starts(let persona, let graph):
            direction = "in"
            (personaID, graphID, path, url, events) = (persona, graph, "/api/hooks/\(webhook.id)", nil, nil)
        case .tells(let target, let told):
            direction = "out"
            (personaID, graphID, path, url, events) = (nil, nil, nil, target, told)
        }
        self.secret = secret?.reveal()
        previousUntil = webhook.previousUntil
        lastError = webhook.lastError
        createdAt = webhook.createdAt
        updatedAt = webhook.updatedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, direction, name, path, url, events, status, secret
        case personaID = "persona_id"
        case graphID = "graph_id"
        case previousUntil = "previous_until"
        case lastError = "last_error"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    static let settings = [
        Schema.required("direction", .choice(["in", "out"]), "in: messages start runs; out: messages tell of runs"),
        Schema.required("name", .text(1...200)), Schema.optional("persona_id", .id, "of direction in"),
        Schema.optional("graph_id", .id, "of direction in: the graph that a message starts"),
        Schema.optional(
            "url", .text(1...2_000),
            "of direction out: https; private, link-local and metadata addresses are refused"),
        Schema.optional(
            "events", .array(of: .choice(WebhookPurpose.events), most: WebhookPurpose.events.count),
            "of direction out: what is told"),
        Schema.optional("status", .choice(WebhookSettings.Status.allCases.map(\.rawValue))),
    ]

    static let schema = Schema.named(
        "Webhook",
        .object(
            settings + [
                Schema.required("id", .id),
                Schema.optional("path", .string(), "of direction in: where messages are sent to"),
                Schema.optional(
                    "secret", .string(), "whsec_…, the key of Standard Webhooks; shown once, to whoever made it"),
                Schema.optional("previous_until", .time, "until when the key before this one counts as well"),
                Schema.optional("last_error", .string()), Schema.required("created_at", .time),
                Schema.required("updated_at", .time),
            ]))
}

struct WebhookDeliveryBody: Encodable {
    let id: WebhookDeliveryID
    let messageID: String
    let runID: RunID
    let event: String
    let state: String
    let attempt: Int
    let dueAt: Date?
    let httpStatus: Int?
    let error: String?
    let createdAt: Date
    let endedAt: Date?

    init(_ delivery: WebhookDelivery) {
        id = delivery.id
        messageID = "msg_\(delivery.id)"
        runID = delivery.run
        event = delivery.event
        state = delivery.state.rawValue
        attempt = delivery.attempt
        dueAt = delivery.state == .pending ? delivery.dueAt : nil
        httpStatus = delivery.httpStatus
        error = delivery.error
        createdAt = delivery.createdAt
        endedAt = delivery.endedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, event, state, attempt, error
        case messageID = "message_id"
        case runID = "run_id"
        case dueAt = "due_at"
        case httpStatus = "http_status"
        case createdAt = "created_at"
        case endedAt = "ended_at"
    }

    static let schema = Schema.named(
        "WebhookDelivery",
        .object([
            Schema.required("id", .id), Schema.required("message_id", .string(), "webhook-id, the same each time"),
            Schema.required("run_id", .id), Schema.required("event", .choice(WebhookPurpose.events)),
            Schema.required("state", .choice(WebhookDelivery.State.allCases.map(\.rawValue))),
            Schema.required("attempt", .integer(0...Int64.max), "attempts begun"),
            Schema.optional("due_at", .time, "of the next attempt"),
            Schema.optional("http_status", .integer(), "of the last answer"),
            Schema.optional("error", .string(), "why the last attempt failed"), Schema.required("created_at", .time),
            Schema.optional("ended_at", .time),
        ]))
}
