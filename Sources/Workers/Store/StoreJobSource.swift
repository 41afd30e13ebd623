package import Domain
import PersonaContainers
import Sockets
package import Store
import Synchronization
package import ToolKit
package import Workers

/// Jobs of the store's queue, with doorbells to be quick and sweeps to miss none.
package final class StoreJobSource: JobSource {
    /// Finds in Postgres what a lost doorbell missed.
    private static let sweep = Duration.seconds(5)

    private let queue: JobQueue
    private let doorbell: any Doorbell
    private let claimed = Mutex<[JobID: ClaimedJob]>([:])
    private let signal = Mutex(OneShot<Void>())

    package init(_ queue: JobQueue, doorbell: any Doorbell) {
        self.queue = queue
        self.doorbell = doorbell
    }

    /// Listens for doorbells until cancelled; run it beside the worker.
    package func listen() async {
        while !Task.isCancelled {
            for await ring in await doorbell.rings() {
                if case .job = ring { rouse() }
            }
            try? await Task.sleep(for: Self.sweep)  // a doorbell that is away; cancelled: the loop ends
        }
    }

    package func claim(_ room: ClaimRoom) async throws -> [WorkerJob] {
        let jobs = try await queue.claim(room)
        claimed.withLock { known in for job in jobs { known[job.id] = job } }
        return jobs.map(Self.workerJob)
    }

    package func mark(_ job: WorkerJob, _ phase: EffectPhase) async throws {
        try await queue.mark(try known(job), phase)
    }

    package func complete(_ job: WorkerJob, output: JSONValue, artifacts: [StoredArtifact]) async throws {
        let rows = artifacts.map { artifact in
            Files.publication(
                job.tenant, id: .new(), run: job.run, persona: job.persona, job: job.id, name: artifact.file.name,
                mediaType: artifact.file.mediaType, size: artifact.size, sha256: artifact.sha256,
                provenance: Self.provenance(of: job))
        }
        try await end(job) { try await queue.complete($0, output: output, also: rows) }
        await doorbell.ring([.run(job.tenant, job.run)])
    }

    package func fail(_ job: WorkerJob, _ failure: ToolFailure) async throws {
        try await end(job) { try await queue.fail($0, failure) }
        await doorbell.ring([.run(job.tenant, job.run)])
    }

    package func handBack(_ job: WorkerJob) async throws {
        try await end(job) { try await queue.handBack($0) }
        await doorbell.ring([.job(job.tenant, job.id)])
    }

    /// Where the store cannot be reached the job stays known, for another attempt.
    private func end(_ job: WorkerJob, _ write: (ClaimedJob) async throws -> Void) async throws {
        do {
            try await write(try known(job))
            forget(job.id)
        } catch is LeaseError {
            forget(job.id)
            throw JobTaken()
        }
    }

    package func heartbeat() async throws -> Set<JobID> {
        try await queue.heartbeat()
    }

    package func progress(_ job: WorkerJob, message: String, fraction: Double?) async {
        // Progress is told and not promised: where the store is away, the next report tells more.
        guard let known = try? known(job), let isNoted = try? await queue.report(known, message, fraction: fraction)
        else { return }
        if isNoted { await doorbell.ring([.event(job.tenant, job.run)]) }
    }

    package func rouse() { signal.withLock { $0 }.settle(()) }

    package func news(_ room: ClaimRoom) async {
        let signal = signal.withLock { $0 }
        // Unknown, or nothing could be begun: the sweep comes anyway.
        let due = room.limit > 0 ? try? await queue.nextDue(later: room.isNarrowed) : nil
        let wait = min(Self.sweep, due.flatMap { $0 }.map { Duration.milliseconds($0) } ?? Self.sweep)
        let alarm = Task {
            try? await Task.sleep(for: wait)  // cancelled: the news came first
            signal.settle(())
        }
        await withTaskCancellationHandler {
            await signal.value()
        } onCancel: {
            signal.settle(())
        }
        alarm.cancel()
        self.signal.withLock { if $0 === signal { $0 = OneShot() } }
    }

    private func known(_ job: WorkerJob) throws -> ClaimedJob {
        guard let known = claimed.withLock({ $0[job.id] }) else { throw LeaseError.fenced }
        return known
    }

    /// What these tools publish was written by strangers.
    private static func provenance(of job: WorkerJob) -> Files.Provenance {
        job.tool.hasPrefix("email.") || job.tool.hasPrefix("browser.") ? .outside : .persona
    }

    private func forget(_ job: JobID) { claimed.withLock { _ = $0.removeValue(forKey: job) } }

    private static func workerJob(_ job: ClaimedJob) -> WorkerJob {
        let kind: WorkerJob.Kind =
            switch job.kind {
            case .tool: .tool
            case .model: .model
            case .reconcile: .reconcile
            }
        return WorkerJob(
            id: job.id, tenant: job.tenant, persona: job.persona, run: job.run, kind: kind, tool: job.tool,
            input: job.input, effectKey: job.effectKey, attempt: job.attempt, timeoutSeconds: job.timeoutSeconds)
    }
}
