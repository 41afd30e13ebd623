import Domain
import ToolKit

/// Visiting nodes: what each kind does.
extension RunMachine {
    mutating func visit(_ id: Int) {
        guard let strand = state.strands[id] else { return }
        guard let node = graph.nodes[strand.node] else {
            let failure = RunFailure(code: "graph_changed", message: "The graph has no node '\(strand.node)' any more.")
            return finish(.failed, output: nil, failure)
        }
        guard let step = nextStep() else { return }
        emit(.visited(strand: id, step: step))
        guard countVisit(id, strand, node, step) else { return }
        do {
            try work(id, strand, node, step)
        } catch {
            if draft.steps[step] == nil { open(step, node.id, node.kind) }
            fail(id, RunFailure(code: "expression_error", message: error.message))
        }
    }

    /// The next step's number, or `nil` once the run has used up its steps and so has failed.
    mutating func nextStep() -> Int? {
        let most = graph.settings.maxSteps
        guard state.steps < most else {
            let message = "The run took \(most) steps, as many as one may: a loop that does not end?"
            finish(.failed, output: nil, RunFailure(code: "step_limit", message: message))
            return nil
        }
        return state.steps + 1
    }

    /// False where the node has been visited as often as it allows, and so has failed.
    private mutating func countVisit(_ id: Int, _ strand: Strand, _ node: GraphNode, _ step: Int) -> Bool {
        guard let most = node.maxVisits else { return true }
        let visits = strand.frame.map { state.frames[$0]?.visits[node.id] ?? 0 } ?? state.visits[node.id] ?? 0
        guard visits >= most else {
            emit(.counted(frame: strand.frame, node: node.id))
            return true
        }
        open(step, node.id, node.kind)
        fail(id, RunFailure(code: "visit_limit", message: "'\(node.id)' may be visited \(most) times, and has been."))
        return false
    }

    private mutating func work(
        _ id: Int, _ strand: Strand, _ node: GraphNode, _ step: Int
    ) throws(ExpressionError) {
        switch node.work {
        case .tool, .model: try startCall(id, strand, node, step)
        case .choice(let choice):
            open(step, node.id, node.kind)
            let next = try next(choice, scope(of: strand))
            close(step, node.id, .succeeded, output: ["next": .string(next)])
            move(id, to: next)
        case .set(let assignments): try assign(assignments, id, strand, node, step)
        case .wait(let wait): try startWaiting(id, node, wait, step)
        case .approval(let approval): try ask(id, node, approval, step)
        case .forEach(let loop):
            limit(id, node)
            try startLoop(id, strand, node, loop, step)
        case .parallel(let parallel):
            limit(id, node)
            branch(id, strand, node, parallel, step)
        case .subgraph(let subgraph):
            limit(id, node)
            try enter(id, strand, node, subgraph, step)
        case .end(let output):
            open(step, node.id, node.kind)
            let value = try output.rendered(in: scope(of: strand))
            close(step, node.id, .succeeded, output: value)
            end(id, strand, value)
        }
    }

    /// Bounds all that happens inside of a node.
    private mutating func limit(_ id: Int, _ node: GraphNode) {
        if let due = due(after: node.timeoutSeconds) { emit(.bounded(strand: id, due: due)) }
    }

    private func next(_ choice: Choice, _ scope: ExpressionScope) throws(ExpressionError) -> String {
        for branch in choice.cases where try branch.condition.isTrue(in: scope) { return branch.next }
        return choice.fallback
    }

    private mutating func startCall(
        _ id: Int, _ strand: Strand, _ node: GraphNode, _ step: Int
    ) throws(ExpressionError) {
        let call = try call(node, in: scope(of: strand))
        if let approval = approval(before: node) {
            return try ask(id, node, approval, before: call, step)
        }
        try plan(call, step: step, strand: id, node: node, item: nil)
    }

    /// The question before a call, if it has to be asked; nobody is asked about a tool that there is not.
    func approval(before node: GraphNode) -> Approval? {
        guard case .tool(let call) = node.work, let approval = call.approval, let tool = identity.tools[call.tool]
        else {
            return nil
        }
        return approval.isForEffects && tool.effect == .read ? nil : approval
    }

    private mutating func assign(
        _ assignments: [Assignment], _ id: Int, _ strand: Strand, _ node: GraphNode, _ step: Int
    ) throws(ExpressionError) {
        open(step, node.id, node.kind)
        var writes: [(StatePath, JSONValue)] = []
        for assignment in assignments {
            writes.append((assignment.path, try assignment.value.rendered(in: scope(of: strand))))
        }
        for (path, value) in writes { try write(value, at: path, by: strand) }
        complete(id, output: nil)
    }

    // MARK: Branches and graphs inside

    private mutating func branch(_ id: Int, _ strand: Strand, _ node: GraphNode, _ parallel: Parallel, _ step: Int) {
        open(step, node.id, node.kind)
        emit(.joined(strand: id, open: parallel.branches.count))
        for entry in parallel.branches {
            emit(
                .opened(
                    strand: state.lastStrand + 1,
                    Strand(parent: id, node: entry, stop: node.next, frame: strand.frame)))
        }
    }

    private mutating func enter(
        _ id: Int, _ strand: Strand, _ node: GraphNode, _ subgraph: Subgraph, _ step: Int
    ) throws(ExpressionError) {
        let input = try subgraph.input.rendered(in: scope(of: strand))
        open(step, node.id, node.kind, input: input)
        guard subgraph.reference == nil else {
            let message = "The run keeps no copy of the graph that '\(node.id)' names."
            return fail(id, RunFailure(code: "subgraph_unresolved", message: message))
        }
        let inner = state.lastStrand + 1
        let frame = state.lastFrame + 1
        emit(.joined(strand: id, open: 1))
        emit(
            .framed(
                frame: frame,
                Frame(strand: inner, outer: strand.frame, scope: .graph(node: node.id, input: input))))
        emit(.opened(strand: inner, Strand(parent: id, node: subgraph.start, frame: frame)))
    }

    /// An `end` ends the graph that it stands in.
    private mutating func end(_ id: Int, _ strand: Strand, _ output: JSONValue) {
        guard let parent = strand.parent else {
            // Null and nothing are one in the record.
            return finish(.succeeded, output: output == .null ? nil : output, nil)
        }
        if let item = strand.item { return endItem(id, strand, of: parent, item, output) }
        emit(.ended(strand: id))
        complete(parent, output: output)
    }
}
