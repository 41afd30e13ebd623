import Domain
import FoundationEssentials
import HTTPTypes
import Store
import Vault

/// Mailboxes of a persona. A password goes in and never comes out.
struct MailboxRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, create, get, update, delete, mails] }

    private static let path = "/api/personas/{persona_id}/mailboxes"

    private static func server(_ securities: [String]) -> Schema {
        .object([
            Schema.required("host", .text(1...255)), Schema.required("port", .integer(1...65_535)),
            Schema.required("security", .choice(securities), "plain is taken for loopback only"),
        ])
    }

    private static let settings = [
        Schema.required("address", .format(.email)), Schema.optional("display_name", .text(0...200)),
        Schema.required("username", .text(1...320)), Schema.required("imap", server(["tls", "plain"])),
        Schema.required("smtp", server(["tls", "starttls", "plain"])),
        Schema.optional("certificate_authority", .nullable(.text(1...100_000)), "PEM of a private authority"),
        Schema.optional("inbox", .text(1...255)), Schema.optional("sent_folder", .text(1...255)),
        Schema.required(
            "allowed_senders", .array(of: .text(1...320), most: 1_000),
            "addresses or @domain whose mail starts a run; others are recorded and refused"),
        Schema.required("graph_id", .id, "the graph that a mail starts"),
        Schema.optional("status", .choice(["active", "paused"])),
    ]

    private static let schema = Schema.named(
        "Mailbox",
        .object(
            [
                Schema.required("id", .id), Schema.required("persona_id", .id),
                Schema.optional("last_error", .nullable(.string())),
                Schema.optional("last_polled_at", .nullable(.time)), Schema.required("created_at", .time),
                Schema.required("updated_at", .time),
            ] + settings))

    private static let example: JSONValue = [
        "address": "ada@acme.test", "display_name": "Ada", "username": "ada@acme.test",
        "imap": ["host": "mail.acme.test", "port": 993, "security": "tls"],
        "smtp": ["host": "mail.acme.test", "port": 587, "security": "starttls"], "password": "…",
        "allowed_senders": ["@acme.test"], "graph_id": "0198a1b2-0000-7000-8000-000000000001",
    ]

    private var list: Endpoint {
        Endpoint(
            method: .get, path: Self.path, name: "listMailboxes", tag: "mailbox", summary: "The persona's mailboxes.",
            access: .read, query: PageRequest.parameters, answer: .init(.ok, .page(of: Self.schema))
        ) { call in
            let caller = try call.authenticated()
            let persona = try await persona(of: call, caller)
            let page = try call.page()
            let rows = try await services.mailboxes.list(
                caller.tenant, persona: persona, after: page.after { MailboxID($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { MailboxBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var create: Endpoint {
        Endpoint(
            method: .post, path: Self.path, name: "createMailbox", tag: "mailbox",
            summary: "Gives the persona a mailbox; mail is watched from then on.", access: .administer,
            body: .json(
                .object(Self.settings + [Schema.required("password", .text(1...1_000))]), example: Self.example),
            answer: .init(.created, Self.schema)
        ) { call in
            let caller = try call.authenticated()
            let persona = try await persona(of: call, caller)
            let input: MailboxInput = try call.decode()
            let settings = try input.settings()
            let id = MailboxID.new()
            let envelope = try await seal(input.password ?? "", caller.tenant, id)
            let mailbox = try await Self.knowingGraph {
                try await services.mailboxes.create(
                    caller.tenant, id: id, persona: persona, settings: settings, password: envelope,
                    actor: caller.actor)
            }
            return try Self.reply(mailbox, .created)
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/{mailbox_id}", name: "getMailbox", tag: "mailbox",
            summary: "One mailbox, with the last error where it cannot be read.", access: .read,
            answer: .init(.ok, Self.schema)
        ) { call in
            try Self.reply(await mailbox(of: call, call.authenticated()), .ok)
        }
    }

    private var update: Endpoint {
        Endpoint(
            method: .put, path: Self.path + "/{mailbox_id}", name: "replaceMailbox", tag: "mailbox",
            summary: "Replaces the settings; the password stays where none is sent. If-Match is honoured.",
            access: .administer,
            body: .json(
                .object(Self.settings + [Schema.optional("password", .text(1...1_000))]), example: Self.example),
            answer: .init(.ok, Self.schema)
        ) { call in
            let caller = try call.authenticated()
            let known = try await mailbox(of: call, caller)
            let input: MailboxInput = try call.decode()
            var envelope: [UInt8]?
            if let password = input.password { envelope = try await seal(password, caller.tenant, known.id) }
            let (revision, settings, password) = (try call.expectedRevision(), try input.settings(), envelope)
            let mailbox = try await Self.knowingGraph {
                try await services.mailboxes.update(
                    caller.tenant, known.id, revision: revision, settings: settings, password: password,
                    actor: caller.actor)
            }
            return try Self.reply(mailbox, .ok)
        }
    }

    private var delete: Endpoint {
        Endpoint(
            method: .delete, path: Self.path + "/{mailbox_id}", name: "deleteMailbox", tag: "mailbox",
            summary: "Forgets the mailbox and the record of its mails; nothing changes on the mail server.",
            access: .administer, answer: .init(.noContent)
        ) { call in
            let caller = try call.authenticated()
            let known = try await mailbox(of: call, caller)
            _ = try await services.mailboxes.delete(caller.tenant, known.id, actor: caller.actor)
            return Reply(.noContent)
        }
    }

    private var mails: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/{mailbox_id}/mails", name: "listMails", tag: "mailbox",
            summary: "Every mail that was seen, newest first: what it started, or why it was refused.", access: .read,
            query: PageRequest.parameters, answer: .init(.ok, .page(of: MailBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let known = try await mailbox(of: call, caller)
            let page = try call.page()
            let rows = try await services.mails.list(
                caller.tenant, mailbox: known.id, before: page.after { MailID($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { MailBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private func persona(of call: Call, _ caller: Caller) async throws -> PersonaID {
        let id: PersonaID = try call.id("persona_id", of: "persona")
        guard try await services.personas.find(caller.tenant, id) != nil else { throw Problem.notFound("persona") }
        return id
    }

    private func mailbox(of call: Call, _ caller: Caller) async throws -> Mailbox {
        let persona: PersonaID = try call.id("persona_id", of: "persona")
        guard let mailbox = try await services.mailboxes.find(caller.tenant, call.id("mailbox_id", of: "mailbox")),
            mailbox.persona == persona
        else { throw Problem.notFound("mailbox") }
        return mailbox
    }

    private func seal(_ password: String, _ tenant: TenantID, _ id: MailboxID) async throws -> [UInt8] {
        let key = try await services.tenants.key(of: tenant, under: services.master)
        return try key.seal(Secret(password), at: Mailboxes.place(tenant, id))
    }

    private static func knowingGraph(_ write: () async throws -> Mailbox) async throws -> Mailbox {
        do {
            return try await write()
        } catch StoreError.notFound("graph") {
            throw Problem.invalid([SchemaFault(pointer: "/graph_id", detail: "there is no such graph")])
        }
    }

    private static func reply(_ mailbox: Mailbox, _ status: HTTPResponse.Status) throws -> Reply {
        try .json(MailboxBody(mailbox), status: status, headers: .entity(revision: mailbox.revision))
    }
}
