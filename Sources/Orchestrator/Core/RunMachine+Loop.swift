import Domain

/// For-each: items side by side, as calls of the node itself or, where the body is more, as strands of their own.
extension RunMachine {
    mutating func startLoop(
        _ id: Int, _ strand: Strand, _ node: GraphNode, _ loop: ForEach, _ step: Int
    ) throws(ExpressionError) {
        open(step, node.id, node.kind)
        let value = try loop.items.value(in: scope(of: strand))
        guard value == .null || value.array != nil else {
            throw ExpressionError(.typeMismatch, "'items' is \(value.kind); a list is expected")
        }
        let items = value.array ?? []
        guard items.count <= GraphLimits.items else {
            throw ExpressionError(
                .tooLarge, "'items' has \(items.count) items; at most \(GraphLimits.items) are allowed")
        }
        try value.checkBounds()
        emit(.looped(strand: id, items: items))
        continueLoop(id)
    }

    /// Begins as many items as may be under way, and ends the node once all have ended.
    mutating func continueLoop(_ id: Int) {
        while let strand = state.strands[id], case .looping(let progress) = strand.activity,
            let node = graph.nodes[strand.node], case .forEach(let loop) = node.work
        {
            if progress.isFinished { return endLoop(id, strand, loop, progress) }
            guard let index = progress.upcoming, progress.items.indices.contains(index),
                progress.active < loop.maxParallel, let body = graph.nodes[loop.body.start]
            else { return }
            guard body.isCall, !loop.body.hasLocalState, body.maxVisits == nil, approval(before: body) == nil,
                !isConfirmed(body)
            else {
                beginItem(id, strand, loop, progress.items[index], index)
                continue
            }
            guard let step = nextStep() else { return }
            callItem(id, strand, loop, body, step, progress.items[index], index)
        }
    }

    /// Items that were under way as calls when another run was forked have nobody else to begin them.
    mutating func beginForkedItems() {
        let forked = state.strands.filter { _, strand in
            guard case .looping(let progress) = strand.activity else { return false }
            return progress.again != nil
        }
        for id in forked.keys.sorted() { continueLoop(id) }
    }

    private mutating func callItem(
        _ id: Int, _ strand: Strand, _ loop: ForEach, _ body: GraphNode, _ step: Int, _ item: JSONValue, _ index: Int
    ) {
        do {
            let call = try call(body, in: scope(of: strand, loop: loop, item: item, index: index))
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

    private mutating func beginItem(_ id: Int, _ strand: Strand, _ loop: ForEach, _ item: JSONValue, _ index: Int) {
        let child = state.lastStrand + 1
        let frame = state.lastFrame + 1
        let scope = Frame.Scope.item(
            name: loop.itemName, value: item, index: index, isLocal: loop.body.hasLocalState)
        emit(.framed(frame: frame, Frame(strand: child, outer: strand.frame, scope: scope)))
        emit(.opened(strand: child, Strand(parent: id, node: loop.body.start, frame: frame, item: index)))
    }

    func collectsErrors(_ strand: Int) -> Bool {
        guard let id = state.strands[strand]?.node, case .forEach(let loop)? = graph.nodes[id]?.work else {
            return false
        }
        return loop.errors != nil
    }

    /// What a body that ends with a `set` hands on: all that it has written for itself.
    func localState(of strand: Strand) -> JSONValue {
        guard strand.item != nil, let frame = strand.frame.flatMap({ state.frames[$0] }),
            case .item(_, _, _, isLocal: true) = frame.scope
        else { return .null }
        return frame.values
    }

    /// The body has come to its end for one item.
    mutating func endItem(_ id: Int, _ strand: Strand, of parent: Int, _ item: Int, _ output: JSONValue) {
        var result = output
        if case .forEach(let loop)? = state.strands[parent].flatMap({ graph.nodes[$0.node]?.work }) {
            do {
                result = try loop.result(output, in: scope(of: strand))
            } catch {
                return fail(parent, RunFailure(code: "expression_error", message: error.message))
            }
        }
        emit(.ended(strand: id))
        emit(.itemSucceeded(strand: parent, index: item, output: result))
        continueLoop(parent)
    }

    /// Takes the final outcome of an item that was one call.
    mutating func itemEnded(_ job: OpenJob, _ index: Int, _ result: Result<JSONValue, RunFailure>) {
        guard let strand = state.strands[job.strand], let node = graph.nodes[job.node] else { return }
        switch result {
        case .success(let output): itemSucceeded(job, index, strand, node, output)
        case .failure(let failure): itemFailed(job, index, strand, node, failure)
        }
    }

    private mutating func itemSucceeded(
        _ job: OpenJob, _ index: Int, _ strand: Strand, _ node: GraphNode, _ output: JSONValue
    ) {
        guard case .looping(let progress) = strand.activity,
            case .forEach(let loop)? = graph.nodes[strand.node]?.work, progress.items.indices.contains(index)
        else { return }
        let result: JSONValue
        do {
            try output.checkBounds()
            let scope = scope(of: strand, loop: loop, item: progress.items[index], index: index)
            try owe(node, job.step, output: output, scope: scope)
            result = try loop.result(output, in: scope)
        } catch {
            let failure = RunFailure(code: "output_refused", message: error.message, attempt: job.failures + 1)
            return itemFailed(job, index, strand, node, failure)
        }
        close(job.step, job.node, .succeeded, attempt: job.failures + 1, output: output)
        emit(.itemSucceeded(strand: job.strand, index: index, output: result))
        continueLoop(job.strand)
    }

    private mutating func itemFailed(
        _ job: OpenJob, _ index: Int, _ strand: Strand, _ node: GraphNode, _ reason: RunFailure
    ) {
        var failure = reason
        failure.node = failure.node ?? job.node
        failure.step = failure.step ?? job.step
        close(job.step, job.node, .failed, attempt: failure.attempt ?? (job.failures + 1), failure: failure)
        // A state that refuses the error leaves it what it is: the item's failure.
        if let path = node.onError?.output, (try? write(failure.json, at: path, by: strand)) != nil {
            emit(.itemSucceeded(strand: job.strand, index: index, output: .null))
        } else if collectsErrors(job.strand) {
            emit(.itemFailed(strand: job.strand, index: index, failure))
        } else {
            return fail(job.strand, failure)
        }
        continueLoop(job.strand)
    }

    private mutating func endLoop(_ id: Int, _ strand: Strand, _ loop: ForEach, _ progress: LoopProgress) {
        let outputs = progress.outputs.sorted { $0.key < $1.key }.map(\.value)
        do {
            if let path = loop.into { try write(.array(outputs), at: path, by: strand) }
            if let path = loop.errors {
                let failures = progress.failures.sorted { $0.key < $1.key }.map { index, failure -> JSONValue in
                    ["index": .int(Int64(index)), "item": progress.items[index], "error": failure.json]
                }
                try write(.array(failures), at: path, by: strand)
            }
        } catch {
            return fail(id, RunFailure(code: "output_refused", message: error.message))
        }
        complete(
            id, output: ["succeeded": .int(Int64(outputs.count)), "failed": .int(Int64(progress.failures.count))])
    }
}

extension ForEach {
    /// An item's result, from the output of its last node.
    fileprivate func result(_ output: JSONValue, in scope: ExpressionScope) throws(ExpressionError) -> JSONValue {
        guard let yield else { return output }
        var scope = scope
        scope.others.append(("output", output))
        return try yield.rendered(in: scope)
    }
}
