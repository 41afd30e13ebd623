package import Domain
package import Egress
import FoundationEssentials
package import HTTPClient
package import Store
package import Vault

/// Sends what `WebhookQueue` holds, signed by Standard Webhooks 1.0, to public addresses only.
package struct WebhookSender: Sendable {
    /// Messages sent at the same time.
    package static let batch = 8
    /// For one message; a lease is longer.
    static let patience = Duration.seconds(15)
    /// The longest that a far end may put a message off, in seconds.
    static let longestDelay = 86_400

    private let database: Database
    private let queue: WebhookQueue
    private let key: @Sendable (TenantID) async throws -> TenantKey
    private let client: HTTPClient
    private let policy: EgressPolicy
    private let resolver = Resolver()

    /// `policy` says where messages may go: `.public` and what the operator lists as private. `key` opens a tenant's
    /// envelopes.
    package init(
        database: Database, client: HTTPClient, policy: EgressPolicy,
        key: @escaping @Sendable (TenantID) async throws -> TenantKey
    ) {
        self.database = database
        queue = WebhookQueue(database)
        self.client = client
        self.policy = policy
        self.key = key
    }

    /// Sends what is due; says how many messages were tried.
    package func sweep() async throws -> Int {
        let due = try await queue.claim(limit: Self.batch)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for delivery in due { group.addTask { try await send(delivery) } }
            try await group.waitForAll()
        }
        return due.count
    }

    private func send(_ delivery: ClaimedDelivery) async throws {
        let head: HTTPHead
        do {
            let target = try WebhookTarget(delivery.url, policy: policy)
            let address = try await target.address(resolver, policy: policy)
            head = try await client.stream(try await request(delivery, to: address)).head
        } catch let refusal as WebhookTarget.Refusal {
            return try await queue.failed(delivery, status: nil, error: "Not sent: the URL \(refusal.reason).")
        } catch let error as HTTPClientError {
            return try await queue.failed(delivery, status: nil, error: "Not delivered: \(error.message)")
        }
        switch head.status {
        case 200..<300: try await queue.delivered(delivery, status: head.status)
        case 410:
            try await queue.failed(
                delivery, status: 410, error: "The far end wants no more messages (410); the webhook is paused.",
                isGone: true)
        default:
            let after = head.headers["Retry-After"].flatMap { Int($0) }.map { min(max($0, 0), Self.longestDelay) }
            try await queue.failed(
                delivery, status: head.status, error: "The far end answered \(head.status).", after: after)
        }
    }

    private func request(_ delivery: ClaimedDelivery, to address: String) async throws -> HTTPRequest {
        let id = "msg_\(delivery.id)", timestamp = Int(Date().timeIntervalSince1970)
        let keys = try delivery.envelopes.keys(
            delivery.tenant, delivery.webhook, with: try await key(delivery.tenant))
        let signatures = keys.map { $0.signature(id: id, timestamp: timestamp, body: delivery.payload) }
        return HTTPRequest(
            "POST", delivery.url,
            headers: [
                "Content-Type": "application/json", "User-Agent": "persona-platform", "webhook-id": id,
                "webhook-timestamp": String(timestamp), "webhook-signature": signatures.joined(separator: " "),
            ], body: delivery.payload, address: address,
            limits: HTTPLimits(connect: Self.patience, total: Self.patience, responseBytes: 64 * 1_024))
    }
}
