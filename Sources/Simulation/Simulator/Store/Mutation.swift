/// One rule broken on purpose: what the simulator has to notice, each within some hundreds or thousands of seeds.
package enum Mutation: String, Sendable, Hashable, CaseIterable {
    /// A job's owner of yesterday may still write.
    case jobEpochIgnored
    /// A run's owner of yesterday may still commit.
    case runFenceIgnored
    /// A rescue plans a call again that may already have had its effect.
    case startedRepeated
    /// A cut in the middle of a step's commit leaves half of it.
    case commitTorn
    /// Sweeps find no runs: without a doorbell nobody comes.
    case doorbellRequired
    /// A step takes the run off the list although news came meanwhile.
    case newsForgotten
    /// The effect does not wait until its mark is committed.
    case markNotAwaited
    /// The effect goes on although nobody knows whether its mark was committed.
    case markNotConfirmed
    /// Nobody takes what a dead or silent owner held.
    case deadKeepLeases
    /// A reconciler's "not done" is believed while the first call may still be under way.
    case alwaysAbandoned
    /// A cancellation writes off calls that are transmitting.
    case transmittingCancelled
    /// A signal that was taken is offered again.
    case signalKept
    /// A run may end over a signal that it has not seen.
    case signalMissedAtEnd
    /// A worker prolongs also what it does not run.
    case forgottenProlonged
    /// A doubtful call counts as abandoned once its owner's session is gone, though the process may live on.
    case sessionIsLife
}
