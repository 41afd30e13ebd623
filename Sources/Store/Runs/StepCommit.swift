package import Domain
package import ToolKit

/// All that one step writes, in one transaction or not at all; or a chain of steps of one run, each with a checkpoint of
/// its own (`earlier`), that become durable together.
package struct StepCommit: Sendable {
    /// Checkpoints of one chain: beyond it the flush that they share costs little beside their own rows, and others of
    /// the group wait for them.
    package static let mostCheckpoints = 64

    /// A durable point of a run: what has changed since the one before, and what it tells.
    package struct Checkpoint: Sendable {
        package var events: [RunEvent]
        package var delta: [UInt8]
        package var snapshot: [UInt8]?
    }

    package var lease: RunLease
    /// The run's last event before this step; another value in the table fences the step off, and the chain with it.
    package var seq: Int
    /// `RunInbox.wakes`: news that came after it keeps the run ready.
    package var wakes: Int
    /// Steps of this transaction before the last one, in order.
    package private(set) var earlier: [Checkpoint] = []
    package var events: [RunEvent]
    package var status: RunStatus
    package var steps: Int
    /// JSON of this step's changes.
    package var delta: [UInt8]
    /// JSON of the whole state, every so many steps.
    package var snapshot: [UInt8]?
    package var waitingFor: [JSONValue]
    /// Milliseconds since 1970.
    package var wakeAt: Int64?
    package var output: JSONValue?
    package var failure: RunFailure?
    package var visits: [Visit]
    package var orders: [Order]
    package var takenJobs: [Int]
    package var takenSignals: [SignalID]
    package var persona: PersonaID
    /// Questions put to people, and those that have ended.
    package var questions: [Question] = []
    package var settledQuestions: [ApprovalID: StoredApproval.Status] = [:]

    /// The run's last event afterwards. A step without events still takes a number, so that its checkpoint has one.
    package var nextSeq: Int { seq + earlier.reduce(events.count) { $0 + $1.events.count } }

    /// All checkpoints in order, each with the number of its last event.
    package var checkpoints: [(seq: Int, checkpoint: Checkpoint)] {
        var last = seq
        return (earlier + [Checkpoint(events: events, delta: delta, snapshot: snapshot)]).map { checkpoint in
            last += checkpoint.events.count
            return (last, checkpoint)
        }
    }

    /// Bytes of deltas and snapshots.
    package var bytes: Int {
        earlier.reduce(delta.count + (snapshot?.count ?? 0)) { $0 + $1.delta.count + ($1.snapshot?.count ?? 0) }
    }

    package var allEvents: [RunEvent] { earlier.flatMap(\.events) + events }

    /// The event by which signals were taken up: what came in is the first step's.
    var signalSeq: Int { seq + (earlier.first?.events ?? events).count }

    /// Puts `next` behind this step, to be committed together with it. `next` knows of nothing that came in since.
    package mutating func follow(by next: StepCommit) {
        earlier.append(Checkpoint(events: events, delta: delta, snapshot: snapshot))
        earlier += next.earlier
        (events, delta, snapshot) = (next.events, next.delta, next.snapshot)
        (status, steps, waitingFor, wakeAt) = (next.status, next.steps, next.waitingFor, next.wakeAt)
        (output, failure) = (next.output, next.failure)
        for visit in next.visits {
            if let index = visits.lastIndex(where: { $0.step == visit.step }) {
                visits[index].end(as: visit)
            } else {
                visits.append(visit)
            }
        }
        orders += next.orders
        questions += next.questions
        settledQuestions.merge(next.settledQuestions) { _, later in later }
    }

    /// Whether the lease is given back with the commit: nothing is under way that would bring the run back soon.
    package var endsLease: Bool { status.isFinal || status == .waiting }

    package struct Visit: Sendable {
        package var step: Int
        package var node: String
        package var kind: String
        package var status: StepStatus
        package var attempt: Int
        package var input: JSONValue?
        package var output: JSONValue?
        package var failure: RunFailure?
        /// Whether no earlier transaction can have written it, so that nothing need be looked up.
        package var isNew: Bool

        /// Takes over how the visit stands later.
        mutating func end(as later: Visit) {
            (status, attempt, output, failure) = (later.status, later.attempt, later.output, later.failure)
        }

        package init(
            step: Int, node: String, kind: String, status: StepStatus, attempt: Int, input: JSONValue?,
            output: JSONValue?, failure: RunFailure?, isNew: Bool = false
        ) {
            self.isNew = isNew
            self.step = step
            self.node = node
            self.kind = kind
            self.status = status
            self.attempt = attempt
            self.input = input
            self.output = output
            self.failure = failure
        }
    }

    package struct Question: Sendable {
        package var id: ApprovalID
        package var step: Int
        package var node: String
        package var title: String
        package var detail: String
        package var arguments: JSONValue
        package var tool: String?
        package var argumentsHash: String
        /// Milliseconds since 1970.
        package var due: Int64?

        package init(
            id: ApprovalID, step: Int, node: String, title: String, detail: String, arguments: JSONValue, tool: String?,
            argumentsHash: String, due: Int64?
        ) {
            self.id = id
            self.step = step
            self.node = node
            self.title = title
            self.detail = detail
            self.arguments = arguments
            self.tool = tool
            self.argumentsHash = argumentsHash
            self.due = due
        }
    }

    package enum Order: Sendable {
        case plan(Plan)
        /// The same job again, `delay` milliseconds from now.
        case again(step: Int, delay: Int)
        case settle(step: Int, output: JSONValue?, failure: RunFailure?)
        /// Unless it is transmitting: then the call is left to end, and its outcome is recorded.
        case cancel(step: Int)
    }

    package struct Plan: Sendable {
        package var step: Int
        package var node: String
        package var item: Int?
        package var kind: JobKind
        package var tool: String
        package var input: JSONValue
        package var effect: EffectClass
        package var effectKey: String
        package var timeoutSeconds: Int
        /// The step whose effect key and input this reconciliation asks about.
        package var reconciles: Int?

        package init(
            step: Int, node: String, item: Int?, kind: JobKind, tool: String, input: JSONValue, effect: EffectClass,
            effectKey: String, timeoutSeconds: Int, reconciles: Int?
        ) {
            self.step = step
            self.node = node
            self.item = item
            self.kind = kind
            self.tool = tool
            self.input = input
            self.effect = effect
            self.effectKey = effectKey
            self.timeoutSeconds = timeoutSeconds
            self.reconciles = reconciles
        }
    }

    package init(
        lease: RunLease, persona: PersonaID, seq: Int, wakes: Int, events: [RunEvent], status: RunStatus, steps: Int,
        delta: [UInt8], snapshot: [UInt8]?, waitingFor: [JSONValue], wakeAt: Int64?, output: JSONValue?,
        failure: RunFailure?, visits: [Visit], orders: [Order], takenJobs: [Int], takenSignals: [SignalID]
    ) {
        self.lease = lease
        self.persona = persona
        self.seq = seq
        self.wakes = wakes
        self.events = events
        self.status = status
        self.steps = steps
        self.delta = delta
        self.snapshot = snapshot
        self.waitingFor = waitingFor
        self.wakeAt = wakeAt
        self.output = output
        self.failure = failure
        self.visits = visits
        self.orders = orders
        self.takenJobs = takenJobs
        self.takenSignals = takenSignals
    }
}
