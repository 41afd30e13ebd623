package import Domain
package import OrchestratorCore
package import ToolKit

/// A row of `runs`. Times in milliseconds of the platform's clock.
package struct RunRow: Sendable, Equatable {
    package let id: RunID
    package var status = RunStatus.queued
    package var seq = 0
    package var steps = 0
    package var waitingFor: [JSONValue]?
    package var output: JSONValue?
    package var failure: JSONValue?
    package var cancelRequested = false
    package var startedAt: Int?
    package var finishedAt: Int?
    package var priority = 0
    package var readyAt: Int?
    package var wakes = 0
    package var owner: Int?
    package var epoch = 0
    package var leaseUntil: Int?
}

/// A row of `jobs`.
package struct JobRow: Sendable, Equatable {
    package let id: JobID
    package let run: RunID
    package let step: Int
    package let node: String
    package let item: Int?
    package let kind: JobKind
    package let tool: String
    package let input: JSONValue
    package let effect: EffectClass
    package let effectKey: String
    package let timeoutSeconds: Int
    package let priority: Int
    package var state = JobState.planned
    package var phase: EffectPhase?
    package var attempt = 0
    package var rescues = 0
    package var result: JSONValue?
    package var failure: JSONValue?
    package var isApplied = false
    package var startedAt: Int?
    package var finishedAt: Int?
    package var runAfter: Int
    package var owner: Int?
    package var epoch = 0
    package var leaseUntil: Int?
}

/// A row of `steps`.
package struct StepRow: Sendable, Equatable {
    package let run: RunID
    package let step: Int
    package let node: String
    package let kind: String
    package let input: JSONValue?
    package let startedAt: Int
    package var status: StepStatus
    package var attempt: Int
    package var output: JSONValue?
    package var failure: JSONValue?
    package var finishedAt: Int?
}

/// A row of `checkpoints`.
package struct CheckpointRow: Sendable, Equatable {
    package let run: RunID
    package let seq: Int
    package let delta: [UInt8]
    package let snapshot: [UInt8]?
}

/// A row of `run_events`.
package struct EventRow: Sendable, Equatable {
    package let run: RunID
    package let seq: Int
    package let event: RunEvent
}

/// A row of `signals`.
package struct SignalRow: Sendable, Equatable {
    package let run: RunID
    package let id: SignalID
    package let name: String
    package let payload: JSONValue
    package let createdAt: Int
    package var consumedSeq: Int?
}

/// What an entry of the audit log tells; subject as `job:<id>` or `run:<id>`.
package struct AuditRow: Sendable, Equatable {
    package let action: String
    package let subject: String
}

/// A doorbell, in the outbox or rung.
package enum ModelRing: Sendable, Hashable {
    case run(RunID)
    case job(JobID)
    case event(RunID)
}

/// The right to advance a run.
package struct ModelLease: Sendable, Hashable {
    package let run: RunID
    package let epoch: Int

    package init(run: RunID, epoch: Int) {
        self.run = run
        self.epoch = epoch
    }
}

/// What a run is made of when it is taken up again.
package struct ModelHistory: Sendable, Equatable {
    package let seq: Int
    package let snapshot: [UInt8]?
    package let deltas: [[UInt8]]
}

/// What has come to a run.
package struct ModelInbox: Sendable, Equatable {
    package struct Outcome: Sendable, Equatable {
        package let step: Int
        package let state: JobState
        package let result: JSONValue?
        package let failure: JSONValue?
        package let phase: EffectPhase?
        package let isAbandoned: Bool
    }

    package var seq: Int
    package var wakes: Int
    package var cancelRequested: Bool
    package var now: Int
    package var outcomes: [Outcome]
    package var signals: [SignalRow]
}

/// One step transaction.
package struct ModelStep: Sendable {
    package var lease: ModelLease
    package var seq: Int
    package var wakes: Int
    package var steps: Int
    package var transition: Transition
    /// The transition's, or one that tells of a step without events.
    package var events: [RunEvent]
    package var delta: [UInt8]
    package var snapshot: [UInt8]?

    package var nextSeq: Int { seq + events.count }
    package var endsLease: Bool { transition.status.isFinal || transition.status == .waiting }

    package init(
        lease: ModelLease, seq: Int, wakes: Int, steps: Int, transition: Transition, events: [RunEvent], delta: [UInt8],
        snapshot: [UInt8]?
    ) {
        self.lease = lease
        self.seq = seq
        self.wakes = wakes
        self.steps = steps
        self.transition = transition
        self.events = events
        self.delta = delta
        self.snapshot = snapshot
    }
}

/// Why the store refused a write.
package enum ModelError: Error, Sendable, Hashable {
    /// Another epoch holds the row.
    case fenced
}

/// What became of a signal.
package enum ModelSignalOutcome: Sendable, Hashable {
    case accepted, noRun, noDecisionPending, tooMany
}
