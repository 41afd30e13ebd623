import Domain
import FoundationEssentials
import HTTPTypes
import Store

/// The routes that personas and graphs share.
struct VersionedResource<Subject: Sendable>: Sendable {
    /// As in `persona`.
    let kind: String
    let repository: VersionedRepository<Subject>
    let schema: Schema
    let definition: Schema
    let example: JSONValue
    /// Faults of a definition that its schema does not know, with pointers into the definition.
    let check: @Sendable (JSONValue) -> [SchemaFault]

    func list(path: String, name: String) -> Endpoint {
        Endpoint(
            method: .get, path: path, name: name, tag: kind, summary: "The \(kind)s of your tenant.", access: .read,
            query: PageRequest.parameters, answer: .init(.ok, .page(of: schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let rows = try await repository.list(
                caller.tenant, after: page.after { Identifier($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { VersionedBody($0) }, limit: page.limit) { $0.id })
        }
    }

    func create(path: String, name: String) -> Endpoint {
        Endpoint(
            method: .post, path: path, name: name, tag: kind, summary: "Makes a \(kind), version 1.",
            access: .administer,
            body: .json(
                .object([
                    Schema.required("slug", .format(.slug)), Schema.required("name", .text(1...200)),
                    Schema.required("definition", definition),
                ]), example: example),
            answer: .init(.created, schema)
        ) { call in
            let caller = try call.authenticated()
            let input: NewVersioned = try call.decode()
            try refuseFaults(of: input.definition)
            let row = try await repository.create(
                caller.tenant, id: .new(), slug: input.slug, name: input.name, definition: input.definition,
                by: caller.user, actor: caller.actor)
            return try reply(row, .created)
        }
    }

    func get(path: String, name: String) -> Endpoint {
        Endpoint(
            method: .get, path: path, name: name, tag: kind, summary: "One \(kind) at its newest version.",
            access: .read, answer: .init(.ok, schema)
        ) { call in
            let caller = try call.authenticated()
            guard let row = try await repository.find(caller.tenant, id(in: call)) else {
                throw Problem.notFound(kind)
            }
            return try reply(row, .ok)
        }
    }

    func update(path: String, name: String) -> Endpoint {
        Endpoint(
            method: .patch, path: path, name: name, tag: kind,
            summary: "Changes the name, or makes a new version by a whole new definition. If-Match is honoured.",
            access: .administer,
            body: .json(
                .object([
                    Schema.optional("name", .text(1...200)), Schema.optional("definition", definition),
                    Schema.optional("status", .choice(["active", "archived"])),
                ]), example: ["name": "Ada Lovelace"]),
            answer: .init(.ok, schema)
        ) { call in
            let caller = try call.authenticated()
            let input: VersionedChange = try call.decode()
            if let definition = input.definition { try refuseFaults(of: definition) }
            let row = try await repository.update(
                caller.tenant, id(in: call), revision: call.expectedRevision(), name: input.name,
                status: input.status, definition: input.definition, by: caller.user, actor: caller.actor)
            return try reply(row, .ok)
        }
    }

    func archive(path: String, name: String) -> Endpoint {
        Endpoint(
            method: .delete, path: path, name: name, tag: kind,
            summary: "Archives a \(kind): it is no longer listed and starts nothing; PATCH status brings it back.",
            access: .administer, answer: .init(.noContent)
        ) { call in
            let caller = try call.authenticated()
            _ = try await repository.update(
                caller.tenant, id(in: call), revision: call.expectedRevision(), name: nil, status: "archived",
                definition: nil, by: caller.user, actor: caller.actor)
            return Reply(.noContent)
        }
    }

    func versions(path: String, name: String) -> Endpoint {
        Endpoint(
            method: .get, path: path, name: name, tag: kind, summary: "Every version of a \(kind), newest first.",
            access: .read, query: PageRequest.parameters,
            answer: .init(
                .ok,
                .page(
                    of: .object([
                        Schema.required("version", .integer(1...Int64.max)), Schema.required("definition", definition),
                        Schema.optional("created_by", .id), Schema.required("created_at", .time),
                    ])))
        ) { call in
            let caller = try call.authenticated()
            let id = try id(in: call)
            guard try await repository.find(caller.tenant, id) != nil else { throw Problem.notFound(kind) }
            let page = try call.page()
            let rows = try await repository.versions(
                caller.tenant, id, before: page.after { Int($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { VersionBody($0) }, limit: page.limit) { String($0.version) })
        }
    }

    private func id(in call: Call) throws -> Identifier<Subject> { try call.id("\(kind)_id", of: kind) }

    private func refuseFaults(of definition: JSONValue) throws {
        let faults = check(definition)
        guard faults.isEmpty else {
            throw Problem.invalid(
                faults.map { SchemaFault(pointer: "/definition" + $0.pointer, detail: $0.detail) })
        }
    }

    private func reply(_ row: Versioned<Subject>, _ status: HTTPResponse.Status) throws -> Reply {
        try .json(VersionedBody(row), status: status, headers: .entity(revision: row.revision))
    }
}

private struct NewVersioned: Decodable {
    let slug: String
    let name: String
    let definition: JSONValue
}

private struct VersionedChange: Decodable {
    let name: String?
    let definition: JSONValue?
    let status: String?
}

private struct VersionedBody: Encodable {
    let id: String
    let slug: String
    let name: String
    let status: String
    let version: Int
    let definition: JSONValue
    let createdAt: Date
    let updatedAt: Date

    init<Subject>(_ row: Versioned<Subject>) {
        id = row.id.description
        slug = row.slug
        name = row.name
        status = row.status
        version = row.version
        definition = row.definition
        createdAt = row.createdAt
        updatedAt = row.updatedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, slug, name, status, version, definition
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}

private struct VersionBody: Encodable {
    let version: Int
    let definition: JSONValue
    let createdBy: UserID?
    let createdAt: Date

    init(_ record: VersionRecord) {
        version = record.version
        definition = record.definition
        createdBy = record.createdBy
        createdAt = record.createdAt
    }

    enum CodingKeys: String, CodingKey {
        case version, definition
        case createdBy = "created_by"
        case createdAt = "created_at"
    }
}
