import Domain
import ToolKit

/// Visiting nodes: what each kind does, and where the run goes afterwards.
extension RunMachine {
    mutating func visit(_ id: Int) {
        guard let strand = state.strands[id] else { return }
        guard let node = graph.nodes[strand.node] else {
            let failure = RunFailure(code: "graph_changed", message: "The graph has no node '\(strand.node)' any more.")
            return finish(.failed, output: nil, failure)
        }
        guard let step = nextStep() else { return }
        emit(.visited(strand: id, step: step))
        do {
            try work(id, node, step)
        } catch {
            if draft.steps[step] == nil { open(step, node.id, node.kind) }
            fail(id, RunFailure(code: "expression_error", message: error.message))
        }
    }

    /// The next step's number, or `nil` once the run has used up its steps and so has failed.
    private mutating func nextStep() -> Int? {
        guard state.steps < GraphLimits.steps else {
            let message = "The run took \(GraphLimits.steps) steps, as many as one may: a loop that does not end?"
            finish(.failed, output: nil, RunFailure(code: "step_limit", message: message))
            return nil
        }
        return state.steps + 1
    }

    private mutating func work(_ id: Int, _ node: GraphNode, _ step: Int) throws(ExpressionError) {
        switch node.work {
        case .tool, .model:
            let call = try call(node, in: scope())
            try plan(call, step: step, strand: id, node: node, item: nil)
        case .choice(let choice):
            open(step, node.id, node.kind)
            var next = choice.fallback
            for branch in choice.cases where try branch.condition.isTrue(in: scope()) {
                next = branch.next
                break
            }
            close(step, node.id, .succeeded, output: ["next": .string(next)])
            move(id, to: next)
        case .set(let assignments):
            open(step, node.id, node.kind)
            var writes: [(StatePath, JSONValue)] = []
            for assignment in assignments {
                writes.append((assignment.path, try assignment.value.rendered(in: scope())))
            }
            for (path, value) in writes { emit(.wrote(path, graph.reducer(for: path), value)) }
            close(step, node.id, .succeeded)
            move(id, to: node.next)
        case .wait(let wait): startWaiting(id, node, wait, step)
        case .forEach(let loop): try startLoop(id, node, loop, step)
        case .parallel(let parallel): branch(id, node, parallel, step)
        case .end(let output):
            open(step, node.id, node.kind)
            let value = try output.rendered(in: scope())
            close(step, node.id, .succeeded, output: value)
            finish(.succeeded, output: value, nil)
        }
    }

    private mutating func startWaiting(_ id: Int, _ node: GraphNode, _ wait: SignalWait, _ step: Int) {
        open(step, node.id, node.kind, input: ["signal": .string(wait.signal)])
        if let early = state.signals.first(where: { $0.name == wait.signal }) {
            emit(.consumed(early.id))
            tell(.signalReceived, node.id, ["name": .string(wait.signal)])
            return complete(id, output: early.payload)
        }
        let due = wait.timeoutSeconds.map { now + Int64($0) * 1000 }
        emit(.waited(strand: id, signal: wait.signal, due: due))
    }

    private mutating func branch(_ id: Int, _ node: GraphNode, _ parallel: Parallel, _ step: Int) {
        open(step, node.id, node.kind)
        emit(.joined(strand: id, open: parallel.branches.count))
        for entry in parallel.branches {
            emit(.opened(strand: state.lastStrand + 1, Strand(parent: id, node: entry, stop: node.next)))
        }
    }

    // MARK: For-each

    private mutating func startLoop(_ id: Int, _ node: GraphNode, _ loop: ForEach, _ step: Int) throws(ExpressionError)
    {
        open(step, node.id, node.kind)
        let value = try loop.items.value(in: scope())
        guard value == .null || value.array != nil else {
            throw ExpressionError(.typeMismatch, "'items' is \(value.kind); a list is expected")
        }
        let items = value.array ?? []
        guard items.count <= GraphLimits.items else {
            throw ExpressionError(
                .tooLarge, "'items' has \(items.count) items; at most \(GraphLimits.items) are allowed")
        }
        emit(.looped(strand: id, items: items))
        continueLoop(id)
    }

