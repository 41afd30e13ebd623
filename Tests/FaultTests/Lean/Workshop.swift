import Domain
import FoundationEssentials
import PlatformKit
import Postgres
import Store
import TestKit
import Testing
import Vault

/// A tenant whose runs are lean: a dozen steps of cheap tools, and mails into a sink that counts them. Roles are
/// processes of their own, each on a machine of its own: they share a database, a Redis and the master key.
struct Workshop: Sendable {
    let data: String
    /// Straight to Postgres, whatever the roles are given.
    let databaseURL: String
    let redisURL: String
    let seed: TenantSeed
    let sink: MailSink
    let persona: PersonaID
    let mailbox: MailboxID
    let graph: GraphDefinition

    /// Each is a handful of processes: more would only slow each other down.
    static let gate = Gate(3)

    var database: Database { seed.database }
    var tenant: TenantID { seed.tenant }

    static func with(_ body: (Workshop) async throws -> Void) async throws {
        try await gate.with {
            try await OwnDatabase.with { own in
                try await with(url: own.url, redisURL: try await TestServices.shared.redisURL(), body)
            }
        }
    }

    /// On services of the caller's, migrated already.
    static func with(url: String, redisURL: String, _ body: (Workshop) async throws -> Void) async throws {
        let data = try TemporaryTree.make("lean")
        let seed = TenantSeed(database: TenantSeed.open(url), master: try MasterKey(file: "\(data)/master.key"))
        let sink = try MailSink()
        do {
            try await seed.plant()
            let persona = try await seed.persona("Ada", ports: [])
            let stored = try await seed.graph(LeanJob.definition, slug: "lean")
            // Nothing comes in by mail here: only the way out is used.
            let mailbox = try await seed.mailbox(
                persona, try await Correspondent.one(), name: "Ada", senders: [], graph: stored,
                smtp: MailServerAddress(host: "127.0.0.1", port: sink.port, security: "plain"), status: "paused")
            try await body(
                Workshop(
                    data: data, databaseURL: url, redisURL: redisURL, seed: seed, sink: sink, persona: persona,
                    mailbox: mailbox, graph: try GraphDefinition(LeanJob.definition)))
        } catch {
            sink.stop()
            await seed.close()
            throw error
        }
        sink.stop()
        await seed.close()
    }

    // MARK: Processes

    enum Role: String, Sendable, CaseIterable { case api, orchestrator, worker }

