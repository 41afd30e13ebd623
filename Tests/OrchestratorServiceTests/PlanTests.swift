import Domain
import Postgres
import Store
import Testing

/// What statements read, whatever the tables held when they were planned.
@Suite(.timeLimit(.minutes(10))) struct PlanTests {
    @Test func aGroupPlannedOnEmptyTablesReadsOnlyItsOwnRunsOnFullOnes() async throws {
        try await RunDatabase.with { base in
            let owner = try await base.owner()
            let committer = GroupCommitter(base.database, owner: owner, lanes: 1)
            let leases = RunLeases(base.database, owner: owner)
            let first = try await base.start(LeaseTests.graph)
            let early = try #require(try await leases.claim(only: first).first)
            try await committer.commit(LeaseTests.step(early, base.persona))
            // As many of the same tenant as would be read by a plan that goes by the tenant alone.
            _ = try await base.admin.query(
                """
                INSERT INTO runs (tenant_id, run_id, persona_id, persona_version, graph, input, trace_id, ready_at)
                SELECT $1, uuidv7(), $2, 1, '{}', '{}', repeat('0', 32), NULL FROM generate_series(1, 3000)
                """, [base.tenant.value, base.persona.value])
            let second = try await base.start(LeaseTests.graph)
            let late = try #require(try await leases.claim(only: second).first)
            try await base.until { try await reads(base).written >= 3 }
            let before = try await reads(base)
            try await committer.commit(LeaseTests.step(late, base.persona))
            // The server adds a session's figures up now and then.
            try await base.until { try await reads(base).written > before.written }
            #expect(try await reads(base).read - before.read < 100)
            await owner.close()
        }
    }

    /// Rows of `runs` read by index or by scan, and rows changed.
    private func reads(_ base: RunDatabase) async throws -> (read: Int, written: Int) {
        let rows = try await base.admin.query(
            """
            SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS read, n_tup_upd AS written
            FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = 'runs'
            """)
        let row = try #require(rows.first)
        return (try row.int("read"), try row.int("written"))
    }

    @Test func aRenewalThatIsBlockedGivesUpAndTheNextOneSucceeds() async throws {
        try await RunDatabase.with { base in
            let owner = try await base.owner()
            let leases = RunLeases(base.database, owner: owner)
            let run = try await base.start(LeaseTests.graph)
            let lease = try #require(try await leases.claim(only: run).first)
            try await base.admin.script("BEGIN; SELECT 1 FROM runs FOR UPDATE")
            await #expect(throws: PostgresError.self) { try await leases.renew() }
            try await base.admin.script("ROLLBACK")
            #expect(try await leases.renew() == [lease])
            #expect(owner.isAlive)
            await owner.close()
        }
    }
}