    /// Begins as many items as may be under way, and ends the node once all have ended.
    mutating func continueLoop(_ id: Int) {
        while let strand = state.strands[id], case .looping(let progress) = strand.activity,
            let node = graph.nodes[strand.node], case .forEach(let loop) = node.work
        {
            if progress.isFinished { return endLoop(id, loop, progress) }
            guard progress.next < progress.items.count, progress.active < loop.maxParallel,
                let body = graph.nodes[loop.body]
            else { return }
            guard let step = nextStep() else { return }
            let index = progress.next
            do {
                let call = try call(body, in: scope(loop: loop, item: progress.items[index], index: index))
                try plan(call, step: step, strand: id, node: body, item: index)
            } catch {
                // Opened and closed at once, so that the item's place in the loop is taken.
                emit(.called(OpenJob(step: step, strand: id, node: body.id, item: index, kind: .tool, tool: "")))
                open(step, body.id, body.kind, item: index)
                if let job = state.jobs[step] {
                    jobEnded(job, .failure(RunFailure(code: "expression_error", message: error.message)))
                }
            }
        }
    }

    private mutating func endLoop(_ id: Int, _ loop: ForEach, _ progress: LoopProgress) {
        let outputs = progress.outputs.sorted { $0.key < $1.key }.map(\.value)
        if let path = loop.output { emit(.wrote(path, graph.reducer(for: path), .array(outputs))) }
        if let path = loop.errors {
            let failures = progress.failures.sorted { $0.key < $1.key }.map { index, failure -> JSONValue in
                ["index": .int(Int64(index)), "item": progress.items[index], "error": failure.json]
            }
            emit(.wrote(path, graph.reducer(for: path), .array(failures)))
        }
        complete(
            id, output: ["succeeded": .int(Int64(outputs.count)), "failed": .int(Int64(progress.failures.count))])
    }

    // MARK: Onwards

    /// The node where `id` stands has succeeded.
    mutating func complete(_ id: Int, output: JSONValue, attempt: Int = 1) {
        guard let strand = state.strands[id], let node = graph.nodes[strand.node] else { return }
        let path: StatePath? =
            switch node.work {
            case .tool(let call): call.output
            case .model(let call): call.output
            case .wait(let wait): wait.output
            default: nil
            }
        if let path { emit(.wrote(path, graph.reducer(for: path), output)) }
        close(strand.step, node.id, .succeeded, attempt: attempt, output: output)
        move(id, to: node.next)
    }

    /// The node where `id` stands has failed for good.
    mutating func fail(_ id: Int, _ reason: RunFailure) {
        guard let strand = state.strands[id] else { return }
        var failure = reason
        failure.node = failure.node ?? strand.node
        failure.step = failure.step ?? strand.step
        abandonInside(id)
        close(strand.step, strand.node, .failed, attempt: failure.attempt ?? 1, failure: failure)
        guard let node = graph.nodes[strand.node], let route = node.onError else {
            if let parent = strand.parent { return fail(parent, failure) }
            return finish(.failed, output: nil, failure)
        }
        if let path = route.output {
            var error = failure.json.object ?? [:]
            error["kind"] = .string(node.kind)
            emit(.wrote(path, graph.reducer(for: path), .object(error)))
        }
        if case .choice(let choice) = node.work { return move(id, to: route.next ?? choice.fallback) }
        move(id, to: route.next ?? node.next)
    }

    /// Cancels the calls and branches that belong to the node where `id` stands.
    private mutating func abandonInside(_ id: Int) {
        for job in state.jobs.values.sorted(by: { $0.step < $1.step }) where job.strand == id {
            draft.orders.append(.cancel(step: job.step))
            emit(.closed(step: job.step))
            if job.item != nil || job.reconciles != nil {
                close(job.step, job.node, .cancelled, attempt: job.failures + 1)
            }
        }
        for (child, strand) in state.strands.sorted(by: { $0.key < $1.key }) where strand.parent == id {
            abandonInside(child)
            if strand.activity != .ready { close(strand.step, strand.node, .cancelled) }
            emit(.ended(strand: child))
        }
    }

    mutating func move(_ id: Int, to next: String?) {
        guard let strand = state.strands[id] else { return }
        if let next, next != strand.stop { return emit(.moved(strand: id, node: next)) }
        guard let parent = strand.parent else { return finish(.succeeded, output: nil, nil) }
        emit(.ended(strand: id))
        guard case .joining(let open)? = state.strands[parent]?.activity else { return }
        emit(.joined(strand: parent, open: open - 1))
        if open == 1 { complete(parent, output: .null) }
    }
}
