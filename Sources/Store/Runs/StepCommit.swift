package import Domain
package import ToolKit

/// All that one step writes, in one transaction or not at all.
package struct StepCommit: Sendable {
    package var lease: RunLease
    /// The run's last event before this step; another value in the table fences the step off.
    package var seq: Int
    /// `RunInbox.wakes`: news that came after it keeps the run ready.
    package var wakes: Int
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
    package var nextSeq: Int { seq + events.count }

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

        package init(
            step: Int, node: String, kind: String, status: StepStatus, attempt: Int, input: JSONValue?,
            output: JSONValue?, failure: RunFailure?
        ) {
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
