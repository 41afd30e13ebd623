import Domain
import FoundationEssentials
import HTTPTypes
import Store
import Vault

/// Webhooks of both directions, their keys shown once.
struct WebhookRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, create, get, update, delete, rotate, deliveries, redeliver] }

    private static let path = "/api/webhooks"
    private static let one = path + "/{webhook_id}"
    private static let example: JSONValue = [
        "direction": "out", "name": "Ticket system", "url": "https://tickets.example.com/hooks/persona",
        "events": ["run.failed", "run.waiting"],
    ]

    private var list: Endpoint {
        Endpoint(
            method: .get, path: Self.path, name: "listWebhooks", tag: "webhook",
            summary: "Webhooks of your tenant, in both directions.", access: .read, query: PageRequest.parameters,
            answer: .init(.ok, .page(of: WebhookBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let rows = try await services.webhooks.list(
                caller.tenant, after: page.after { WebhookID($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { WebhookBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var create: Endpoint {
        Endpoint(
            method: .post, path: Self.path, name: "createWebhook", tag: "webhook",
            summary: "Makes a webhook (Standard Webhooks 1.0) and shows its key, once.", access: .administer,
            body: .json(.object(WebhookBody.settings), example: Self.example),
            answer: .init(.created, WebhookBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let settings = try settings(of: call)
            let id = WebhookID.new()
            let key = WebhookKey()
            let envelope = try await seal(key, caller.tenant, id)
            let webhook = try await Self.explaining {
                try await services.webhooks.create(
                    caller.tenant, id: id, settings, secret: envelope, actor: caller.actor)
            }
            return try Self.reply(webhook, .created, secret: key.secret)
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: Self.one, name: "getWebhook", tag: "webhook",
            summary: "One webhook, with the last error where messages do not arrive.", access: .read,
            answer: .init(.ok, WebhookBody.schema)
        ) { call in
            try Self.reply(await webhook(of: call, call.authenticated()), .ok)
        }
    }

    private var update: Endpoint {
        Endpoint(
            method: .put, path: Self.one, name: "replaceWebhook", tag: "webhook",
            summary: "Replaces the settings; the key and the direction stay. If-Match is honoured.",
            access: .administer, body: .json(.object(WebhookBody.settings), example: Self.example),
            answer: .init(.ok, WebhookBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let known = try await webhook(of: call, caller)
            let settings = try settings(of: call)
            guard known.settings.purpose.startsRuns == settings.purpose.startsRuns else {
                throw Problem.invalid([SchemaFault(pointer: "/direction", detail: "cannot be changed")])
            }
            let revision = try call.expectedRevision()
            let webhook = try await Self.explaining {
                try await services.webhooks.update(
                    caller.tenant, known.id, revision: revision, settings, actor: caller.actor)
            }
            return try Self.reply(webhook, .ok)
        }
    }

    private var delete: Endpoint {
        Endpoint(
            method: .delete, path: Self.one, name: "deleteWebhook", tag: "webhook",
            summary: "Ends a webhook with the record of its messages; the runs stay.", access: .administer,
            answer: .init(.noContent)
        ) { call in
            let caller = try call.authenticated()
            let known = try await webhook(of: call, caller)
            _ = try await services.webhooks.delete(caller.tenant, known.id, actor: caller.actor)
            return Reply(.noContent)
        }
    }

    private var rotate: Endpoint {
        Endpoint(
            method: .post, path: Self.one + "/rotate", name: "rotateWebhook", tag: "webhook",
            summary: "Makes a new key and shows it, once; the one before it counts for a day more.",
            access: .administer, answer: .init(.ok, WebhookBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let known = try await webhook(of: call, caller)
            let key = WebhookKey()
            let webhook = try await services.webhooks.rotate(
                caller.tenant, known.id, secret: try await seal(key, caller.tenant, known.id), actor: caller.actor)
            return try Self.reply(webhook, .ok, secret: key.secret)
        }
    }

    private var deliveries: Endpoint {
        Endpoint(
            method: .get, path: Self.one + "/deliveries", name: "listWebhookDeliveries", tag: "webhook",
            summary: "Messages of a webhook, newest first: what became of each.", access: .read,
            query: [
                .init(
                    name: "state", schema: .choice(WebhookDelivery.State.allCases.map(\.rawValue)),
                    note: "In one state.")
            ] + PageRequest.parameters, answer: .init(.ok, .page(of: WebhookDeliveryBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let known = try await webhook(of: call, caller)
            let page = try call.page()
            let state = try call.query["state"].map { text in
                guard let state = WebhookDelivery.State(rawValue: text) else {
                    throw Problem(.badRequest, "bad-parameter", "'state' must be pending, delivered or dead.")
                }
                return state
            }
            let rows = try await services.webhooks.deliveries(
                caller.tenant, known.id, state: state, before: page.after { WebhookDeliveryID($0) },
                limit: page.limit + 1)
            return try .json(Page(rows.map { WebhookDeliveryBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var redeliver: Endpoint {
        Endpoint(
            method: .post, path: Self.one + "/deliveries/{delivery_id}/redeliver", name: "redeliverWebhook",
            tag: "webhook", summary: "Sends a message again, under the same id and from the first attempt on.",
            access: .operate, answer: .init(.accepted)
        ) { call in
            let caller = try call.authenticated()
            let known = try await webhook(of: call, caller)
            guard
                try await services.webhooks.redeliver(
                    caller.tenant, known.id, call.id("delivery_id", of: "delivery"), actor: caller.actor)
            else { throw Problem.notFound("delivery") }
            return Reply(.accepted)
        }
    }

    private func settings(of call: Call) throws -> WebhookSettings {
        try call.decode(WebhookInput.self).settings(refusal: services.refusalOfWebhook)
    }

    private func webhook(of call: Call, _ caller: Caller) async throws -> Webhook {
        guard let webhook = try await services.webhooks.find(caller.tenant, call.id("webhook_id", of: "webhook"))
        else { throw Problem.notFound("webhook") }
        return webhook
    }

    private func seal(_ key: WebhookKey, _ tenant: TenantID, _ id: WebhookID) async throws -> [UInt8] {
        try await services.tenants.key(of: tenant, under: services.master)
            .seal(key.secret, at: Webhooks.place(tenant, id))
    }

    private static func explaining(_ write: () async throws -> Webhook) async throws -> Webhook {
        do {
            return try await write()
        } catch StoreError.notFound("persona or graph") {
            throw Problem.invalid([SchemaFault(pointer: "/persona_id", detail: "there is no such persona or graph")])
        }
    }

    private static func reply(_ webhook: Webhook, _ status: HTTPResponse.Status, secret: Secret? = nil) throws -> Reply
    {
        try .json(
            WebhookBody(webhook, secret: secret), status: status, headers: .entity(revision: webhook.revision))
    }
}

extension WebhookPurpose {
    fileprivate var startsRuns: Bool {
        if case .starts = self { true } else { false }
    }
}
