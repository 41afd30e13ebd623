/// Says that there is something to look at in the store. A ring may be lost, doubled or late: it only saves time,
/// since everyone who listens also sweeps.
package protocol Doorbell: Sendable {
    /// Never fails and never waits for long; what cannot be told is dropped.
    func ring(_ rings: [DoorbellRing]) async

    /// Rings from here and from other processes, from now on. Each caller gets them all; a slow one loses the oldest.
    func rings() async -> AsyncStream<DoorbellRing>
}

/// Which row has changed. Ids only, never state.
package enum DoorbellRing: Sendable, Hashable, Codable {
    /// The run has something to take up.
    case run(TenantID, RunID)
    /// A job has been planned.
    case job(TenantID, JobID)
    /// The run has new events.
    case event(TenantID, RunID)
}
