package import Domain
package import FoundationEssentials
import Postgres
package import Vault

package enum WebhookSubject {}
package typealias WebhookID = Identifier<WebhookSubject>
package enum WebhookDeliverySubject {}
package typealias WebhookDeliveryID = Identifier<WebhookDeliverySubject>

/// What a webhook is for.
package enum WebhookPurpose: Sendable, Hashable {
    /// Messages of others start runs.
    case starts(PersonaID, GraphID)
    /// Others are told of runs, as of `run.succeeded`.
    case tells(url: String, events: [String])

    /// What may be told of.
    package static let events = ["run.waiting", "run.succeeded", "run.failed", "run.cancelled"]
}

package struct WebhookSettings: Sendable, Hashable {
    package enum Status: String, Sendable, CaseIterable { case active, paused }

    package var name: String
    package var purpose: WebhookPurpose
    package var status: Status

    package init(name: String, purpose: WebhookPurpose, status: Status = .active) {
        self.name = name
        self.purpose = purpose
        self.status = status
    }
}

/// A webhook without its keys.
package struct Webhook: Sendable {
    package let id: WebhookID
    package let settings: WebhookSettings
    /// Until when the key before the current one counts as well.
    package let previousUntil: Date?
    package let lastError: String?
    package let revision: Int
    package let createdAt: Date
    package let updatedAt: Date
}

/// The envelopes of the keys that count now: the current one first.
package struct WebhookEnvelopes: Sendable {
    let current: [UInt8]
    let previous: [UInt8]?

    init(_ row: PostgresRow) throws {
        current = try row.bytes("secret")
        previous = try row.bool("takes_previous") ? try row.optionalBytes("previous_secret") : nil
    }

    static let columns = """
        w.secret, w.previous_secret, coalesce(w.previous_until > platform_now(), false) AS takes_previous
        """

    /// The keys, opened.
    package func keys(_ tenant: TenantID, _ id: WebhookID, with key: TenantKey) throws -> [WebhookKey] {
        try ([current] + (previous.map { [$0] } ?? [])).compactMap {
            WebhookKey(try key.open($0, at: Webhooks.place(tenant, id)))
        }
    }
}

/// A message on its way out, or at its end.
package struct WebhookDelivery: Sendable {
    package enum State: String, Sendable, CaseIterable { case pending, delivered, dead }

    package let id: WebhookDeliveryID
    package let run: RunID
    package let event: String
    package let state: State
    package let attempt: Int
    package let dueAt: Date
    package let httpStatus: Int?
    package let error: String?
    package let createdAt: Date
    package let endedAt: Date?
}

extension Webhook {
    static let columns = """
        webhook_id, direction, name, persona_id, graph_id, url, events, status, previous_until, last_error, revision,
        created_at, updated_at
        """

    init(_ row: PostgresRow) throws {
        let purpose: WebhookPurpose =
            if let url = try row.optionalText("url") {
                .tells(url: url, events: try row.texts("events"))
            } else {
                .starts(try row.id("persona_id"), try row.id("graph_id"))
            }
        id = try row.id("webhook_id")
        settings = WebhookSettings(name: try row.text("name"), purpose: purpose, status: try row.known("status"))
        previousUntil = try row.optionalTimestamp("previous_until")
        lastError = try row.optionalText("last_error")
        revision = try row.int("revision")
        createdAt = try row.timestamp("created_at")
        updatedAt = try row.timestamp("updated_at")
    }
}
