/// Where a run stands.
package enum RunStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case queued, running
    /// For a signal, an approval, a decision or a time.
    case waiting
    case succeeded, failed, cancelled

    package var isFinal: Bool { self == .succeeded || self == .failed || self == .cancelled }
}

/// How one visit of a node went.
package enum StepStatus: String, Sendable, Hashable, Codable {
    case running, succeeded, failed, cancelled
}

package enum SignalSubject {}
package typealias SignalID = Identifier<SignalSubject>
package enum WaitSubject {}
package typealias WaitID = Identifier<WaitSubject>
package enum ApprovalSubject {}
package typealias ApprovalID = Identifier<ApprovalSubject>

/// Why a node or a run failed, in words for an operator; also what an error route writes into the state.
package struct RunFailure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    /// Stable, snake_case.
    package var code: String
    package var message: String
    /// The node at fault, `nil` where the run as a whole is.
    package var node: String?
    /// Number of the node's visit.
    package var step: Int?
    /// Which attempt was the last, from 1.
    package var attempt: Int?

    package init(code: String, message: String, node: String? = nil, step: Int? = nil, attempt: Int? = nil) {
        self.code = code
        self.message = message
        self.node = node
        self.step = step
        self.attempt = attempt
    }

    package var description: String {
        guard let node else { return "\(code): \(message)" }
        return "\(code) at '\(node)': \(message)"
    }

    package var json: JSONValue {
        var members: [String: JSONValue] = ["code": .string(code), "message": .string(message)]
        if let node { members["node"] = .string(node) }
        if let step { members["step"] = .int(Int64(step)) }
        if let attempt { members["attempt"] = .int(Int64(attempt)) }
        return .object(members)
    }
}

/// One line of a run's history, numbered without gaps from 1 by the store.
package struct RunEvent: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable {
        case runStarted = "run.started"
        case runWaiting = "run.waiting"
        case runResumed = "run.resumed"
        case runSucceeded = "run.succeeded"
        case runFailed = "run.failed"
        case runCancelled = "run.cancelled"
        case stepStarted = "step.started"
        case stepRetrying = "step.retrying"
        case stepSucceeded = "step.succeeded"
        case stepFailed = "step.failed"
        case stepCancelled = "step.cancelled"
        case effectUnknown = "effect.unknown"
        case effectReconciled = "effect.reconciled"
        case effectUndecided = "effect.undecided"
        case effectDecided = "effect.decided"
        case signalReceived = "signal.received"
        case signalRefused = "signal.refused"
        case approvalRequested = "approval.requested"
        case approvalGranted = "approval.granted"
        case approvalRejected = "approval.rejected"
        case approvalExpired = "approval.expired"
        /// The question is moot: what asked it was cancelled.
        case approvalWithdrawn = "approval.withdrawn"
        /// An answer that fits no question; it changed nothing.
        case approvalRefused = "approval.refused"
        /// The run has failed or was cancelled, and what it did is being undone.
        case runCompensating = "run.compensating"
        case compensationFailed = "compensation.failed"
        /// The run began as a copy of another one's checkpoint.
        case runForked = "run.forked"
        case runMigrated = "run.migrated"
        /// A step that changed only what nobody is told of.
        case stepTaken = "step.taken"
    }

    package var kind: Kind
    package var node: String?
    package var data: JSONValue

    package init(_ kind: Kind, node: String? = nil, data: JSONValue = [:]) {
        self.kind = kind
        self.node = node
        self.data = data
    }
}
