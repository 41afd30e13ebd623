import Domain
import Egress
import FoundationEssentials
import PersonaContainers
import Sockets
import Synchronization
import Testing
import ToolKit
import Workers

/// Jobs in memory, fenced as the store fences them.
final class JobList: JobSource {
    struct State {
        var planned: [WorkerJob] = []
        var started: [JobID: WorkerJob] = [:]
        var outcomes: [JobID: String] = [:]
        var marks: [String] = []
        var ended = 0
        /// Reports that came.
        var told = 0
        /// Outcomes that are not taken before one is.
        var refusals = 0
        var isRoused = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watchers: [(Int, OneShot<Void>)] = []
    }

    struct Away: Error {}

    let state = Mutex(State())
    let firstProgress = OneShot<Void>()
    let modelMayGoOn = OneShot<Void>()

    func add(_ job: WorkerJob) {
        state.withLock { $0.planned.append(job) }
        rouse()
    }

    func claim(_ room: ClaimRoom) async throws -> [WorkerJob] {
        state.withLock { state in
            var room = room
            let claimed = state.planned.filter { job in
                guard room.limit > 0, room.running[job.tenant, default: 0] < room.perTenant,
                    room.lanes[job.lane, default: 1] > 0
                else { return false }
                room.limit -= 1
                room.running[job.tenant, default: 0] += 1
                room.lanes[job.lane]? -= 1
                return true
            }
            let ids = Set(claimed.map(\.id))
            state.planned.removeAll { ids.contains($0.id) }
            for job in claimed { state.started[job.id] = job }
            return claimed
        }
    }

    func mark(_ job: WorkerJob, _ phase: EffectPhase) async throws {
        try state.withLock { state in
            guard state.started[job.id] != nil else { throw JobTaken() }
            state.marks.append(phase.rawValue)
        }
    }

    func complete(_ job: WorkerJob, output: JSONValue, artifacts: [StoredArtifact]) async throws {
        try end(job, "done \(artifacts.map { "\($0.file.name) \($0.size)" }.joined())")
    }

    func fail(_ job: WorkerJob, _ failure: ToolFailure) async throws { try end(job, failure.code) }

    func handBack(_ job: WorkerJob) async throws { try end(job, "handed back") }

    func heartbeat() async throws -> Set<JobID> { state.withLock { Set($0.started.keys) } }

    func progress(_ job: WorkerJob, message: String, fraction: Double?) async {
        state.withLock { $0.told += 1 }
        firstProgress.settle(())
    }

