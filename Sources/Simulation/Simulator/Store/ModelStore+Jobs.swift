package import Domain
package import ToolKit

/// `JobQueue` and `JobRescue`.
extension ModelStore {
    /// Jobs that `claim` could begin, in its order; rows of the same priority and time stand in the order of planning.
    package func dueJobs(for owner: Int) -> [JobRow] {
        guard living.contains(owner) else { return [] }
        return jobs.filter { $0.state == .planned && $0.runAfter <= now }
            .sorted { $0.priority == $1.priority ? $0.runAfter < $1.runAfter : $0.priority > $1.priority }
    }

    /// The first transaction of `JobQueue.claim`: the jobs are begun.
    package mutating func begin(by owner: Int, limit: Int) -> [(job: JobID, epoch: Int)] {
        dueJobs(for: owner).prefix(limit).compactMap { row in
            guard let index = index(row.id) else { return nil }
            jobs[index].state = .started
            jobs[index].attempt += 1
            jobs[index].owner = owner
            jobs[index].epoch += 1
            jobs[index].startedAt = now
            jobs[index].leaseUntil = now + Self.lease
            return (row.id, jobs[index].epoch)
        }
    }

    /// The second transaction of `JobQueue.claim`, one for each job.
    package mutating func loadJob(_ id: JobID, epoch: Int) -> JobRow? {
        guard let row = job(id), row.epoch == epoch, row.state == .started else { return nil }
        if row.effect != .read { note("effect.started", id) }
        return row
    }

    /// `JobQueue.nextDue`: milliseconds until the next planned job is due.
    package func nextDue() -> Int? {
        jobs.lazy.filter { $0.state == .planned }.map(\.runAfter).min().map { max(0, $0 - now) }
    }

    private func held(_ id: JobID, _ epoch: Int) -> Int? {
        guard let index = index(id) else { return nil }
        if mutation == .jobEpochIgnored { return index }
        return jobs[index].epoch == epoch && jobs[index].state == .started ? index : nil
    }

    /// `JobQueue.mark`.
    package mutating func mark(_ id: JobID, epoch: Int, _ phase: EffectPhase) throws(ModelError) {
        guard let index = held(id, epoch) else { throw .fenced }
        jobs[index].phase = phase
    }

    /// `JobQueue.complete`.
    package mutating func complete(_ id: JobID, epoch: Int, output: JSONValue) throws(ModelError) {
        try end(id, epoch, .done, output, nil)
    }

    /// `JobQueue.fail`.
    package mutating func fail(_ id: JobID, epoch: Int, _ failure: ToolFailure) throws(ModelError) {
        let isUnknown = failure.kind == .unknownOutcome && job(id)?.kind == .tool
        try end(id, epoch, isUnknown ? .unknown : .failed, nil, Self.json(failure))
    }

    private mutating func end(
        _ id: JobID, _ epoch: Int, _ state: JobState, _ result: JSONValue?, _ failure: JSONValue?
    ) throws(ModelError) {
        guard let index = held(id, epoch) else { throw .fenced }
        wake(jobs[index].run)
        jobs[index].state = state
        jobs[index].result = result
        jobs[index].failure = failure
        jobs[index].finishedAt = now
        jobs[index].leaseUntil = nil
        if jobs[index].effect != .read { note("effect.\(state.rawValue)", id) }
    }

    /// `JobQueue.handBack`.
    package mutating func handBack(_ id: JobID, epoch: Int) throws(ModelError) {
        guard let index = held(id, epoch), jobs[index].phase == nil else { throw .fenced }
        jobs[index].state = .planned
        jobs[index].attempt -= 1
        jobs[index].owner = nil
        jobs[index].leaseUntil = nil
    }

    /// `JobQueue.heartbeat`: prolongs the calls that run here, by their epochs (all that `owner` holds where `running` is
    /// nil).
    package mutating func heartbeat(_ owner: Int, running: [JobID: Int]?) -> Set<JobID> {
        var held: Set<JobID> = []
        for index in jobs.indices where jobs[index].owner == owner && jobs[index].state == .started {
            if let running, running[jobs[index].id] != jobs[index].epoch { continue }
            jobs[index].leaseUntil = now + Self.lease
            held.insert(jobs[index].id)
        }
        return held
    }

    // MARK: Rescue

    /// The first look of `JobRescue.sweep`.
    package func lostJobs() -> [(job: JobID, epoch: Int)] {
        if mutation == .deadKeepLeases { return [] }
        return jobs.filter(isLost).prefix(Self.rescueBatch).map { ($0.id, $0.epoch) }
    }

    private func isLost(_ job: JobRow) -> Bool {
        guard job.state == .started else { return false }
        if (job.leaseUntil ?? .max) < now { return true }
        // A process may outlive its session, but not its lease: then it has stopped its calls.
        return !living.contains(job.owner ?? 0) && (!Self.isDoubtful(job) || mutation == .sessionIsLife)
    }

    private static func isDoubtful(_ job: JobRow) -> Bool {
        job.phase != nil && (job.effect == .nonIdempotent || job.effect == .deduplicable)
    }

    /// One job of `JobRescue.sweep`, where it is still lost; whom to ring.
    package mutating func rescue(_ id: JobID, epoch: Int) -> [ModelRing] {
        guard let index = index(id), jobs[index].epoch == epoch, isLost(jobs[index]) else { return [] }
        let job = jobs[index]
        let isDoubtful = Self.isDoubtful(job) && mutation != .startedRepeated
        let isSpent = job.rescues + 1 >= Self.rescueLimit
        let state: JobState = isDoubtful ? .unknown : isSpent ? .failed : .planned
        jobs[index].state = state
        jobs[index].phase = isDoubtful ? job.phase : nil
        jobs[index].failure = state == .failed ? Self.json(Self.deadLetter) : Optional<JSONValue>.none
        jobs[index].finishedAt = state == .planned ? nil : now
        jobs[index].rescues += 1
        jobs[index].epoch += 1
        jobs[index].leaseUntil = nil
        jobs[index].runAfter = now
        if state != .planned { wake(job.run) }
        note("effect.rescued", id)
        return [state == .planned ? .job(id) : .run(job.run)]
    }

    static let deadLetter = ToolFailure(
        .permanent, code: "worker_lost",
        "The worker ended \(rescueLimit) times in the middle of this call; it is not tried again.")

    static func json(_ failure: ToolFailure) -> JSONValue {
        ["kind": .string(failure.kind.rawValue), "code": .string(failure.code), "message": .string(failure.message)]
    }
}
