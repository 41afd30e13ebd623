import Domain
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Store
import Vault

/// Where messages of others come in: whoever has the key may start the webhook's graph.
struct HookRoutes {
    /// Bytes of a message.
    static let largestBody = 256 * 1024
    /// Seconds that a message's time may be off the platform's clock, either way (Standard Webhooks 1.0).
    static let tolerance = 300

    let services: Services

    var endpoints: [Endpoint] { [take] }

    private var take: Endpoint {
        Endpoint(
            method: .post, path: "/api/hooks/{webhook_id}", name: "takeWebhook", tag: "webhook",
            summary: "Starts a run by a signed message (Standard Webhooks 1.0: webhook-id, webhook-timestamp, "
                + "webhook-signature); a message sent again starts nothing and is answered 200 with its run.",
            access: .anonymous, body: .raw,
            answer: .init(.accepted, .object([Schema.required("run_id", .id)]))
        ) { call in
            let id: WebhookID = try call.id("webhook_id", of: "webhook")
            let doors = try await services.webhookIntake.doors(id)
            guard !doors.isEmpty else { throw Problem.notFound("webhook") }
            let message = try Message(call.headers)
            let body = Array(try await call.content.collect(upTo: Self.largestBody).readableBytesView)
            guard let door = try await door(for: message, body, among: doors) else { throw Self.unsigned }
            return try await begin(message, body, door, call)
        }
    }

    private static let unsigned = Problem(
        .unauthorized, "bad-signature",
        "The message is not signed with this webhook's key, or its time is off by more than five minutes.")

    /// The headers of Standard Webhooks.
    private struct Message {
        let id: String
        let timestamp: Int
        let signature: String

        init(_ headers: HTTPFields) throws {
            guard let id = headers[HeaderNames.webhookID], (1...255).contains(id.utf8.count),
                let timestamp = headers[HeaderNames.webhookTimestamp].flatMap({ Int($0) }), timestamp > 0,
                let signature = headers[HeaderNames.webhookSignature]
            else { throw HookRoutes.unsigned }
            self.id = id
            self.timestamp = timestamp
            self.signature = signature
        }
    }

    private func door(for message: Message, _ body: [UInt8], among doors: [WebhookDoor]) async throws -> WebhookDoor? {
        for door in doors {
            let (distance, isOver) = message.timestamp.subtractingReportingOverflow(door.now)
            guard !isOver, distance.magnitude <= UInt(Self.tolerance) else { continue }
            let keys = try door.envelopes.keys(
                door.tenant, door.webhook, with: try await services.tenants.key(of: door.tenant, under: services.master)
            )
            let isSigned = keys.contains {
                $0.verifies(header: message.signature, id: message.id, timestamp: message.timestamp, body: body)
            }
            if isSigned { return door }
        }
        return nil
    }

    private func begin(_ message: Message, _ body: [UInt8], _ door: WebhookDoor, _ call: Call) async throws -> Reply {
        let payload: JSONValue
        do {
            payload = try JSONValue(parsing: body)
        } catch {
            throw Problem(.badRequest, "malformed", "The message is not JSON.")
        }
        let start: RunStart
        do {
            start = try await RunStart.find(services.database, door.tenant, persona: door.persona, graph: door.graph)
        } catch let refusal as RunStart.Refusal {
            throw Problem(.conflict, "cannot-start", refusal.reason)
        }
        let run = start.run(
            input: [
                "payload": payload,
                "webhook": [
                    "webhook_id": .string(door.webhook.description), "message_id": .string(message.id),
                    "timestamp": .int(Int64(message.timestamp)),
                ],
            ], trigger: "webhook", traceID: call.trace.traceID)
        let taken = try await services.webhookIntake.take(door, message: message.id, run)
        if taken.isNew { await services.doorbell?.ring([.run(door.tenant, taken.run)]) }
        return try .json(["run_id": taken.run], status: taken.isNew ? .accepted : .ok)
    }
}
