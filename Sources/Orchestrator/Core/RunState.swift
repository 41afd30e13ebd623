package import Domain
package import ToolKit

/// All that a run is at one moment: a fold of its changes, and what a snapshot stores.
package struct RunState: Sendable, Hashable, Codable {
    package var status = RunStatus.queued
    /// What the graph's expressions see as `state`.
    package var values: JSONValue = [:]
    package var strands: [Int: Strand] = [:]
    package var jobs: [Int: OpenJob] = [:]
    /// Signals that came before anyone waited for them, oldest first.
    package var signals: [EarlySignal] = []
    /// Visits of nodes so far; the last step's number.
    package var steps = 0
    package var lastStrand = 0
    package var output: JSONValue?
    package var failure: RunFailure?

    package init() {}
}

/// One line of control through the graph; branches of a parallel node are children of the strand that stands there.
package struct Strand: Sendable, Hashable, Codable {
    package var parent: Int?
    package var node: String
    /// The join at which a branch ends.
    package var stop: String?
    /// Number of the current visit; 0 before the first.
    package var step = 0
    package var activity = Activity.ready

    package enum Activity: Sendable, Hashable, Codable {
        /// About to visit `node`.
        case ready
        case calling
        /// `due` in milliseconds since 1970.
        case waiting(signal: String, due: Int64?)
        case looping(LoopProgress)
        /// Until that many branches have ended.
        case joining(open: Int)
    }
}

package struct LoopProgress: Sendable, Hashable, Codable {
    package var items: [JSONValue]
    /// Index of the next item to begin.
    package var next = 0
    package var active = 0
    package var outputs: [Int: JSONValue] = [:]
    package var failures: [Int: RunFailure] = [:]

    package var isFinished: Bool { active == 0 && next >= items.count }
}

/// A call that has been planned and not yet taken up.
package struct OpenJob: Sendable, Hashable, Codable {
    package var step: Int
    package var strand: Int
    package var node: String
    /// Index in a for-each.
    package var item: Int?
    package var kind: JobKind
    package var tool: String
    /// Failed attempts so far.
    package var failures = 0
    /// Times that a reconciler was believed and the call repeated.
    package var repeats = 0
    package var doubt: Doubt?
    /// For a reconciliation: the step whose effect it asks about.
    package var reconciles: Int?
}

/// What is known of an effect whose outcome is not.
package struct Doubt: Sendable, Hashable, Codable {
    package var phase: EffectPhase?
    /// Whether nobody can still be carrying the call out, so that a reconciler's "not done" is final.
    package var isAbandoned: Bool
    /// Waits for a person.
    package var isUndecided = false
}

package struct EarlySignal: Sendable, Hashable, Codable {
    package var id: SignalID
    package var name: String
    package var payload: JSONValue
}
