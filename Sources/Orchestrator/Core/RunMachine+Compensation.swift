import Domain

/// Undoing what a run did before it failed or was cancelled: the compensations that are owed, the last step's first,
/// one after the other, each a step and an effect of its own.
extension RunMachine {
    /// Notes how the step would be undone; its input is what the values are now.
    mutating func owe(
        _ node: GraphNode, _ step: Int, output: JSONValue, scope: ExpressionScope
    ) throws(ExpressionError) {
        guard let compensation = node.compensation else { return }
        var scope = scope
        scope.others.append(("output", output))
        let input = try compensation.input.rendered(in: scope)
        emit(
            .owed(
                OwedCompensation(
                    step: step, node: node.id, tool: compensation.tool, input: input,
                    timeoutSeconds: compensation.timeoutSeconds)))
    }

    mutating func unwind(_ status: RunStatus, _ failure: RunFailure?) {
        emit(.unwound(status, failure))
        var data = failure?.json.object ?? [:]
        data["ends"] = .string(status.rawValue)
        data["compensations"] = .int(Int64(state.owed.count))
        tell(.runCompensating, failure?.node, .object(data))
        compensateNext()
    }

    private mutating func compensateNext() {
        while let unwinding = state.unwinding {
            guard let owed = state.owed.last else {
                return finish(unwinding.status, output: nil, unwinding.failure)
            }
            let call = Call(kind: .tool, tool: owed.tool, input: owed.input, timeoutSeconds: owed.timeoutSeconds)
            // Not held to the run's bound on steps: there is one at most for each step taken.
            let step = state.steps + 1
            guard let node = graph.nodes[owed.node] else {
                emit(.repaid(step: owed.step))
                tell(.compensationFailed, owed.node, ["step": .int(Int64(owed.step))])
                continue
            }
            do {
                return try plan(call, step: step, strand: 0, node: node, item: nil, compensates: owed.step)
            } catch {
                emit(.repaid(step: owed.step))
                tell(
                    .compensationFailed, owed.node,
                    ["step": .int(Int64(owed.step)), "error": .string(error.message)])
            }
        }
    }

    /// One that fails is told of and left to people; the others are made all the same.
    mutating func compensated(_ job: OpenJob, _ asked: Int, _ result: Result<JSONValue, RunFailure>) {
        let attempt = job.failures + 1
        switch result {
        case .success(let output): close(job.step, job.node, .succeeded, attempt: attempt, output: output)
        case .failure(var failure):
            failure.node = failure.node ?? job.node
            failure.step = failure.step ?? job.step
            close(job.step, job.node, .failed, attempt: failure.attempt ?? attempt, failure: failure)
            tell(
                .compensationFailed, job.node,
                ["step": .int(Int64(asked)), "tool": .string(job.tool), "error": failure.json])
        }
        emit(.repaid(step: asked))
        compensateNext()
    }
}
