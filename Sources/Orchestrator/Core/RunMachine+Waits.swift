import Crypto
import Domain
import ToolKit

/// A person's answer as it came in.
struct ApprovalAnswer {
    var decision: ApprovalDecision
    var argumentsHash: String
    var by: String
    var comment: String?
}

extension PendingApproval {
    static func shown(title: String, detail: String, arguments: JSONValue, tool: String?) -> JSONValue {
        [
            "title": .string(title), "detail": .string(detail), "arguments": arguments,
            "tool": tool.map { .string($0) } ?? .null,
        ]
    }

    init(title: String, detail: String, arguments: JSONValue, tool: String?, due: Int64?) throws(ExpressionError) {
        self.title = title
        self.detail = detail
        self.arguments = arguments
        self.tool = tool
        self.due = due
        argumentsHash = try ContentDigest.hex(
            of: Self.shown(title: title, detail: detail, arguments: arguments, tool: tool))
    }
}

/// Waiting for signals, times and people. A node that waits keeps its visit: what comes completes it, and nothing of it
/// is done again.
extension RunMachine {
    // MARK: Signals

    mutating func signal(_ signal: EarlySignal, to wait: WaitID?) {
        guard !state.status.isFinal else { return refuse(signal, "the run has ended", wait: wait) }
        if signal.name.hasPrefix(EffectDecision.signalPrefix) { return decide(signal) }
        guard state.unwinding == nil else { return refuse(signal, "the run is being undone", wait: wait) }
        if let id = waiter(for: signal.name, wait), let strand = state.strands[id] {
            tell(
                .signalReceived, strand.node,
                [
                    "name": .string(signal.name),
                    "wait": .string(WaitID(run: identity.run, step: strand.step).description),
                ])
            complete(id, output: signal.payload)
        } else if wait != nil {
            refuse(signal, "no wait for this signal has this id, or it has been answered", wait: wait)
        } else if state.signals.count < Self.earlySignals {
            emit(.kept(signal))
        } else {
            refuse(signal, "\(Self.earlySignals) signals already wait to be taken", wait: wait)
        }
    }

    /// The strand that waits for `name`: the one with the id, or the first.
    private func waiter(for name: String, _ wait: WaitID?) -> Int? {
        var least: Int?
        for (id, strand) in state.strands {
            guard case .waiting(name, _) = strand.activity, id < least ?? .max else { continue }
            if let wait, WaitID(run: identity.run, step: strand.step) != wait { continue }
            least = id
        }
        return least
    }

    mutating func refuse(_ signal: EarlySignal, _ reason: String, wait: WaitID? = nil) {
        var data: [String: JSONValue] = ["name": .string(signal.name), "reason": .string(reason)]
        if let wait { data["wait"] = .string(wait.description) }
        tell(.signalRefused, nil, .object(data))
    }

    mutating func startWaiting(_ id: Int, _ node: GraphNode, _ wait: Wait, _ step: Int) throws(ExpressionError) {
        guard let strand = state.strands[id] else { return }
        let due: Int64
        switch wait.condition {
        case .signal(let name): return waitForSignal(id, node, name, step)
        case .until(let template):
            let value = try template.rendered(in: scope(of: strand))
            guard let time = value.int ?? value.string.flatMap({ TimeText.milliseconds($0) }) else {
                throw ExpressionError(
                    .typeMismatch, "'until' is \(value.kind); an RFC 3339 time or milliseconds since 1970 are expected")
            }
            due = min(time, now + Int64(GraphLimits.waitSeconds) * 1_000)
        case .duration(let template):
            let value = try template.rendered(in: scope(of: strand))
            guard let seconds = value.int, (0...Int64(GraphLimits.waitSeconds)).contains(seconds) else {
                throw ExpressionError(
                    .typeMismatch, "'for_seconds' is a whole number from 0 to \(GraphLimits.waitSeconds)")
            }
            due = now + seconds * 1_000
        }
        open(step, node.id, node.kind, input: ["until_ms": .int(due)])
        guard due > now else { return complete(id, output: ["at_ms": .int(now)]) }
        emit(.slept(strand: id, due: due))
    }

    private mutating func waitForSignal(_ id: Int, _ node: GraphNode, _ name: String, _ step: Int) {
        open(step, node.id, node.kind, input: ["signal": .string(name)])
        if let early = state.signals.first(where: { $0.name == name }) {
            emit(.consumed(early.id))
            tell(.signalReceived, node.id, ["name": .string(name)])
            return complete(id, output: early.payload)
        }
        emit(.waited(strand: id, signal: name, due: due(after: node.timeoutSeconds)))
    }

