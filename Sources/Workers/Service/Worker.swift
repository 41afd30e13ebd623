import Domain
import Failpoints
package import PersonaContainers
import Synchronization
package import ToolKit

/// Claims jobs into a bounded number of slots and runs them: tools in their persona's sandbox, models by the gateway.
package final class Worker: Sendable {
    package struct Settings: Sendable {
        /// Jobs at once in this process.
        package var slots = 20
        /// Of them at most so many of one tenant, so that its long calls never hold every slot.
        package var slotsPerTenant = 15
        /// And of one lane (`WorkerJob.lane`) where it is bounded: a browser holds some 400 MB, a program a processor.
        package var slotsPerLane = ["browser": 8, "model": 16, "shell": 6]
        /// Between two reports of one call; of what comes meanwhile the newest is told.
        package var progressPause = Duration.milliseconds(250)
        package var heartbeat = Duration.seconds(3)
        /// Between attempts to reach a job source that fails.
        package var retry = Duration.seconds(1)
        /// Attempts to write one outcome: together longer than a lease. Each is fenced, so that one whose answer alone
        /// was lost changes nothing.
        package var outcomeAttempts = 12

        package init() {}
    }

    private struct State {
        var running: [JobID: Running] = [:]
        var isDraining = false
    }

    private struct Running {
        var job: WorkerJob
        var phase: EffectPhase?
        var task: Task<Void, Never>?
        var isTaken = false
    }

    private let jobs: any JobSource
    private let containers: PersonaContainers
    private let tools: @Sendable (String) -> ToolDescriptor?
    private let resolver: any ResourceResolver
    private let artifacts: any ArtifactStore
    private let models: any ModelRunner
    private let settings: Settings
    private let log: @Sendable (String) -> Void
    private let state = Mutex(State())

    package init(
        jobs: any JobSource, containers: PersonaContainers, tools: @escaping @Sendable (String) -> ToolDescriptor?,
        resolver: any ResourceResolver, artifacts: any ArtifactStore, models: any ModelRunner,
        settings: Settings = Settings(), log: @escaping @Sendable (String) -> Void
    ) {
        self.jobs = jobs
        self.containers = containers
        self.tools = tools
        self.resolver = resolver
        self.artifacts = artifacts
        self.models = models
        self.settings = settings
        self.log = log
    }

    /// Works until cancelled, then hands back what has not begun to transmit, lets the rest end, and returns.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.beat() }
            group.addTask { await self.claim() }
            await group.waitForAll()
        }
        await drain()
    }

    /// Stops every call at once, also those that transmit, and writes nothing more: for an owner that has lost its session
    /// or its lease. Once the lease has run out another owner takes the calls for abandoned, so none may still be
    /// transmitting then.
    package func abandon() {
        let tasks = state.withLock { state in
            state.isDraining = true
            for id in state.running.keys { state.running[id]?.isTaken = true }
            return state.running.values.map(\.task)
        }
        for task in tasks { task?.cancel() }
    }

    private func claim() async {
        while !Task.isCancelled {
            let room = room()
            do {
                if try await begin(room) == 0 { await jobs.news(room) }
            } catch {
                if !Task.isCancelled { log("jobs cannot be claimed: \(error)") }
                try? await Task.sleep(for: settings.retry)  // cancelled: the loop ends
            }
        }
    }

    private func room() -> ClaimRoom {
        let running = state.withLock { $0.running.values.map(\.job) }
        var room = ClaimRoom(
            limit: settings.slots - running.count, perTenant: settings.slotsPerTenant, lanes: settings.slotsPerLane)
        for job in running {
            room.running[job.tenant, default: 0] += 1
            room.lanes[job.lane]? -= 1
        }
        return room
    }

    /// How many could be claimed.
    private func begin(_ room: ClaimRoom) async throws -> Int {
        guard room.limit > 0 else { return 0 }
        let claimed = try await jobs.claim(room)
        for job in claimed { begin(job) }
        return claimed.count
    }

    /// Each job has a task of its own, held in `running`, because it outlives the claiming: `drain` waits for it.
    private func begin(_ job: WorkerJob) {
        state.withLock { $0.running[job.id] = Running(job: job) }
        let task = Task {
            await self.perform(job)
            self.state.withLock { _ = $0.running.removeValue(forKey: job.id) }
            self.jobs.rouse()
        }
        let isStopped = state.withLock { state in
            state.running[job.id]?.task = task
            return state.isDraining
        }
        if isStopped { task.cancel() }
    }

    private func perform(_ job: WorkerJob) async {
        let outcome: Result<(JSONValue, [StoredArtifact]), ToolFailure>
        do throws(ToolFailure) {
            outcome = .success(try await execute(job))
        } catch {
            outcome = .failure(error)
        }
        let (isTaken, isHandedBack) = state.withLock { state in
            let running = state.running[job.id]
            return (running?.isTaken == true, state.isDraining && Task.isCancelled && running?.phase == nil)
        }
        if isTaken { return }
        // Outcomes are written even when this task was cancelled: what happened must be known.
        await Task { await write(outcome, of: job, isHandedBack: isHandedBack) }.value
    }

    /// Tries until it is written, until the job is known to be another's, or until its lease has surely run out.
    private func write(
        _ outcome: Result<(JSONValue, [StoredArtifact]), ToolFailure>, of job: WorkerJob, isHandedBack: Bool
    ) async {
        for attempt in 1...settings.outcomeAttempts {
            do {
                switch outcome {
                case .success(let (output, artifacts)):
                    return try await jobs.complete(job, output: output, artifacts: artifacts)
                case .failure where isHandedBack: return try await jobs.handBack(job)
                case .failure(let failure): return try await jobs.fail(job, failure)
                }
            } catch is JobTaken {
                return log("the outcome of job \(job.id) was not written: another has it, or it is written already")
            } catch {
                log("the outcome of job \(job.id) was not written (attempt \(attempt)): \(error)")
            }
            let isHopeless = state.withLock { $0.isDraining || $0.running[job.id]?.isTaken == true }
            if isHopeless { return }
            try? await Task.sleep(for: settings.retry)  // never cancelled: nobody holds this task
        }
    }

    private func execute(_ job: WorkerJob) async throws(ToolFailure) -> (JSONValue, [StoredArtifact]) {
        let reports = reporting(job)
        defer { reports.finish() }
        if job.kind == .model {
            return (try await models.run(job) { reports.yield(($0, nil)) }, [])
        }
        guard let descriptor = tools(job.tool) else {
            throw ToolFailure(.permanent, code: "tool_unknown", "There is no tool named '\(job.tool)'.")
        }
        let input = try await ToolInput.resolve(job, descriptor, by: resolver)
        let call = SandboxCall(
            tenant: job.tenant, persona: job.persona, run: job.run, tool: job.tool, input: input.value,
            effectKey: job.effectKey, attempt: job.attempt, timeoutSeconds: job.timeoutSeconds,
            secrets: input.secrets, egress: try await resolver.egress(tenant: job.tenant, persona: job.persona))
        Failpoint.hit(.jobBeforeCall)
        let result = try await containers.call(
            call,
            mark: { phase in
                try await self.jobs.mark(job, phase)
                self.state.withLock { $0.running[job.id]?.phase = phase }
            }, progress: { message, fraction in reports.yield((message, fraction)) })
        Failpoint.hit(.jobAfterCall)
        var kept: [StoredArtifact] = []
        for file in result.artifacts {
            kept.append(try await artifacts.keep(file, of: result.root, tenant: job.tenant))
        }
        return (result.output, kept)
    }

    /// Progress goes out in order beside the call, the newest only: it is told, not promised.
    private func reporting(_ job: WorkerJob) -> AsyncStream<(String, Double?)>.Continuation {
        let (stream, continuation) = AsyncStream<(String, Double?)>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let jobs = jobs
        let pause = settings.progressPause
        // Ends with the stream, which `execute` finishes.
        Task {
            for await (message, fraction) in stream {
                await jobs.progress(job, message: message, fraction: fraction)
                try? await Task.sleep(for: pause)  // never cancelled: nobody holds this task
            }
        }
        return continuation
    }

    /// Keeps leases, and stops what was taken away.
    private func beat() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: settings.heartbeat)  // cancelled: the loop ends
            if Task.isCancelled { return }
            await renew()
        }
    }

    private func renew() async {
        let before = state.withLock { Set($0.running.keys) }
        do {
            let held = try await jobs.heartbeat()
            let lost = state.withLock { state in
                before.subtracting(held).compactMap { id -> Task<Void, Never>? in
                    state.running[id]?.isTaken = true
                    return state.running[id]?.task
                }
            }
            for task in lost { task.cancel() }
        } catch {
            log("leases cannot be renewed: \(error)")
        }
    }

    private func drain() async {
        let tasks = state.withLock { state in
            state.isDraining = true
            return state.running.values.map { (task: $0.task, isTransmitting: $0.phase != nil) }
        }
        for entry in tasks where !entry.isTransmitting { entry.task?.cancel() }
        // Leases must not run out under those that are let end.
        let beats = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: settings.heartbeat)  // cancelled below
                if !Task.isCancelled { await renew() }
            }
        }
        for entry in tasks { await entry.task?.value }
        beats.cancel()
    }
}