    /// `machine` tells apart data directories: two processes of a kind never share one.
    func start(
        _ role: Role, machine: String = "1", failpoint: String? = nil, databaseURL: String? = nil,
        redisURL: String? = nil, environment: [String] = [], launcher: [String] = []
    ) async throws -> PlatformProcess {
        let home = "\(data)/\(role.rawValue)-\(machine)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        var arguments = [
            role.rawValue, "--data-dir", home, "--master-key-file", "\(data)/master.key", "--database-url",
            databaseURL ?? self.databaseURL, "--redis-url", redisURL ?? self.redisURL,
        ]
        switch role {
        case .api: arguments += ["--listen", "127.0.0.1:0"]
        case .worker: arguments += ["--sandbox", "bubblewrap"]
        case .orchestrator: break
        }
        return try await PlatformProcess.start(
            arguments, log: "\(data)/\(role.rawValue)-\(UUID().uuidString.prefix(8)).log", failpoint: failpoint,
            environment: environment, launcher: launcher)
    }

    /// A whole platform: one process of each of `roles`, ended in order afterwards.
    func running(
        _ roles: [Role] = [.orchestrator, .worker], machines: [String] = ["whole"],
        _ body: ([PlatformProcess]) async throws -> Void
    ) async throws {
        var processes: [PlatformProcess] = []
        for machine in machines {
            for role in roles { processes.append(try await start(role, machine: machine)) }
        }
        do {
            try await body(processes)
        } catch {
            for process in processes { await process.kill() }
            throw error
        }
        for process in processes { #expect(await process.stop() == 0, "\(process.words)") }
    }

    func client(_ api: PlatformProcess) async throws -> PlatformClient {
        try await PlatformClient.login(
            try await api.address(), email: TenantSeed.owner, password: TenantSeed.ownerPassword)
    }

    // MARK: Runs

    /// Begins a lean run and gives its id.
    @discardableResult
    func begin() async throws -> RunID { try await begin(graph, LeanJob.input(mailbox)) }

    func begin(
        _ definition: JSONValue, _ input: JSONValue = [:], as other: PersonaID? = nil
    ) async throws -> RunID {
        try await begin(try GraphDefinition(definition), input, as: other)
    }

    private func begin(
        _ graph: GraphDefinition, _ input: JSONValue, as other: PersonaID? = nil
    ) async throws -> RunID {
        let run = NewRun(persona: other ?? persona, personaVersion: 1, graph: graph, input: input)
        try await Runs(database).create(tenant, run, actor: "system")
        return run.id
    }

    /// What a graph needs to send mail.
    var mail: JSONValue { ["mailbox_id": .string("\(mailbox)")] }

    struct HeldRun: Sendable {
        let id: RunID
        let address: String
    }

    /// Runs of one mail each, whose recipients the sink keeps waiting.
    func beginHeld(_ count: Int, holding: Bool = true) async throws -> [HeldRun] {
        var runs: [HeldRun] = []
        for _ in 0..<count {
            let address = "held-\(UUID().uuidString.prefix(8).lowercased())@sink.test"
            if holding { sink.hold(address, at: .recipient) }
            runs.append(HeldRun(id: try await begin(LeanJob.single(address), mail), address: address))
        }
        return runs
    }

    /// Begins runs until so many are under way.
    func replenish(to count: Int) async throws {
        while try await busyRuns() < count { try await begin() }
    }

    @discardableResult
    func signal(_ run: RunID, _ name: String, _ payload: JSONValue = [:]) async throws -> Runs.SignalOutcome {
        try await Runs(database).signal(tenant, run, name: name, payload: payload, user: nil, actor: "person")
    }

    func run(_ id: RunID) async throws -> Run {
        guard let run = try await Runs(database).find(tenant, id) else { throw Overdue("there is no run \(id)") }
        return run
    }

    func finished(_ id: RunID) async throws -> Run {
        try await wait(for: "run \(id) ends") {
            let run = try await run(id)
            return run.status.isFinal ? run : nil
        }
    }

    /// Runs that are neither over nor waiting for a person.
    func busyRuns() async throws -> Int {
        try await database.rows(
            tenant,
            "SELECT count(*) AS n FROM runs WHERE tenant_id = $1 AND status IN ('queued', 'running')", [tenant.value]
        ).first?.int("n") ?? 0
    }

    /// Waits until every run is over. Where nobody can know what became of a mail, a person looks at the far end and
    /// decides, as the platform asks for it.
    func settle() async throws {
        try await until("every run is over") {
            let open = try await database.rows(
                tenant, "SELECT run_id, status FROM runs WHERE tenant_id = $1 AND finished_at IS NULL",
                [tenant.value])
            for row in open where try row.text("status") == "waiting" { try await decide(try row.id("run_id")) }
            return open.isEmpty
        }
        try await until("nothing is left in doubt") {
            let doubts = Doubts(database)
            for doubt in try await doubts.list(tenant, run: nil, before: nil, limit: 100)
            where doubt.stage == .undecided {
                guard let counts = sink.settledCounts else { return false }
                _ = try await doubts.decide(
                    tenant, doubt.job, counts[doubt.effectKey] == nil ? .failed : .done, output: nil, comment: nil,
                    actor: "person")
            }
            return try await doubts.list(tenant, run: nil, before: nil, limit: 1).isEmpty
        }
    }

    private func decide(_ run: RunID) async throws {
        // While a mail is on its way, nobody has looked: the person comes back.
        guard let counts = sink.settledCounts else { return }
        for effect in try await Runs(database).effects(tenant, run) where effect.state == .unknown {
            let outcome: EffectDecision.Outcome = counts[effect.effectKey] == nil ? .retry : .done
            _ = try await Runs(database).signal(
                tenant, run, name: EffectDecision.signal(for: effect.job),
                payload: ["outcome": .string(outcome.rawValue)], user: nil, actor: "person")
        }
    }
}
