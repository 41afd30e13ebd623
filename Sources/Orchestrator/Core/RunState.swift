package import Domain
package import ToolKit

/// All that a run is at one moment: a fold of its changes, and what a snapshot stores.
package struct RunState: Sendable, Hashable {
    package var status = RunStatus.queued
    /// What the graph's expressions see as `state`.
    package var values: JSONValue = [:]
    package var strands: [Int: Strand] = [:]
    package var jobs: [Int: OpenJob] = [:]
    /// What sub-graphs and items of for-each nodes have of their own.
    package var frames: [Int: Frame] = [:]
    /// Signals that came before anyone waited for them, oldest first.
    package var signals: [EarlySignal] = []
    /// Visits of nodes so far; the last step's number.
    package var steps = 0
    package var lastStrand = 0
    package var lastFrame = 0
    /// Visits of the nodes that bound them.
    package var visits: [String: Int] = [:]
    /// What would have to be undone, in the order of completion.
    package var owed: [OwedCompensation] = []
    package var unwinding: Unwinding?
    package var output: JSONValue?
    package var failure: RunFailure?

    package init() {}
}

/// One line of control through the graph; branches of a parallel node are children of the strand that stands there,
/// and so are a sub-graph and the items of a for-each whose body is more than a call.
package struct Strand: Sendable, Hashable, Codable {
    package var parent: Int?
    package var node: String
    /// The join at which a branch ends.
    package var stop: String?
    /// Number of the current visit; 0 before the first.
    package var step = 0
    package var activity = Activity.ready
    /// Whose state its nodes read and write; `nil`: the run's.
    package var frame: Int?
    /// Index in the parent's for-each.
    package var item: Int?
    /// When the visit fails by its time-out, in milliseconds since 1970.
    package var due: Int64?
    /// Failed attempts at the node so far.
    package var failures: Int?

    package enum Activity: Sendable, Hashable, Codable {
        /// About to visit `node`.
        case ready
        case calling
        /// `due` in milliseconds since 1970.
        case waiting(signal: String, due: Int64?)
        case sleeping(due: Int64)
        case asking(PendingApproval)
        /// Until it visits its node again.
        case pausing(due: Int64)
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
    /// Items below `next` that a fork has to begin once more.
    package var again: [Int]?

    package var isFinished: Bool { active == 0 && next >= items.count && (again ?? []).isEmpty }

    /// The item to begin next.
    package var upcoming: Int? { again?.first ?? (next < items.count ? next : nil) }

    mutating func begin(_ item: Int) {
        if let index = again?.firstIndex(of: item) { again?.remove(at: index) }
        if again?.isEmpty == true { again = nil }
        next = max(next, item + 1)
        active += 1
    }
}

/// State of its own for a part of the run; ends with the strand that it was opened for.
package struct Frame: Sendable, Hashable, Codable {
    package var strand: Int
    /// The frame around it, `nil` in the outermost graph.
    package var outer: Int?
    package var values: JSONValue = [:]
    package var visits: [String: Int] = [:]
    package var scope: Scope

    package enum Scope: Sendable, Hashable, Codable {
        /// `state` is this frame's, `input` what the sub-graph was given.
        case graph(node: String, input: JSONValue)
        /// `state` is the surrounding one; with `isLocal`, what the body writes is this frame's and read as `local`.
        case item(name: String, value: JSONValue, index: Int, isLocal: Bool)
    }
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
    /// For a compensation: the step whose effect it undoes.
    package var compensates: Int?
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

/// A question that waits for a person's answer. For a tool's call: what is called once it is granted.
package struct PendingApproval: Sendable, Hashable, Codable {
    package var title: String
    package var detail: String
    package var arguments: JSONValue
    package var tool: String?
    package var argumentsHash: String
    /// In milliseconds since 1970.
    package var due: Int64?
}

/// What undoes a step that has succeeded.
package struct OwedCompensation: Sendable, Hashable, Codable {
    package var step: Int
    package var node: String
    package var tool: String
    package var input: JSONValue
    package var timeoutSeconds: Int?
}

/// How the run will end once everything is undone.
package struct Unwinding: Sendable, Hashable, Codable {
    package var status: RunStatus
    package var failure: RunFailure?
}

extension RunState: Codable {
    private enum CodingKeys: String, CodingKey {
        case status, values, strands, jobs, frames, signals, steps, visits, owed, unwinding, output, failure
        case lastStrand, lastFrame
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        status = try members.decode(RunStatus.self, forKey: .status)
        values = try members.decode(JSONValue.self, forKey: .values)
        strands = try members.decode([Int: Strand].self, forKey: .strands)
        jobs = try members.decode([Int: OpenJob].self, forKey: .jobs)
        signals = try members.decode([EarlySignal].self, forKey: .signals)
        steps = try members.decode(Int.self, forKey: .steps)
        lastStrand = try members.decode(Int.self, forKey: .lastStrand)
        output = try members.decodeIfPresent(JSONValue.self, forKey: .output)
        failure = try members.decodeIfPresent(RunFailure.self, forKey: .failure)
        // Absent from snapshots of earlier versions.
        frames = try members.decodeIfPresent([Int: Frame].self, forKey: .frames) ?? [:]
        lastFrame = try members.decodeIfPresent(Int.self, forKey: .lastFrame) ?? 0
        visits = try members.decodeIfPresent([String: Int].self, forKey: .visits) ?? [:]
        owed = try members.decodeIfPresent([OwedCompensation].self, forKey: .owed) ?? []
        unwinding = try members.decodeIfPresent(Unwinding.self, forKey: .unwinding)
    }
}
