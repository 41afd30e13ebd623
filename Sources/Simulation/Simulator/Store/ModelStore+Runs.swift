package import Domain

/// `Runs` and `RunLeases`.
extension ModelStore {
    /// `Runs.create`.
    package mutating func create(_ id: RunID, priority: Int = 0) {
        var row = RunRow(id: id)
        row.priority = priority
        row.readyAt = now
        insert(row)
        note("run.created", id)
    }

    /// The number of the run's last visit.
    package func lastStep(_ id: RunID) -> Int { run(id)?.steps ?? 0 }

    /// `Runs.cancel`.
    package mutating func cancel(_ id: RunID) -> Bool {
        guard let index = index(id), runs[index].finishedAt == nil else { return false }
        runs[index].cancelRequested = true
        runs[index].wakes += 1
        runs[index].readyAt = now
        note("run.cancel_requested", id)
        return true
    }

    /// `Runs.signal`.
    package mutating func signal(_ id: RunID, _ signal: SignalID, name: String, payload: JSONValue)
        -> ModelSignalOutcome
    {
        guard let index = index(id) else { return .noRun }
        if signals.contains(where: { $0.run == id && $0.id == signal }) { return .accepted }
        guard runs[index].finishedAt == nil else { return .noRun }
        if name.hasPrefix(EffectDecision.signalPrefix) {
            let job = JobID(name.dropFirst(EffectDecision.signalPrefix.count)).flatMap { self.job($0) }
            guard let job, job.run == id, job.state == .unknown else { return .noDecisionPending }
        }
        let waiting = signals.count { $0.run == id && $0.consumedSeq == nil }
        guard waiting < Self.pendingSignals else { return .tooMany }
        signals.append(SignalRow(run: id, id: signal, name: name, payload: payload, createdAt: now))
        runs[index].wakes += 1
        runs[index].readyAt = now
        note("run.signalled", id)
        return .accepted
    }

    // MARK: Leases

    /// Runs that `claim` could take, in its order; rows of the same priority and time stand in the order of creation.
    package func claimable(by owner: Int, only: RunID? = nil) -> [RunRow] {
        runs.filter { row in
            guard let ready = row.readyAt, ready <= now, only == nil || row.id == only else { return false }
            guard let holder = row.owner else { return true }
            if mutation == .deadKeepLeases { return false }
            return (row.leaseUntil ?? 0) < now || (only != nil && holder == owner)
        }.sorted(by: Self.isMoreUrgent)
    }

    private static func isMoreUrgent(_ left: RunRow, _ right: RunRow) -> Bool {
        left.priority == right.priority
            ? (left.readyAt ?? 0) < (right.readyAt ?? 0) : left.priority > right.priority
    }

    /// `RunLeases.claim`.
    package mutating func claim(by owner: Int, only: RunID? = nil, limit: Int = 64) -> [ModelLease] {
        claimable(by: owner, only: only).prefix(limit).compactMap { row in
            guard let index = index(row.id) else { return nil }
            runs[index].owner = owner
            runs[index].epoch += 1
            runs[index].leaseUntil = now + Self.lease
            return ModelLease(run: row.id, epoch: runs[index].epoch)
        }
    }

    /// `RunLeases.ready`.
    package func ready(heldBy owner: Int, limit: Int = 64) -> [ModelLease] {
        runs.filter { row in row.owner == owner && row.readyAt.map { $0 <= now } == true }
            .sorted(by: Self.isMoreUrgent).prefix(limit).map { ModelLease(run: $0.id, epoch: $0.epoch) }
    }

    /// `RunLeases.renew`.
    package mutating func renew(_ owner: Int) -> Set<ModelLease> {
        var held: Set<ModelLease> = []
        for index in runs.indices where runs[index].owner == owner {
            runs[index].leaseUntil = now + Self.lease
            held.insert(ModelLease(run: runs[index].id, epoch: runs[index].epoch))
        }
        return held
    }

    /// `RunLeases.releaseDead`.
    package mutating func releaseDead(askedBy owner: Int) -> Int {
        if mutation == .deadKeepLeases { return 0 }
        var freed = 0
        for index in runs.indices {
            guard let holder = runs[index].owner, holder != owner, !living.contains(holder) else { continue }
            free(index)
            freed += 1
        }
        return freed
    }

    /// `RunLeases.release`.
    package mutating func release(_ lease: ModelLease, of owner: Int) {
        guard let index = index(lease.run), runs[index].owner == owner, runs[index].epoch == lease.epoch else { return }
        free(index)
    }

    /// `RunLeases.releaseAll`.
    package mutating func releaseAll(of owner: Int) {
        for index in runs.indices where runs[index].owner == owner { free(index) }
    }

    mutating func free(_ index: Int) {
        runs[index].owner = nil
        runs[index].leaseUntil = nil
    }
}
