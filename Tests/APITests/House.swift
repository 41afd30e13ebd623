import API
import Crypto
import Domain
import FoundationEssentials
import HTTPClient
import JSONSchema
import Postgres
import Store
import TestKit
import ToolKit
import Vault

/// The API on a port of its own over a schema of its own.
struct House: Sendable {
    let database: TestDatabase
    let services: Services
    let port: Int
    let client: HTTPClient
    let log: LogBook

    static func with(
        limiter: RateLimiter = RateLimiter(), doorbell: (any Doorbell)? = nil, probes: [Services.Probe] = [],
        _ body: @escaping @Sendable (House) async throws -> Void
    ) async throws {
        try await TestDatabase.with { database in
            let store = Database(
                app: database.pool(.application, size: 8), dispatch: database.pool(.dispatch, size: 3))
            try await with(database, store, limiter: limiter, doorbell: doorbell, probes: probes, body)
            await store.app.close()
            await store.dispatch.close()
        }
    }

    /// Over a store of the test's own making.
    static func with(
        _ database: TestDatabase, _ store: Database, limiter: RateLimiter = RateLimiter(),
        doorbell: (any Doorbell)? = nil, probes: [Services.Probe] = [],
        _ body: @escaping @Sendable (House) async throws -> Void
    ) async throws {
        let services = Services(
            database: store, blobs: BlobStore(root: try TemporaryTree.make("blobs")),
            master: MasterKey(SymmetricKey(size: .bits256)), limiter: limiter, doorbell: doorbell,
            tools: [
                ToolContract(
                    descriptor: ToolDescriptor(name: "email.read", summary: "Reads one message.", effect: .read),
                    input: JSONSchema(["type": "object"]), output: JSONSchema([:]))
            ],
            probes: [Services.Probe("database") { try await store.app.check() }] + probes)
        let log = LogBook()
        try await serving(services, logger: log.logger()) { port in
            let client = try HTTPClient()
            try await body(House(database: database, services: services, port: port, client: client, log: log))
            await client.shutdown()
        }
    }

    // MARK: People

    struct Person: Sendable {
        let tenant: TenantID
        let user: UserID
        let email: String
        let token: String
    }

    static let password = "a long enough password"

    func tenant(_ slug: String = "acme") async throws -> TenantID {
        let id = TenantID.new()
        try await Tenants(services.database).create(
            id, slug: slug, name: slug, master: services.master, actor: "system")
        return id
    }

    func person(
        _ role: String = "owner", of tenant: TenantID, password: String? = nil, isPlatformAdmin: Bool = false,
        scopes: [String] = []
    ) async throws -> Person {
        let id = UserID.new()
        let email = "\(role)-\(id.description.suffix(8))@acme.test"
        var hash: String?
        if let password { hash = try await services.hasher.hash(Secret(password)) }
        _ = try await Users(services.database).create(
            tenant, id: id, email: email, name: role, role: role, passwordHash: hash,
            isPlatformAdmin: isPlatformAdmin, actor: "system")
        let secret = try await token(tenant, id, scopes: scopes)
        return Person(tenant: tenant, user: id, email: email, token: secret)
    }

    func token(_ tenant: TenantID, _ user: UserID, scopes: [String] = []) async throws -> String {
        let secret = TokenSecret(.api, tenant: tenant)
        _ = try await Tokens(services.database).create(
            secret, id: .new(), user: user, name: "test", scopes: scopes, lifetime: nil, actor: "system")
        return secret.reveal()
    }

    // MARK: Calls

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]

        /// `.null` for a body that is not JSON.
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        var text: String { String(decoding: body, as: UTF8.self) }
        /// Last part of a problem's type.
        var problem: String? { json["type"]?.string.map { String($0.split(separator: ":").last ?? "") } }
        var pointers: [String] { json["errors"]?.array?.compactMap { $0["pointer"]?.string } ?? [] }
        var id: String { json["id"]?.string ?? "" }
        var ids: [String] { json["data"]?.array?.compactMap { $0["id"]?.string } ?? [] }
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    func call(
        _ method: String, _ path: String, as person: Person? = nil, token: String? = nil, _ body: JSONValue? = nil,
        bytes: [UInt8]? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var fields = HTTPHeaders()
        for (name, value) in headers { fields.append(name, value) }
        if let token = token ?? person?.token { fields.append("Authorization", "Bearer \(token)") }
        let content = try body.map { Array(try $0.canonicalBytes()) } ?? bytes
        if body != nil, headers["Content-Type"] == nil { fields.append("Content-Type", "application/json") }
        let response = try await client.send(HTTPRequest(method, url(path), headers: fields, body: content))
        return Answer(status: response.status, headers: response.headers, body: response.body)
    }

    // MARK: Things

    static let graph: JSONValue = [
        "start": "done", "nodes": ["done": ["type": "end", "output": ["echo": "${input.word}"]]],
    ]

    func persona(_ person: Person, slug: String = "ada") async throws -> String {
        try await call("POST", "/api/personas", as: person, ["slug": .string(slug), "name": "Ada", "definition": [:]])
            .id
    }

    func graph(_ person: Person, slug: String = "echo", _ definition: JSONValue = House.graph) async throws -> String {
        try await call(
            "POST", "/api/graphs", as: person, ["slug": .string(slug), "name": "Echo", "definition": definition]
        ).id
    }
}
