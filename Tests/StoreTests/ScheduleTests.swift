import Crypto
import Domain
import FoundationEssentials
import Postgres
import Store
import TestKit
import Testing
import Vault

@Suite(.timeLimit(.minutes(2))) struct ScheduleTests {
    /// A tenant with a persona and a graph that a schedule starts.
    private struct Stage {
        let store: Database
        let owner: PostgresConnection
        let tenant: TenantID
        let persona: PersonaID
        let graph: GraphID

        func schedule(
            _ rule: ScheduleSettings.Rule = .interval(seconds: 3_600), overlap: ScheduleSettings.Overlap = .skip,
            missed: ScheduleSettings.Missed = .runOnce
        ) async throws -> ScheduleID {
            let settings = ScheduleSettings(
                name: "s", persona: persona, graph: graph, input: ["topic": "x"], rule: rule, overlap: overlap,
                missed: missed)
            return try await Schedules(store).create(tenant, id: .new(), settings, actor: "system").id
        }

        /// Makes it due that many seconds ago.
        func due(_ id: ScheduleID, ago seconds: Int = 1) async throws {
            try await owner.execute(
                """
                UPDATE schedules SET next_at = date_trunc('second', now()) - make_interval(secs => $2)
                WHERE schedule_id = $1
                """, [id.value, .int(seconds)])
        }

        func end(_ run: RunID?) async throws {
            try await owner.execute(
                "UPDATE runs SET status = 'succeeded', finished_at = now(), ready_at = NULL WHERE run_id = $1",
                [run?.value ?? .null])
        }

        func outcomes(_ id: ScheduleID) async throws -> [ScheduleFiring.Outcome] {
            try await Schedules(store).firings(tenant, id, before: nil, limit: 100).map(\.outcome)
        }

        func find(_ id: ScheduleID) async throws -> Schedule {
            try #require(try await Schedules(store).find(tenant, id))
        }

        func sweep() async throws -> Int { try await ScheduleClock(store).sweep().count }
    }

    private func with(_ body: (Stage) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let store = Database(app: database.pool(.application), dispatch: database.pool(.dispatch))
            let tenant = TenantID.new()
            try await Tenants(store).create(
                tenant, slug: "acme", name: "Acme", master: MasterKey(SymmetricKey(size: .bits256)), actor: "system")
            let persona = try await Personas(store).create(
                tenant, id: .new(), slug: "ada", name: "Ada", definition: [:], by: nil, actor: "system")
            let graph = try await Graphs(store).create(
                tenant, id: .new(), slug: "end", name: "End",
                definition: ["start": "e", "nodes": ["e": ["type": "end"]]],
                by: nil, actor: "system")
            let owner = try await database.connect()
            try await body(
                Stage(store: store, owner: owner, tenant: tenant, persona: persona.id, graph: graph.id))
            await owner.close()
            await store.app.close()
            await store.dispatch.close()
        }
    }

    @Test func aDueTimeStartsOneRunWhoeverSweeps() async throws {
        try await with { stage in
            let id = try await stage.schedule()
            #expect(try await stage.sweep() == 0)
            for round in 1...3 {
                try await stage.end(try await stage.find(id).lastRun)
                try await stage.due(id, ago: 10 - round)
                let begun = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<4 { group.addTask { try await stage.sweep() } }
                    return try await group.reduce(0, +)
                }
                #expect(begun == 1)
            }
            let runs = try await Runs(stage.store).list(stage.tenant, trigger: "schedule", limit: 10)
            #expect(runs.count == 3)
            #expect(runs.allSatisfy { $0.input["topic"]?.string == "x" })
            #expect(runs[0].input["schedule"]?["schedule_id"]?.string == id.description)
            let next = try #require(try await stage.find(id).nextAt)
            #expect(next > Date() && next <= Date() + 3_600)
            if case .broken = try await AuditLog(stage.store).verify(stage.tenant) {
                Issue.record("the chain is broken")
            }
        }
    }

    /// As after a restore or a clock set back: the row of the due time holds it to its one run.
    @Test func aDueTimeThatComesAgainStartsNothing() async throws {
        try await with { stage in
            let id = try await stage.schedule()
            try await stage.due(id)
            #expect(try await stage.sweep() == 1)
            let first = try await stage.find(id)
            try await stage.end(first.lastRun)
            let due = try #require(
                try await Schedules(stage.store).firings(stage.tenant, id, before: nil, limit: 1).first)
            try await stage.owner.execute(
                "UPDATE schedules SET next_at = $2 WHERE schedule_id = $1", [id.value, .timestamp(due.dueAt)])
            #expect(try await stage.sweep() == 0)
            #expect(try await stage.outcomes(id) == [.started])
            #expect(try await stage.find(id).nextAt == first.nextAt)
        }
    }

    @Test func whileARunIsUnfinishedTheNextIsSkippedOrQueued() async throws {
        try await with { stage in
            let (skips, queues) = (try await stage.schedule(), try await stage.schedule(overlap: .queue))
            for ago in [30, 20, 10] {
                for id in [skips, queues] { try await stage.due(id, ago: ago) }
                _ = try await stage.sweep()
            }
            #expect(try await stage.outcomes(skips) == [.skipped, .skipped, .started])
            #expect(try await stage.find(skips).lastError == "The run before it was not finished.")
            #expect(try await stage.outcomes(queues) == [.queued, .queued, .started])
            #expect(try await stage.find(queues).queued == 2)
            #expect(try await stage.sweep() == 0)
            try await stage.end(try await stage.find(queues).lastRun)
            #expect(try await stage.sweep() == 1)
            #expect(try await stage.sweep() == 0)
            try await stage.end(try await stage.find(queues).lastRun)
            #expect(try await stage.sweep() == 1)
            #expect(try await stage.outcomes(queues) == [.started, .started, .started])
            #expect(try await stage.find(queues).queued == 0)
        }
    }

    @Test func timesMissedWhileDownStartOneRunOrNone() async throws {
        try await with { stage in
            let (once, none) = (
                try await stage.schedule(.interval(seconds: 60)),
                try await stage.schedule(.interval(seconds: 60), missed: .skip)
            )
            for id in [once, none] { try await stage.due(id, ago: 86_400) }
            #expect(try await stage.sweep() == 1)
            #expect(try await stage.sweep() == 0)
            #expect(try await stage.outcomes(once) == [.started])
            #expect(try await stage.outcomes(none) == [.skipped])
            for id in [once, none] { #expect(try #require(try await stage.find(id).nextAt) > Date()) }
        }
    }

    @Test func whatCannotStartSaysWhy() async throws {
        try await with { stage in
            let id = try await stage.schedule()
            _ = try await Graphs(stage.store).update(
                stage.tenant, stage.graph, revision: nil, name: nil, status: "archived", definition: nil, by: nil,
                actor: "system")
            try await stage.due(id)
            #expect(try await stage.sweep() == 0)
            #expect(try await stage.outcomes(id) == [.refused])
            #expect(try await stage.find(id).lastError == "The graph is archived.")
        }
    }
}