    func due(after seconds: Int?) -> Int64? { seconds.map { now + Int64($0) * 1_000 } }

    // MARK: Approvals

    /// Puts the question of an approval node.
    mutating func ask(_ id: Int, _ node: GraphNode, _ approval: Approval, _ step: Int) throws(ExpressionError) {
        guard let strand = state.strands[id] else { return }
        let arguments = try approval.arguments?.rendered(in: scope(of: strand)) ?? .null
        let pending = try question(approval, by: strand, arguments: arguments, tool: nil)
        open(step, node.id, node.kind, input: ["title": .string(pending.title), "arguments": arguments])
        put(id, pending)
    }

    /// Asks before a tool is called.
    mutating func ask(
        _ id: Int, _ node: GraphNode, _ approval: Approval, before call: Call, _ step: Int
    ) throws(ExpressionError) {
        guard let strand = state.strands[id] else { return }
        let pending = try question(approval, by: strand, arguments: call.input, tool: call.tool)
        open(step, node.id, node.kind, input: call.input, item: strand.item)
        put(id, pending)
    }

    private func question(
        _ approval: Approval, by strand: Strand, arguments: JSONValue, tool: String?
    ) throws(ExpressionError) -> PendingApproval {
        let scope = scope(of: strand)
        return try PendingApproval(
            title: approval.title.rendered(in: scope).interpolated(),
            detail: approval.detail.rendered(in: scope).interpolated(), arguments: arguments, tool: tool,
            due: due(after: approval.timeoutSeconds))
    }

    private mutating func put(_ id: Int, _ pending: PendingApproval) {
        emit(.asked(strand: id, pending))
        guard let strand = state.strands[id] else { return }
        let request = ApprovalRequest(
            id: ApprovalID(run: identity.run, step: strand.step), step: strand.step, node: strand.node,
            title: pending.title, detail: pending.detail, arguments: pending.arguments, tool: pending.tool,
            argumentsHash: pending.argumentsHash, due: pending.due)
        draft.approvals.append(request)
        tell(
            .approvalRequested, strand.node,
            [
                "approval_id": .string(request.id.description), "step": .int(Int64(strand.step)),
                "title": .string(pending.title), "arguments_hash": .string(pending.argumentsHash),
            ])
    }

    mutating func answer(_ approval: ApprovalID, _ answer: ApprovalAnswer) {
        let asking = state.strands.first { _, strand in
            guard case .asking = strand.activity else { return false }
            return ApprovalID(run: identity.run, step: strand.step) == approval
        }
        guard let (id, strand) = asking, case .asking(let pending) = strand.activity else {
            return refuse(approval, "no question has this id, or it has been answered")
        }
        guard answer.argumentsHash == pending.argumentsHash else {
            return refuse(approval, "the answer is to something else than what is asked: the hashes differ")
        }
        guard now < pending.due ?? .max else { return refuse(approval, "the question has expired") }
        let output = Self.json(of: answer, at: now)
        let isGranted = answer.decision == .approve
        settle(strand, isGranted ? .approved : .rejected, output)
        emit(.resumed(strand: id))
        if isGranted { granted(id, pending, output) } else { rejected(id, answer, output) }
    }

    private static func json(of answer: ApprovalAnswer, at time: Int64) -> JSONValue {
        var members: [String: JSONValue] = [
            "approved": .bool(answer.decision == .approve), "by": .string(answer.by), "at_ms": .int(time),
        ]
        if let comment = answer.comment { members["comment"] = .string(comment) }
        return .object(members)
    }

    private mutating func granted(_ id: Int, _ pending: PendingApproval, _ output: JSONValue) {
        guard let strand = state.strands[id], let node = graph.nodes[strand.node] else { return }
        guard let tool = pending.tool else { return complete(id, output: output) }
        // What was shown is what is called, whatever the state has become meanwhile.
        let call = Call(kind: .tool, tool: tool, input: pending.arguments, timeoutSeconds: node.timeoutSeconds)
        do {
            try plan(call, step: strand.step, strand: id, node: node, item: nil, isOpen: true)
        } catch {
            fail(id, RunFailure(code: "expression_error", message: error.message))
        }
    }

    private mutating func rejected(_ id: Int, _ answer: ApprovalAnswer, _ output: JSONValue) {
        guard let strand = state.strands[id], let node = graph.nodes[strand.node] else { return }
        let route: String? =
            switch node.work {
            case .approval(let approval): approval.onReject
            case .tool(let call): call.approval?.onReject
            default: nil
            }
        if let route { return complete(id, output: output, next: route) }
        let words = answer.comment.map { ": \($0)" } ?? "."
        fail(id, RunFailure(code: Self.rejection, message: "\(answer.by) did not approve it\(words)"))
    }

