package import Domain
package import ToolKit

/// What came to a run from outside.
package enum RunInput: Sendable, Hashable, Codable {
    case begin
    case jobDone(step: Int, output: JSONValue)
    case jobFailed(step: Int, ToolFailure)
    /// Nobody knows whether the effect happened. `abandoned`: nobody can still be carrying it out.
    case jobUnknown(step: Int, phase: EffectPhase?, abandoned: Bool)
    /// With `wait` it answers that wait alone; without, the first that waits for its name, now or later.
    case signal(SignalID, name: String, payload: JSONValue, wait: WaitID? = nil)
    /// A person's answer. `argumentsHash` is of what the person saw; an answer to anything else is refused.
    case approval(ApprovalID, ApprovalDecision, argumentsHash: String, by: String, comment: String? = nil)
    case cancel(reason: String)
}

package enum ApprovalDecision: String, Sendable, Hashable, Codable, CaseIterable {
    case approve, reject
}

/// What one step transaction commits, all of it or nothing.
package struct Transition: Sendable, Hashable, Codable {
    package var changes: [RunChange] = []
    package var events: [RunEvent] = []
    /// Visits that began or ended, by number.
    package var steps: [Int: StepRecord] = [:]
    package var orders: [JobOrder] = []
    /// Jobs whose outcome has been taken up.
    package var takenJobs: [Int] = []
    package var takenSignals: [SignalID] = []
    /// Questions put to people, and those that need no answer any more.
    package var approvals: [ApprovalRequest] = []
    package var settledApprovals: [ApprovalSettlement] = []
    /// Answers that have been taken up or refused.
    package var takenApprovals: [ApprovalID] = []
    package var status = RunStatus.queued
    package var waitingFor: [JSONValue] = []
    /// When the run must be looked at without a doorbell, in milliseconds since 1970.
    package var wakeAt: Int64?
    package var output: JSONValue?
    package var failure: RunFailure?

    package init() {}

    /// Whether someone outside has to hear of it: workers, people, or whoever waits for the run's end.
    package var isOutward: Bool {
        !orders.isEmpty || !approvals.isEmpty || !settledApprovals.isEmpty || status.isFinal
    }

    /// Whether there is nothing to commit.
    package var isEmpty: Bool {
        changes.isEmpty && events.isEmpty && orders.isEmpty && takenJobs.isEmpty && takenSignals.isEmpty
            && takenApprovals.isEmpty
    }
}

/// A question to a person, bound to exactly what is shown: `argumentsHash` is the SHA-256, in lower-case hexadecimal,
/// of the canonical JSON of `shown`. It can be answered once.
package struct ApprovalRequest: Sendable, Hashable, Codable {
    /// Made from the run and the step.
    package var id: ApprovalID
    package var step: Int
    package var node: String
    package var title: String
    package var detail: String
    /// Of the call where a tool's call is asked about; null where there is nothing to show.
    package var arguments: JSONValue
    /// The tool that is called once it is granted.
    package var tool: String?
    package var argumentsHash: String
    /// When it expires, in milliseconds since 1970.
    package var due: Int64?

    /// {arguments, detail, title, tool}: what the hash is made of, `tool` null where there is none.
    package var shown: JSONValue {
        PendingApproval.shown(title: title, detail: detail, arguments: arguments, tool: tool)
    }
}

/// How a question ended.
package struct ApprovalSettlement: Sendable, Hashable, Codable {
    package enum Outcome: String, Sendable, Hashable, Codable {
        case approved, rejected, expired
        /// What asked it was cancelled or has failed.
        case withdrawn
    }

    package var id: ApprovalID
    package var outcome: Outcome
}

/// A visit of a node as the API shows it.
package struct StepRecord: Sendable, Hashable, Codable {
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
package enum JobOrder: Sendable, Hashable, Codable {
    case plan(JobPlan)
    /// The same job again, with the same effect key, `delay` milliseconds from now.
    case again(step: Int, delay: Int)
    /// What a reconciliation or a person found out.
    case settle(step: Int, output: JSONValue?, failure: RunFailure?)
    /// Its outcome no longer matters; a call that is transmitting is left to end.
    case cancel(step: Int)
}

package struct JobPlan: Sendable, Hashable, Codable {
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
    /// The step whose effect this one undoes.
    package var compensates: Int?
}
