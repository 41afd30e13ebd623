import Crypto
import Domain
import Postgres
import Store
import TestKit
import Testing
import Vault

@Suite(.timeLimit(.minutes(10))) struct AuditChainTests {
    private func with(_ body: (Database, TenantID, PostgresConnection) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let store = Database(app: database.pool(.application), dispatch: database.pool(.dispatch))
            let tenant = TenantID.new()
            try await Tenants(store).create(
                tenant, slug: "acme", name: "Acme", master: MasterKey(SymmetricKey(size: .bits256)), actor: "system")
            let owner = try await database.connect()
            try await body(store, tenant, owner)
            await owner.close()
            await store.app.close()
            await store.dispatch.close()
        }
    }

    @Test func appendsAtTheSameTimeDoNotForkTheChain() async throws {
        try await with { store, tenant, owner in
            let log = AuditLog(store)
            try await withThrowingTaskGroup(of: Void.self) { group in
                // As many at once as the pool has connections, so that each append meets others at the head.
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0..<25 {
                            try await log.append(
                                tenant,
                                AuditEntry(
                                    actor: "system", action: "test", subject: "n:\(writer).\(number)",
                                    detail: ["n": .int(Int64(number))]))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await log.verify(tenant) == .intact(entries: 101))
        }
    }

    @Test(
        arguments: [
            ("UPDATE audit_log SET entry = entry || 'x'::bytea WHERE seq = 3", 3),
            ("UPDATE audit_log SET hash = previous_hash WHERE seq = 3", 3),
            ("UPDATE audit_log SET previous_hash = hash WHERE seq = 3", 3), ("DELETE FROM audit_log WHERE seq = 3", 4),
            ("DELETE FROM audit_log WHERE seq >= 4", 4), ("DELETE FROM audit_log", 1),
            ("UPDATE audit_heads SET seq = 3", 6),
        ])
    func tamperingIsFound(sql: String, at seq: Int) async throws {
        try await with { store, tenant, owner in
            let log = AuditLog(store)
            for number in 0..<4 {
                try await log.append(tenant, AuditEntry(actor: "system", action: "test", subject: "n:\(number)"))
            }
            #expect(try await log.verify(tenant) == .intact(entries: 5))
            try await owner.script(sql)
            guard case .broken(let found, _) = try await log.verify(tenant) else {
                Issue.record("not found: \(sql)")
                return
            }
            #expect(found == seq)
        }
    }

    @Test func theApplicationCannotRewriteIt() async throws {
        try await with { store, tenant, _ in
            for sql in ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "DELETE FROM audit_heads"] {
                await #expect(throws: PostgresError.self, "\(sql)") { try await store.rows(tenant, sql) }
            }
        }
    }
}
