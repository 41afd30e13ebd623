import Crypto
import Domain
import FoundationEssentials
import JSONSchema
import Logging
import OrchestratorCore
import OrchestratorService
import Postgres
import Store
import Testing
import ToolKit
import Vault
import WorkerStore
import Workers

/// Rules about tools where calls are planned and where they are claimed.
@Suite(.timeLimit(.minutes(5))) struct ToolRuleRunTests {
    private static let contracts = [
        ToolDescriptor(name: "bank.pay", summary: "Pays.", effect: .nonIdempotent),
        ToolDescriptor(name: "crm.note", summary: "Notes.", effect: .idempotentByKey),
        ToolDescriptor(name: "web.look", summary: "Looks.", effect: .read),
    ].map {
        ToolContract(
            descriptor: $0, input: JSONSchema(["properties": ["amount": ["type": "integer"]]]), output: JSONSchema([:]))
    }

    private struct Stage {
        let runs: RunDatabase
        let user: UserID
        let gate: StoreCallGate

        var database: Database { runs.database }

        func rule(_ tool: String, _ verdict: ToolVerdict?, perHour: Int? = nil, fails: Bool = false) async throws {
            let pattern = try #require(ToolPattern(tool))
            _ = try await ToolRules(database).create(
                runs.tenant,
                ToolRule(
                    subject: .tenant, pattern: pattern, verdict: verdict, perHour: perHour, failsAboveLimit: fails),
                actor: "system")
        }

        func start(_ tool: String, _ input: JSONValue) async throws -> RunID {
            try await runs.start([
                "start": "a",
                "nodes": [
                    "a": ["type": "tool", "tool": .string(tool), "input": input, "next": "b"], "b": ["type": "end"],
                ],
            ])
        }

        /// With an orchestrator that ends with `body`.
        func orchestrated(_ body: () async throws -> Void) async throws {
            let owner = try await runs.owner()
            let cache = TenantToolCache(database, own: ToolRuleRunTests.contracts)
            var options = Orchestrator.Options()
            options.sweepInterval = .milliseconds(50)
            let orchestrator = Orchestrator(
                database: database, owner: owner, doorbell: LocalDoorbell(),
                tools: ToolCatalog(ToolRuleRunTests.contracts),
                effectKey: { _ in EffectKey(secret: Data(repeating: 3, count: 32)) },
                lookup: { try await cache.tools($0, of: $1) }, options: options, logger: Logger(label: "test"))
            let work = Task { try await orchestrator.run() }
            do {
                try await body()
            } catch {
                work.cancel()
                throw error
            }
            work.cancel()
            _ = await work.result
            await owner.close()
        }

        func question(of run: RunID) async throws -> StoredApproval {
            var found: StoredApproval?
            try await runs.until {
                found = try await Approvals(database).list(
                    runs.tenant, status: .pending, run: run, before: nil, limit: 1
                ).first
                return found != nil
            }
            return try #require(found)
        }

        func answer(_ question: StoredApproval, _ approves: Bool = true) async throws {
            let outcome = try await Approvals(database).answer(
                runs.tenant, question.id, ApprovalAnswer(approves: approves, argumentsHash: question.argumentsHash),
                by: user, role: "owner", actor: "user:\(user)")
            guard case .recorded = outcome else {
                Issue.record("not recorded: \(outcome)")
                return
            }
        }

        func claimed(_ queue: JobQueue) async throws -> WorkerJob {
            try await WorkerJob(claim(queue))
        }

        func claim(_ queue: JobQueue) async throws -> ClaimedJob {
            var job: ClaimedJob?
            try await runs.until {
                job = try await queue.claim(limit: 1).first
                return job != nil
            }
            return try #require(job)
        }

        func audit(_ action: String) async throws -> Int {
            try await AuditLog(database).list(runs.tenant, AuditFilter(action: action), before: nil, limit: 100).count
        }
    }

    private func with(_ body: (Stage) async throws -> Void) async throws {
        try await RunDatabase.with { runs in
            let user = try await Users(runs.database).create(
                runs.tenant, id: .new(), email: "o@a.test", name: "O", role: "owner", passwordHash: nil,
                actor: "system"
            ).id
            let (database, key) = (runs.database, MasterKey(SymmetricKey(size: .bits256)))
            let gate = StoreCallGate(
                database, own: Self.contracts, tools: { try await TenantTools.load(database, $0) },
                key: { try await Tenants(database).key(of: $0, under: key) })
            try await body(Stage(runs: runs, user: user, gate: gate))
        }
    }

    private func failure(_ stage: Stage, _ job: WorkerJob) async -> ToolFailure? {
        await #expect(throws: ToolFailure.self) { try await stage.gate.admit(job) }
    }

    @Test func whatIsRiskyIsNotPlannedUnlessARuleAllowsIt() async throws {
        try await with { stage in
            try await stage.orchestrated {
                let run = try await stage.runs.untilEnded(try await stage.start("bank.pay", ["amount": 1]))
                #expect(run.error?["code"]?.string == "tool_denied")
                let jobs = try await stage.runs.admin.query("SELECT 1 FROM jobs")
                #expect(jobs.isEmpty)
                let wrong = try await stage.runs.untilEnded(try await stage.start("web.look", ["amount": "x"]))
                #expect(wrong.error?["code"]?.string == "input_invalid")
                #expect(wrong.error?["message"]?.string?.contains("/amount must be a whole number") == true)
            }
        }
    }

    @Test func whatIsAskedAboutIsDoneOnceAndOnlyAsItWasApproved() async throws {
        try await with { stage in
            try await stage.rule("bank.*", .ask)
            let run: RunID
            let question: StoredApproval
            do {
                let begun = try await stage.start("bank.pay", ["amount": 3])
                var asked: StoredApproval?
                try await stage.orchestrated { asked = try await stage.question(of: begun) }
                (run, question) = (begun, try #require(asked))
            }
            #expect(question.arguments == ["amount": 3])
            #expect(question.tool == "bank.pay")
            // Another orchestrator than the one that asked: the question outlived it.
            try await stage.orchestrated {
                try await stage.answer(question)
                let owner = try await stage.runs.owner()
                let queue = JobQueue(stage.database, owner: owner)
                let job = try await stage.claim(queue)
                let work = WorkerJob(job)
                guard case .granted = try await stage.gate.admit(work) else {
                    Issue.record("not granted")
                    return
                }
                var other = work
                other.input = ["amount": 4]
                #expect(await failure(stage, other)?.code == "approval_missing")
                var later = work
                later.step += 1
                #expect(await failure(stage, later)?.code == "approval_missing")
                let outcome = try await Approvals(stage.database).answer(
                    stage.runs.tenant, question.id, ApprovalAnswer(approves: true), by: stage.user, role: "owner",
                    actor: "user:x")
                guard case .over(.approved) = outcome else {
                    Issue.record("answered twice: \(outcome)")
                    return
                }
                try await queue.complete(job, output: [:])
                #expect(try await stage.runs.untilEnded(run).status == .succeeded)
                #expect(try await stage.audit("tool.refused") == 2)
                await owner.close()
            }
        }
    }

    @Test func whatWasDeniedAfterPlanningIsNotBegun() async throws {
        try await with { stage in
            try await stage.orchestrated {
                _ = try await stage.start("crm.note", [:])
                let owner = try await stage.runs.owner()
                let job = try await stage.claimed(JobQueue(stage.database, owner: owner))
                try await stage.rule("crm.note", .deny)
                #expect(await failure(stage, job)?.code == "tool_denied")
                #expect(try await stage.audit("tool.refused") == 1)
                await owner.close()
            }
        }
    }

    @Test func trustedShapesAreNotAskedAboutAndRejectedOnesAreAgain() async throws {
        try await with { stage in
            try await stage.rule("crm.note", .ask)
            let trusts = ToolTrusts(stage.database)
            try await stage.orchestrated {
                for _ in 0..<ToolTrusts.approvalsNeeded {
                    let run = try await stage.start("crm.note", ["to": "a@b.test", "text": "one"])
                    try await stage.answer(try await stage.question(of: run))
                }
                let trust = try #require(
                    try await trusts.list(stage.runs.tenant, persona: stage.runs.persona, after: nil, limit: 1).first)
                #expect(trust.approvals == ToolTrusts.approvalsNeeded)
                _ = try await trusts.set(stage.runs.tenant, trust.id, isTrusted: true, by: stage.user, actor: "user:x")
            }
            // A new cache: what was planned by the old one may be a moment old.
            try await stage.orchestrated {
                let owner = try await stage.runs.owner()
                let queue = JobQueue(stage.database, owner: owner)
                for _ in 0..<ToolTrusts.approvalsNeeded { _ = try await stage.claim(queue) }
                let run = try await stage.start("crm.note", ["to": "a@b.test", "text": "another"])
                let job = try await stage.claimed(queue)
                #expect(job.run == run)
                guard case .granted = try await stage.gate.admit(job) else {
                    Issue.record("not granted")
                    return
                }
                let other = try await stage.start("crm.note", ["to": "c@b.test", "text": "one"])
                try await stage.answer(try await stage.question(of: other), false)
                #expect(try await stage.runs.untilEnded(other).error?["code"]?.string == "approval_rejected")
                await owner.close()
            }
        }
    }

    @Test func callsAboveALimitWaitOrFailAndSayWhen() async throws {
        try await with { stage in
            try await stage.rule("crm.note", nil, perHour: 2)
            let owner = try await stage.runs.owner()
            let queue = JobQueue(stage.database, owner: owner)
            try await stage.orchestrated {
                for _ in 0..<3 { _ = try await stage.start("crm.note", [:]) }
                for _ in 0..<2 {
                    guard case .granted = try await stage.gate.admit(try await stage.claimed(queue)) else {
                        Issue.record("not granted")
                        return
                    }
                }
                let third = try await stage.claim(queue)
                guard case .later(let time, let reason) = try await stage.gate.admit(WorkerJob(third)) else {
                    Issue.record("not held")
                    return
                }
                #expect(time > Date())
                #expect(reason.contains("2 calls within the hour"))
                try await queue.postpone(third, until: time, reason: reason)
                let row = try await stage.runs.admin.query(
                    "SELECT state, attempt, postponed, run_after > now() AS is_later FROM jobs WHERE job_id = $1",
                    [third.id.value])
                #expect(try row[0].text("state") == "planned")
                #expect(try row[0].int("attempt") == 0)
                #expect(try row[0].text("postponed") == reason)
                #expect(try row[0].bool("is_later"))
                #expect(try await queue.claim(limit: 10).isEmpty)
                #expect(try await stage.audit("tool.rate_limited") == 1)
                try await stage.runs.admin.script("DELETE FROM tool_rules")
                try await stage.rule("crm.note", nil, perHour: 0, fails: true)
                try await stage.runs.admin.script("UPDATE jobs SET run_after = now() WHERE state = 'planned'")
                let failure = await failure(stage, try await stage.claimed(queue))
                #expect(failure?.code == "rate_limited")
                #expect(failure?.kind == .transient)
            }
            await owner.close()
        }
    }
}

extension WorkerJob {
    fileprivate init(_ job: ClaimedJob) {
        self.init(
            id: job.id, tenant: job.tenant, persona: job.persona, run: job.run, kind: .tool, tool: job.tool,
            input: job.input, effectKey: job.effectKey, attempt: job.attempt, timeoutSeconds: job.timeoutSeconds)
        step = job.step
    }
}
