import Crypto
import Domain
import Postgres
import Store
import TestKit
import Testing
import Vault

@Suite(.timeLimit(.minutes(2))) struct AdmissionTests {
    private struct Stage {
        let store: Database
        let owner: PostgresConnection
        let tenant: TenantID
        let persona: PersonaID

        func begin(
            key: String? = nil, limit: Int = 2, debounce: String? = nil, priority: Int = 0
        ) async throws -> RunID {
            let graph = try GraphDefinition(["start": "e", "nodes": ["e": ["type": "end"]]])
            var run = NewRun(persona: persona, personaVersion: 1, graph: graph, input: [:], priority: priority)
            run.concurrency = key.map { ($0, limit) }
            run.debounce = debounce.map { ($0, 3_600) }
            try await Runs(store).create(tenant, run, actor: "system")
            return run.id
        }

        /// As a step does, behind row-level security.
        func end(_ run: RunID) async throws {
            _ = try await store.rows(
                tenant,
                "UPDATE runs SET status = 'succeeded', finished_at = platform_now(), ready_at = NULL WHERE run_id = $1",
                [run.value])
        }

        /// Runs that may be begun now or later, oldest first.
        func admitted() async throws -> [RunID] {
            try await owner.query(
                "SELECT run_id FROM runs WHERE NOT held AND finished_at IS NULL AND ready_at IS NOT NULL ORDER BY run_id"
            ).map { try $0.id("run_id") }
        }

        func run(_ id: RunID) async throws -> Run { try #require(try await Runs(store).find(tenant, id)) }
    }

    private func with(_ body: (Stage) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let store = Database(app: database.pool(.application), dispatch: database.pool(.dispatch, size: 2))
            let tenant = TenantID.new()
            try await Tenants(store).create(
                tenant, slug: "acme", name: "Acme", master: MasterKey(SymmetricKey(size: .bits256)), actor: "system")
            let persona = try await Personas(store).create(
                tenant, id: .new(), slug: "ada", name: "Ada", definition: [:], by: nil, actor: "system")
            let owner = try await database.connect()
            try await body(Stage(store: store, owner: owner, tenant: tenant, persona: persona.id))
            await owner.close()
            await store.app.close()
            await store.dispatch.close()
        }
    }

    @Test func atMostSoManyRunsOfAKeyAreUnderWay() async throws {
        try await with { stage in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { _ = try await stage.begin(key: "k") } }
                try await group.waitForAll()
            }
            _ = try await stage.begin(key: "other")
            _ = try await stage.begin()
            var seen: Set<RunID> = []
            for _ in 0..<4 {
                let mine = try await stage.owner.query(
                    "SELECT run_id FROM runs WHERE concurrency_key = 'k' AND NOT held AND finished_at IS NULL"
                ).map { try $0.id("run_id") as RunID }
                #expect(mine.count == 2)
                seen.formUnion(mine)
                // Both end at the same time: each hands its own place on.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for run in mine { group.addTask { try await stage.end(run) } }
                    try await group.waitForAll()
                }
            }
            #expect(seen.count == 8)
            #expect(try await stage.admitted().count == 2)
        }
    }

    @Test func theMostUrgentHeldRunGetsThePlace() async throws {
        try await with { stage in
            let first = try await stage.begin(key: "k", limit: 1)
            let (plain, urgent) = (
                try await stage.begin(key: "k", limit: 1), try await stage.begin(key: "k", limit: 1, priority: 5)
            )
            #expect(try await stage.admitted() == [first])
            try await stage.end(first)
            #expect(try await stage.admitted() == [urgent])
            let rung = try await stage.owner.query("SELECT 1 FROM outbox WHERE subject_id = $1", [urgent.value])
            #expect(rung.count == 1)
            try await stage.end(urgent)
            #expect(try await stage.admitted() == [plain])
        }
    }

    /// As where the last run of a key ended just as another was being held.
    @Test func aHeldRunWithoutARunBeforeItIsFound() async throws {
        try await with { stage in
            let first = try await stage.begin(key: "k", limit: 1)
            let second = try await stage.begin(key: "k", limit: 1)
            #expect(try await RunAdmissions(stage.store).sweep().isEmpty)
            try await stage.owner.script(
                """
                ALTER TABLE runs DISABLE TRIGGER runs_hand_place_on;
                UPDATE runs SET status = 'failed', finished_at = now(), ready_at = NULL WHERE run_id = '\(first)';
                ALTER TABLE runs ENABLE TRIGGER runs_hand_place_on
                """)
            #expect(try await RunAdmissions(stage.store).sweep() == [.run(stage.tenant, second)])
            #expect(try await stage.admitted() == [second])
            #expect(try await RunAdmissions(stage.store).sweep().isEmpty)
        }
    }

    @Test func aSignalDoesNotBeginAHeldRun() async throws {
        try await with { stage in
            let first = try await stage.begin(key: "k", limit: 1)
            let held = try await stage.begin(key: "k", limit: 1)
            _ = try await Runs(stage.store).signal(
                stage.tenant, held, name: "go", payload: .null, user: nil, actor: "system")
            #expect(try await stage.admitted() == [first])
        }
    }

    @Test func ofRunsThatFollowEachOtherTheLastIsBegun() async throws {
        try await with { stage in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { _ = try await stage.begin(debounce: "d") } }
                try await group.waitForAll()
            }
            let last = try await stage.begin(debounce: "d")
            let other = try await stage.begin(debounce: "e")
            #expect(try await stage.admitted() == [last, other])
            let gone = try await Runs(stage.store).list(stage.tenant, status: .cancelled, limit: 10)
            #expect(gone.count == 4)
            #expect(gone.allSatisfy { $0.error?["code"]?.string == "superseded" && $0.seq == 1 })
            let events = try await Runs(stage.store).events(stage.tenant, gone[0].id, limit: 10)
            #expect(events.map(\.kind) == ["run.cancelled"])
            let due = try await stage.owner.query(
                "SELECT ready_at > now() + interval '59 minutes' AS is_later FROM runs WHERE run_id = $1", [last.value])
            #expect(try due[0].bool("is_later"))
            if case .broken = try await AuditLog(stage.store).verify(stage.tenant) {
                Issue.record("the chain is broken")
            }
        }
    }
}
