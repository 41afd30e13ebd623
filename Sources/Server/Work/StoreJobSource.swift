import Domain
import OrchestratorService
import Store
import Synchronization
import ToolKit
import Workers

/// Jobs of the store, for workers: claims, outcomes with their published files, doorbells.
final class StoreJobSource: JobSource {
    /// How long a worker waits for a ring before it looks by itself: what a lost doorbell costs at most.
    static let sweep = Duration.seconds(2)

    private let queue: JobQueue
    private let events: RunProgress
    private let doorbell: any Doorbell
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let held = Mutex<[JobID: ClaimedJob]>([:])

    init(queue: JobQueue, events: RunProgress, doorbell: any Doorbell) {
        self.queue = queue
        self.events = events
        self.doorbell = doorbell
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Listens to the doorbell until cancelled.
    func listen() async {
        for await ring in await doorbell.rings() {
            if case .job = ring { waker.yield() }
        }
    }

    func claim(limit: Int) async throws -> [WorkerJob] {
        let claimed = try await queue.claim(limit: limit)
        held.withLock { held in for job in claimed { held[job.id] = job } }
        return claimed.map(WorkerJob.init)
    }

    func mark(_ job: WorkerJob, _ phase: EffectPhase) async throws {
        try await queue.mark(try claimed(job), phase)
    }

    func complete(_ job: WorkerJob, output: JSONValue, artifacts: [StoredArtifact]) async throws {
        let claimed = try claimed(job)
        let files = artifacts.map { artifact in
            Files.publication(
                job.tenant, id: .new(), run: job.run, persona: job.persona, job: job.id, name: artifact.file.name,
                mediaType: artifact.file.mediaType, size: artifact.size, sha256: artifact.sha256,
                provenance: claimed.tool.hasPrefix("email.") || claimed.tool.hasPrefix("browser.") ? .outside : .persona
            )
        }
        try await queue.complete(claimed, output: output, also: files)
        await finished(job)
    }

    func fail(_ job: WorkerJob, _ failure: ToolFailure) async throws {
        try await queue.fail(try claimed(job), failure)
        await finished(job)
    }

    func handBack(_ job: WorkerJob) async throws {
        try await queue.handBack(try claimed(job))
        held.withLock { held in held[job.id] = nil }
    }

    func heartbeat() async throws -> Set<JobID> { try await queue.heartbeat() }

    func progress(_ job: WorkerJob, message: String, fraction: Double?) async {
        await events.tell(job.tenant, job.run, message: message, fraction: fraction)
    }

    func news() async {
        let wait = (try? await queue.nextDue()).flatMap { $0 }.map { Duration.milliseconds($0) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.wake { return } }
            // Cancelled when the bell rings first.
            group.addTask { try? await Task.sleep(for: min(wait ?? Self.sweep, Self.sweep)) }
            await group.next()
            group.cancelAll()
        }
    }

    private func claimed(_ job: WorkerJob) throws -> ClaimedJob {
        guard let claimed = held.withLock({ $0[job.id] }) else { throw LeaseError.fenced }
        return claimed
    }

    private func finished(_ job: WorkerJob) async {
        held.withLock { held in held[job.id] = nil }
        await doorbell.ring([.run(job.tenant, job.run)])
    }
}

extension WorkerJob {
    fileprivate init(_ job: ClaimedJob) {
        let kind: Kind =
            switch job.kind {
            case .tool: .tool
            case .model: .model
            case .reconcile: .reconcile
            }
        self.init(
            id: job.id, tenant: job.tenant, persona: job.persona, run: job.run, kind: kind, tool: job.tool,
            input: job.input, effectKey: job.effectKey, attempt: job.attempt, timeoutSeconds: job.timeoutSeconds)
    }
}
