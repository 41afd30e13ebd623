import Crypto
import Domain
import Postgres
import Store
import TestKit
import Testing
import Vault

@Suite(.timeLimit(.minutes(10))) struct RunReceiptTests {
    /// As after a process that died between its commit and its answer.
    @Test func theAnswerOfARunIsKeptWithTheRun() async throws {
        try await TestDatabase.with { database in
            let store = Database(app: database.pool(.application), dispatch: database.pool(.dispatch))
            let (tenant, user) = (TenantID.new(), UserID.new())
            try await Tenants(store).create(
                tenant, slug: "acme", name: "Acme", master: MasterKey(SymmetricKey(size: .bits256)), actor: "system")
            let persona = try await Personas(store).create(
                tenant, id: .new(), slug: "ada", name: "Ada", definition: [:], by: nil, actor: "system")
            let graph = try GraphDefinition(["start": "end", "nodes": ["end": ["type": "end"]]])
            let keys = IdempotencyKeys(store)
            let hash = [UInt8](repeating: 7, count: 32)
            #expect(try await keys.claim(tenant, user: user, key: "k", requestHash: hash) == .fresh)
            let run = NewRun(persona: persona.id, personaVersion: 1, graph: graph, input: [:])
            let document = try await RunDocuments(store).create(
                tenant, run, actor: "system", receipt: IdempotencyReceipt(user: user, key: "k", location: "/here"))
            guard
                case .answered(201, let headers, let body) = try await keys.claim(
                    tenant, user: user, key: "k", requestHash: hash)
            else {
                Issue.record("the key is free")
                return
            }
            #expect(headers == ["location": "/here"])
            #expect(try JSONValue(parsing: body) == JSONValue(parsing: document))
            #expect(try await RunDocuments(store).counts() == [.queued: 1])
            #expect(try await AuditLog(store).verify(tenant) == .intact(entries: 3))
            await store.app.close()
            await store.dispatch.close()
        }
    }
}
