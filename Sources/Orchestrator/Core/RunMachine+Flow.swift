import Domain

/// Where a strand goes once its node has succeeded or failed.
extension RunMachine {
    /// The node where `id` stands has succeeded. `next`: somewhere else than the node says.
    mutating func complete(_ id: Int, output: JSONValue?, attempt: Int = 1, next: String? = nil) {
        guard let strand = state.strands[id], let node = graph.nodes[strand.node] else { return }
        let value = output ?? .null
        do {
            try value.checkBounds()
            if next == nil { try owe(node, strand.step, output: value, scope: scope(of: strand)) }
            if let path = node.output { try write(value, at: path, by: strand) }
        } catch {
            return fail(id, RunFailure(code: "output_refused", message: error.message, attempt: attempt))
        }
        close(strand.step, node.id, .succeeded, attempt: attempt, output: output)
        // Branches put nothing out but what they wrote.
        let isJoin = if case .parallel = node.work { true } else { false }
        move(id, to: next ?? node.next, output: isJoin ? localState(of: strand) : output ?? localState(of: strand))
    }

    /// The node where `id` stands has failed for good.
    mutating func fail(_ id: Int, _ reason: RunFailure) {
        guard let strand = state.strands[id] else { return }
        var failure = reason
        failure.node = failure.node ?? strand.node
        failure.step = failure.step ?? strand.step
        abandonInside(id)
        close(strand.step, strand.node, .failed, attempt: failure.attempt ?? 1, failure: failure)
        guard let node = graph.nodes[strand.node] else { return failAround(id, strand, failure) }
        if pause(id, strand, node, failure) { return }
        guard let route = node.onError else { return failAround(id, strand, failure) }
        if let path = route.output {
            var error = failure.json.object ?? [:]
            error["kind"] = .string(node.kind)
            do {
                try write(.object(error), at: path, by: strand)
            } catch {
                return failAround(id, strand, failure)
            }
        }
        if case .choice(let choice) = node.work { return move(id, to: route.next ?? choice.fallback) }
        move(id, to: route.next ?? node.next)
    }

    /// What the strand belongs to fails with it.
    private mutating func failAround(_ id: Int, _ strand: Strand, _ failure: RunFailure) {
        guard let parent = strand.parent else { return finish(.failed, output: nil, failure) }
        guard let item = strand.item, collectsErrors(parent) else { return fail(parent, failure) }
        emit(.ended(strand: id))
        emit(.itemFailed(strand: parent, index: item, failure))
        continueLoop(parent)
    }

    /// Tries a node that calls nothing itself once more, all of it and after a while; calls see to themselves.
    private mutating func pause(_ id: Int, _ strand: Strand, _ node: GraphNode, _ failure: RunFailure) -> Bool {
        let failures = (strand.failures ?? 0) + 1
        guard !node.isCall, failures < node.retry.attempts, failure.code != Self.rejection,
            node.retry.covers(code: failure.code)
        else { return false }
        let delay = Backoff.delay(node.retry, failures: failures, run: identity.run, step: strand.step)
        emit(.paused(strand: id, failures: failures, due: now + Int64(delay)))
        tell(
            .stepRetrying, node.id,
            [
                "step": .int(Int64(strand.step)), "attempt": .int(Int64(failures + 1)), "delay_ms": .int(Int64(delay)),
                "error": failure.json,
            ])
        return true
    }

    /// Cancels the calls, questions and branches that belong to the node where `id` stands.
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
            withdraw(child)
            let isOver = draft.steps[strand.step].map { $0.status != .running } ?? false
            if strand.activity != .ready, !isOver { close(strand.step, strand.node, .cancelled) }
            emit(.ended(strand: child))
        }
    }

    mutating func move(_ id: Int, to next: String?, output: JSONValue = .null) {
        guard let strand = state.strands[id] else { return }
        if let next, next != strand.stop { return emit(.moved(strand: id, node: next)) }
        guard let parent = strand.parent else { return finish(.succeeded, output: nil, nil) }
        if let item = strand.item { return endItem(id, strand, of: parent, item, output) }
        emit(.ended(strand: id))
        guard case .joining(let open)? = state.strands[parent]?.activity else { return }
        emit(.joined(strand: parent, open: open - 1))
        if open == 1 { complete(parent, output: .null) }
    }
}