    static let rejection = "approval_rejected"

    private mutating func refuse(_ approval: ApprovalID, _ reason: String) {
        tell(
            .approvalRefused, nil, ["approval_id": .string(approval.description), "reason": .string(reason)])
    }

    /// The question of a strand that is given up is moot.
    mutating func withdraw(_ id: Int) {
        guard let strand = state.strands[id], case .asking = strand.activity else { return }
        settle(strand, .withdrawn)
    }

    private mutating func settle(_ strand: Strand, _ outcome: ApprovalSettlement.Outcome, _ answer: JSONValue = [:]) {
        let id = ApprovalID(run: identity.run, step: strand.step)
        draft.settledApprovals.append(ApprovalSettlement(id: id, outcome: outcome))
        var data = answer.object ?? [:]
        data["approval_id"] = .string(id.description)
        data["step"] = .int(Int64(strand.step))
        let kind: RunEvent.Kind =
            switch outcome {
            case .approved: .approvalGranted
            case .rejected: .approvalRejected
            case .expired: .approvalExpired
            case .withdrawn: .approvalWithdrawn
            }
        tell(kind, strand.node, .object(data))
    }

    // MARK: Times

    mutating func fireTimers() {
        let due = state.strands.compactMap { id, strand in (strand.nextDue ?? .max) <= now ? id : nil }
        for id in due.sorted() {
            // One that fired before may have ended this one.
            guard let strand = state.strands[id], !state.status.isFinal, (strand.nextDue ?? .max) <= now else {
                continue
            }
            fire(id, strand)
        }
    }

    private mutating func fire(_ id: Int, _ strand: Strand) {
        if let due = strand.due, due <= now {
            let seconds = graph.nodes[strand.node]?.timeoutSeconds ?? 0
            return fail(
                id, RunFailure(code: "node_timeout", message: "'\(strand.node)' took longer than \(seconds) seconds."))
        }
        switch strand.activity {
        case .waiting(let name, _):
            fail(id, RunFailure(code: "wait_timeout", message: "No signal '\(name)' came in time."))
        case .asking(let pending):
            settle(strand, .expired)
            emit(.resumed(strand: id))
            fail(id, RunFailure(code: "approval_timeout", message: "Nobody answered '\(pending.title)' in time."))
        case .sleeping: complete(id, output: ["at_ms": .int(now)])
        case .pausing: emit(.resumed(strand: id))
        case .ready, .calling, .looping, .joining: return
        }
    }

    var nextDue: Int64? {
        var least: Int64?
        for strand in state.strands.values {
            if let due = strand.nextDue, due < least ?? .max { least = due }
        }
        return least
    }

    /// What the run waits for, as the API shows it; each signal and question with its own id.
    var waits: [JSONValue] {
        let strands = state.strands.sorted { $0.key < $1.key }.compactMap { wait(of: $0.value) }
        let decisions = state.jobs.values.filter { $0.doubt?.isUndecided == true }.sorted { $0.step < $1.step }
        return strands + decisions.map(decisionWanted)
    }

    private func wait(of strand: Strand) -> JSONValue? {
        var members: [String: JSONValue] = ["node": .string(strand.node)]
        members["until_ms"] = strand.nextDue.map { .int($0) } ?? .null
        switch strand.activity {
        case .waiting(let name, _):
            members["kind"] = "signal"
            members["name"] = .string(name)
            members["id"] = .string(WaitID(run: identity.run, step: strand.step).description)
        case .asking(let pending):
            members["kind"] = "approval"
            members["id"] = .string(ApprovalID(run: identity.run, step: strand.step).description)
            members["title"] = .string(pending.title)
            members["arguments_hash"] = .string(pending.argumentsHash)
        case .sleeping: members["kind"] = "time"
        case .pausing: members["kind"] = "retry"
        case .ready, .calling, .looping, .joining: return nil
        }
        return .object(members)
    }
}

extension Strand {
    /// When its time-out or its wait comes, whichever is first.
    var nextDue: Int64? {
        let own: Int64? =
            switch activity {
            case .waiting(_, let due): due
            case .asking(let pending): pending.due
            case .sleeping(let due), .pausing(let due): due
            case .ready, .calling, .looping, .joining: nil
            }
        guard let own, let due else { return own ?? due }
        return min(own, due)
    }
}
