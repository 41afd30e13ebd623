package import Domain
package import ToolKit

/// What came to a run from outside.
package enum RunInput: Sendable, Hashable {
    case begin
    case jobDone(step: Int, output: JSONValue)
    case jobFailed(step: Int, ToolFailure)
    /// Nobody knows whether the effect happened. `abandoned`: nobody can still be carrying it out.
    case jobUnknown(step: Int, phase: EffectPhase?, abandoned: Bool)
    case signal(SignalID, name: String, payload: JSONValue)
    case cancel(reason: String)
}

/// What one step transaction commits, all of it or nothing.
package struct Transition: Sendable, Hashable {
    package var changes: [RunChange] = []
    package var events: [RunEvent] = []
    /// Visits that began or ended, by number.
    package var steps: [Int: StepRecord] = [:]
    package var orders: [JobOrder] = []
    /// Jobs whose outcome has been taken up.
    package var takenJobs: [Int] = []
    package var takenSignals: [SignalID] = []
    package var status = RunStatus.queued
    package var waitingFor: [JSONValue] = []
    /// When the run must be looked at without a doorbell, in milliseconds since 1970.
    package var wakeAt: Int64?
    package var output: JSONValue?
    package var failure: RunFailure?

    package init() {}

    /// Whether there is nothing to commit.
    package var isEmpty: Bool {
        changes.isEmpty && events.isEmpty && orders.isEmpty && takenJobs.isEmpty && takenSignals.isEmpty
    }
}

/// A visit of a node as the API shows it.
package struct StepRecord: Sendable, Hashable {
    package var step: Int
    package var node: String
    package var kind: String
    package var status: StepStatus
    package var attempt: Int
    /// `nil`: as it was.
    package var input: JSONValue?
    package var output: JSONValue?
    package var failure: RunFailure?
    /// Whether the visit began in this transition.
    package var isNew: Bool
}

/// What the effect ledger must do for a transition.
package enum JobOrder: Sendable, Hashable {
    case plan(JobPlan)
    /// The same job again, with the same effect key, `delay` milliseconds from now.
    case again(step: Int, delay: Int)
    /// What a reconciliation or a person found out.
    case settle(step: Int, output: JSONValue?, failure: RunFailure?)
    /// Its outcome no longer matters; a call that is transmitting is left to end.
    case cancel(step: Int)
}

package struct JobPlan: Sendable, Hashable {
    package var step: Int
    package var node: String
    package var item: Int?
    package var kind: JobKind
    package var tool: String
    /// A reconciliation takes its input from the job it asks about: see `reconciles`.
    package var input: JSONValue
    package var effect: EffectClass
    package var effectKey: String
    package var timeoutSeconds: Int
    package var reconciles: Int?
}