    func news(_ room: ClaimRoom) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isNew = state.withLock { state in
                    let isNew = state.isRoused || Task.isCancelled
                    if !isNew { state.waiting.append(continuation) }
                    state.isRoused = false
                    return isNew
                }
                if isNew { continuation.resume() }
            }
        } onCancel: {
            rouse()
        }
    }

    func rouse() {
        let waiting = state.withLock { state in
            state.isRoused = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func takeAway(_ job: WorkerJob) { state.withLock { _ = $0.started.removeValue(forKey: job.id) } }

    func outcomes(_ count: Int) async -> [JobID: String] {
        let reached = OneShot<Void>()
        let isThere = state.withLock { state in
            if state.ended < count { state.watchers.append((count, reached)) }
            return state.ended >= count
        }
        if !isThere { await reached.value() }
        return state.withLock { $0.outcomes }
    }

    private func end(_ job: WorkerJob, _ outcome: String) throws {
        let reached = try state.withLock { state in
            if state.refusals > 0 {
                state.refusals -= 1
                throw Away()
            }
            guard state.started.removeValue(forKey: job.id) != nil else { throw JobTaken() }
            state.outcomes[job.id] = outcome
            state.ended += 1
            return state.watchers.filter { $0.0 <= state.ended }.map(\.1)
        }
        for watcher in reached { watcher.settle(()) }
    }
}

struct Resources: ResourceResolver {
    func resolve(
        _ resource: ToolResource, id: String, tenant: TenantID, persona: PersonaID
    ) async throws(ToolFailure) -> ResolvedResource {
        ResolvedResource(value: ["address": "ada@example.org"], secrets: ["password": Secret("canary")])
    }

    func secrets(_ names: [String], tenant: TenantID, persona: PersonaID) async throws(ToolFailure) -> [String: Secret]
    {
        ["test.key": Secret("12345")]
    }

    func egress(tenant: TenantID, persona: PersonaID) async throws(ToolFailure) -> EgressPolicy { EgressPolicy() }
}

struct Counting: ArtifactStore {
    func keep(_ file: WorkspaceFile, of root: WorkspaceRoot, tenant: TenantID) async throws(ToolFailure)
        -> StoredArtifact
    {
        let descriptor = try root.open(file)
        return withExtendedLifetime(descriptor) { StoredArtifact(file: file, sha256: [], size: file.size) }
    }
}

struct Parrot: ModelRunner {
    let jobs: JobList

    func run(_ job: WorkerJob, progress: @escaping @Sendable (String) -> Void) async throws(ToolFailure) -> JSONValue {
        if job.input["waits"] != nil { await jobs.modelMayGoOn.value() }
        return job.input
    }
}

@Suite(.timeLimit(.minutes(10))) struct WorkerTests {
    struct Bench: Sendable {
        let jobs = JobList()
        let loop: PollLoop
        let containers: PersonaContainers
        let worker: Worker
        let data = "/tmp/worker-tests-\(TenantID.new())"
        let tenant = TenantID.new()
        let persona = PersonaID.new()

        init() async throws {
            loop = try PollLoop(name: "test")
            let bundle = RuntimeLibraries.mappedFiles().first { $0.hasSuffix(".xctest") } ?? "/"
            let products = URL(filePath: bundle).deletingLastPathComponent()
            let program = PersonaProgram(
                executable: products.appending(path: "ToolHostFixture").path,
                libraries: RuntimeLibraries.directories())
            let sandbox = try await Bubblewrap(program: program, data: data, on: loop)
            var containerSettings = PersonaContainerSettings()
            containerSettings.grace = .seconds(30)
            containers = PersonaContainers(
                data: data, sandbox: sandbox, proxy: EgressProxy(on: loop), on: loop, settings: containerSettings)
            var settings = Worker.Settings()
            settings.slots = 4
            settings.slotsPerTenant = 3
            settings.slotsPerLane = ["model": 1]
            settings.heartbeat = .milliseconds(50)
            settings.retry = .milliseconds(10)
            worker = Worker(
                jobs: jobs, containers: containers,
                tools: { name in
                    ToolDescriptor(
                        name: name, summary: "", effect: .read, secrets: name == "test.secret" ? ["test.key"] : [])
                }, resolver: Resources(), artifacts: Counting(), models: Parrot(jobs: jobs), settings: settings,
                log: { _ in })
        }

        func job(
            _ tool: String, _ input: JSONValue = [:], kind: WorkerJob.Kind = .tool, tenant: TenantID? = nil
        ) -> WorkerJob {
            WorkerJob(
                id: .new(), tenant: tenant ?? self.tenant, persona: persona, run: .new(), kind: kind, tool: tool,
                input: input,
                effectKey: "k", attempt: 1, timeoutSeconds: 20)
        }

        func end() async {
            await containers.stopAll()
            loop.stop()
            try? FileManager.default.removeItem(atPath: data)  // a left-over in /tmp does no harm
        }
    }

    @Test func outcomeThatCannotBeWrittenIsWrittenLater() async throws {
        let bench = try await Bench()
        bench.jobs.state.withLock { $0.refusals = 3 }
        let run = Task { await bench.worker.run() }
        let job = bench.job("test.echo", ["text": "a"])
        bench.jobs.add(job)
        #expect(await bench.jobs.outcomes(1) == [job.id: "done "])
        run.cancel()
        await run.value
        await bench.end()
    }

    @Test func jobsRunAndTheirOutcomesAreWritten() async throws {
        let bench = try await Bench()
        let run = Task { await bench.worker.run() }
        let jobs = [
            bench.job("test.echo", ["text": "a"]), bench.job("test.publish", ["path": "a.txt", "text": "four"]),
            bench.job("test.publish", ["path": "../../../etc/passwd"]),
            bench.job("test.secret", ["secret": "test.key"]),
            bench.job("test.secret", ["secret": "mailbox.password"]), bench.job("model.chat", ["x": 1], kind: .model),
            bench.job("test.effect", ["dies": false]), bench.job("test.none"),
        ]
        for job in jobs { bench.jobs.add(job) }
        let outcomes = await bench.jobs.outcomes(jobs.count)
        #expect(
            jobs.map { outcomes[$0.id] } == [
                "done ", "done artifact.txt 4", "artifact_refused", "done ", "secret_missing", "done ", "done ",
                "tool_unknown",
            ])
        #expect(bench.jobs.state.withLock { $0.marks } == ["transmitting", "accepted"])
        run.cancel()
        await run.value
        await bench.end()
    }

    @Test func oneTenantsLongCallsLeaveASlotForAnother() async throws {
        let bench = try await Bench()
        let long = (0..<6).map { _ in bench.job("test.wait", ["stubborn": false]) }
        for job in long { bench.jobs.add(job) }
        let run = Task { await bench.worker.run() }
        await bench.jobs.firstProgress.value()
        let other = bench.job("test.echo", ["text": "a"], tenant: .new())
        bench.jobs.add(other)
        #expect(await bench.jobs.outcomes(1) == [other.id: "done "])
        #expect(bench.jobs.state.withLock { $0.started.count } == 3)
        run.cancel()
        await run.value
        await bench.end()
    }

    @Test func laneThatIsFullHoldsNothingElseUp() async throws {
        let bench = try await Bench()
        let slow = [
            bench.job("model.chat", ["waits": true], kind: .model), bench.job("model.chat", ["x": 1], kind: .model),
        ]
        for job in slow { bench.jobs.add(job) }
        let run = Task { await bench.worker.run() }
        let tool = bench.job("test.echo", ["text": "a"])
        bench.jobs.add(tool)
        #expect(await bench.jobs.outcomes(1) == [tool.id: "done "])
        #expect(bench.jobs.state.withLock { $0.planned.map(\.id) } == [slow[1].id])
        bench.jobs.modelMayGoOn.settle(())
        #expect(await bench.jobs.outcomes(3).count == 3)
        run.cancel()
        await run.value
        await bench.end()
    }

    @Test func callThatReportsWithoutEndIsToldOfNowAndThen() async throws {
        let bench = try await Bench()
        let run = Task { await bench.worker.run() }
        let job = bench.job("test.chatter", ["count": 5_000, "text": "line"])
        bench.jobs.add(job)
        #expect(await bench.jobs.outcomes(1) == [job.id: "done "])
        let told = bench.jobs.state.withLock { $0.told }
        #expect(told >= 1)
        #expect(told < 5_000)
        run.cancel()
        await run.value
        await bench.end()
    }

    @Test func drainHandsBackWhatHasNotTransmitted() async throws {
        let bench = try await Bench()
        let run = Task { await bench.worker.run() }
        let job = bench.job("test.wait", ["stubborn": false])
        bench.jobs.add(job)
        await bench.jobs.firstProgress.value()
        run.cancel()
        await run.value
        #expect(bench.jobs.state.withLock { $0.outcomes[job.id] } == "handed back")
        await bench.end()
    }

    @Test func jobThatWasTakenAwayIsStoppedAndNothingIsWritten() async throws {
        let bench = try await Bench()
        let run = Task { await bench.worker.run() }
        let job = bench.job("test.wait", ["stubborn": false])
        bench.jobs.add(job)
        await bench.jobs.firstProgress.value()
        bench.jobs.takeAway(job)
        let next = bench.job("test.echo", ["text": "next"])
        bench.jobs.add(next)
        let outcomes = await bench.jobs.outcomes(1)
        #expect(outcomes == [next.id: "done "])
        run.cancel()
        await run.value
        #expect(bench.jobs.state.withLock { $0.outcomes.count } == 1)
        await bench.end()
    }
}
