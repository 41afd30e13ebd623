import Domain
import Postgres
import Store
import Testing
import ToolKit

/// In which order planned jobs are begun.
@Suite(.timeLimit(.minutes(10))) struct FairClaimTests {
    /// A tenant with a run whose jobs are planned by hand.
    private struct House {
        let base: RunDatabase
        let tenant: TenantID
        let run: RunID

        init(_ base: RunDatabase) async throws {
            self.base = base
            tenant = TenantID.new()
            let persona = PersonaID.new()
            run = RunID.new()
            _ = try await base.admin.query(
                "INSERT INTO tenants (tenant_id, slug, name) VALUES ($1, $2, 'T')",
                [tenant.value, .text("t-\(tenant)")])
            _ = try await base.admin.query(
                "INSERT INTO personas (tenant_id, persona_id, slug, name, version) VALUES ($1, $2, 'ada', 'Ada', 1)",
                [tenant.value, persona.value])
            _ = try await base.admin.query(
                "INSERT INTO persona_versions (tenant_id, persona_id, version, definition) VALUES ($1, $2, 1, '{}')",
                [tenant.value, persona.value])
            _ = try await base.admin.query(
                """
                INSERT INTO runs (tenant_id, run_id, persona_id, persona_version, graph, input, trace_id)
                VALUES ($1, $2, $3, 1, '{}', '{}', repeat('0', 32))
                """, [tenant.value, run.value, persona.value])
        }

        /// Plans `count` jobs, the first due `age` seconds ago and each one millisecond after the other.
        func plan(_ count: Int, tool: String = "look", priority: Int = 0, age: Int = 60) async throws {
            _ = try await base.admin.query(
                """
                INSERT INTO jobs (tenant_id, job_id, run_id, persona_id, step, node, kind, tool, input, effect, effect_key,
                    timeout_seconds, priority, run_after)
                SELECT r.tenant_id, gen_random_uuid(), r.run_id, r.persona_id, n, 'n', 'tool', $3, '{}', 'read',
                    gen_random_uuid()::text, 60, $5, platform_now() - make_interval(secs => $6 - n::double precision / 1000)
                FROM runs r, generate_series(1, $4) n WHERE r.tenant_id = $1 AND r.run_id = $2
                """,
                [tenant.value, run.value, .text(tool), .int(count), .int(priority), .int(age)])
        }
    }

    private func with(_ tenants: Int, _ body: (JobQueue, [House]) async throws -> Void) async throws {
        try await RunDatabase.with { base in
            let owner = try await base.owner()
            var houses: [House] = []
            for _ in 0..<tenants { houses.append(try await House(base)) }
            try await body(JobQueue(base.database, owner: owner), houses)
            await owner.close()
        }
    }

    @Test func tenThousandJobsOfOneTenantDelayAnothersFirstByOneTurn() async throws {
        try await with(2) { queue, houses in
            try await houses[0].plan(10_000, priority: 1_000, age: 3_600)
            _ = try await queue.claim(limit: 1)
            try await houses[1].plan(1)
            let next = try await queue.claim(limit: 1) + queue.claim(limit: 1)
            #expect(next.map(\.tenant).contains(houses[1].tenant))
        }
    }

    @Test func oneClaimServesEveryTenantBeforeItServesOneTwice() async throws {
        try await with(3) { queue, houses in
            try await houses[0].plan(500, age: 3_600)
            try await houses[1].plan(2)
            try await houses[2].plan(1)
            let jobs = try await queue.claim(limit: 6).map(\.tenant)
            #expect(Set(jobs.prefix(3)) == Set(houses.map(\.tenant)))
            #expect(Set(jobs[3...4]) == [houses[0].tenant, houses[1].tenant])
            #expect(jobs[5] == houses[0].tenant)
        }
    }

    @Test func singleSlotGoesRoundTheTenants() async throws {
        try await with(4) { queue, houses in
            for house in houses { try await house.plan(20) }
            var served: [TenantID] = []
            for _ in 0..<12 { served += try await queue.claim(limit: 1).map(\.tenant) }
            for round in 0..<3 { #expect(Set(served[(4 * round)..<(4 * round + 4)]).count == 4) }
        }
    }

    @Test func prioritiesOrderATenantsOwnJobsAcrossItsTools() async throws {
        try await with(1) { queue, houses in
            try await houses[0].plan(1, tool: "browser.read", priority: 1, age: 5)
            try await houses[0].plan(1, tool: "deck.create", priority: 3)
            try await houses[0].plan(1, tool: "email.send", priority: 2, age: 9)
            try await houses[0].plan(1, tool: "email.poll", priority: 1, age: 9)
            let jobs = try await queue.claim(limit: 10)
            #expect(jobs.map(\.tool) == ["deck.create", "email.send", "email.poll", "browser.read"])
        }
    }

    @Test func whatHasNoRoomIsLeftForWhatHas() async throws {
        try await with(2) { queue, houses in
            try await houses[0].plan(50, tool: "browser.read", priority: 9, age: 3_600)
            try await houses[0].plan(3, tool: "deck.create")
            try await houses[1].plan(5, tool: "browser.read")
            let first = try await queue.claim(ClaimRoom(limit: 10, perTenant: 4, lanes: ["browser": 3]))
            let browsers = first.filter { $0.tool == "browser.read" }.map(\.tenant)
            #expect(browsers.count == 3)
            #expect(Set(browsers).count == 2)
            let held = first.filter { $0.tenant == houses[0].tenant }.count
            let narrow = ClaimRoom(
                limit: 10, perTenant: held + 1, running: [houses[0].tenant: held], lanes: ["browser": 0])
            let second = try await queue.claim(narrow)
            #expect(second.map(\.tool) == ["deck.create"])
            let full = ClaimRoom(limit: 10, perTenant: 1, running: [houses[0].tenant: 1], lanes: ["browser": 0])
            let third = try await queue.claim(full)
            #expect(third.isEmpty)
        }
    }

    @Test func callSaysOfItselfWhatPeopleCanReadAndOnlyWhileItIsHeld() async throws {
        try await with(1) { queue, houses in
            try await houses[0].plan(1)
            let job = try #require(try await queue.claim(limit: 1).first)
            #expect(try await queue.report(job, "one\u{0}two", fraction: 0.25))
            #expect(try await queue.report(job, String(repeating: "x", count: 10_000), fraction: .infinity))
            let rows = try await houses[0].base.admin.query("SELECT message, fraction, reports FROM step_progress")
            #expect(try rows.map { try $0.text("message").count } == [JobQueue.reportCharacters])
            #expect(try rows.map { try $0.int("reports") } == [2])
            try await queue.handBack(job)
            #expect(try await !queue.report(job, "late", fraction: nil))
        }
    }

    @Test func outcomesThatCommitTogetherAreFencedOneByOne() async throws {
        try await with(1) { queue, houses in
            try await houses[0].plan(60)
            let jobs = try await queue.claim(limit: 60)
            let lost = Set(jobs.enumerated().filter { $0.offset % 5 == 0 }.map(\.element.id))
            _ = try await houses[0].base.admin.query(
                "UPDATE jobs SET epoch = epoch + 1 WHERE job_id = ANY ($1)", [.uuids(lost.map(\.uuid))])
            let fenced = await withTaskGroup(of: JobID?.self) { group in
                for job in jobs {
                    group.addTask {
                        do {
                            if job.step % 2 == 0 {
                                try await queue.complete(job, output: ["n": .int(Int64(job.step))])
                            } else {
                                try await queue.fail(job, ToolFailure(.permanent, code: "test", "As it should."))
                            }
                            return nil
                        } catch is LeaseError {
                            return job.id
                        } catch {
                            Issue.record("\(error)")
                            return nil
                        }
                    }
                }
                return await group.reduce(into: Set<JobID>()) { if let id = $1 { $0.insert(id) } }
            }
            #expect(fenced == lost)
            let rows = try await houses[0].base.admin.query(
                "SELECT state, count(*) AS n FROM jobs GROUP BY state ORDER BY state")
            #expect(try rows.map { "\(try $0.text("state")) \(try $0.int("n"))" }.count == 3)
            #expect(try rows.map { try $0.int("n") }.reduce(0, +) == 60)
            let wakes = try await houses[0].base.admin.query("SELECT max(wakes) AS wakes FROM runs")
            #expect(try wakes.first?.int("wakes") == 60 - lost.count)
        }
    }

    @Test func workersSideBySideBeginEachJobOnce() async throws {
        try await RunDatabase.with { base in
            let house = try await House(base)
            try await house.plan(300)
            let owners = [try await base.owner(), try await base.owner(), try await base.owner()]
            let begun = try await withThrowingTaskGroup(of: [JobID].self) { group in
                for owner in owners {
                    group.addTask {
                        let queue = JobQueue(base.database, owner: owner)
                        var own: [JobID] = []
                        // None that is left is in the others' hands for good: whoever finds nothing asks again.
                        while try await queue.nextDue() != nil { own += try await queue.claim(limit: 7).map(\.id) }
                        return own
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(begun.count == 300)
            #expect(Set(begun).count == 300)
            for owner in owners { await owner.close() }
        }
    }
}
