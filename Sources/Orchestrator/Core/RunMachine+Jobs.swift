import Domain
import ToolKit

/// Calls: planning them, taking their outcomes, and finding out about effects whose outcome is unknown.
extension RunMachine {
    /// Times that "not done" is believed of one call before a person is asked.
    private static let repeatLimit = 3
    /// Attempts of one reconciliation.
    private static let reconcileRetry = RetryPolicy(
        attempts: 5, backoffMilliseconds: 1_000, maxBackoffMilliseconds: 15_000)

    struct Call {
        var kind: JobKind
        var tool: String
        var input: JSONValue
        var timeoutSeconds: Int?
    }

    func call(_ node: GraphNode, in scope: ExpressionScope) throws(ExpressionError) -> Call {
        switch node.work {
        case .tool(let plan):
            return Call(
                kind: .tool, tool: plan.tool, input: try plan.input.rendered(in: scope),
                timeoutSeconds: node.timeoutSeconds)
        case .model(let plan):
            var input: [String: JSONValue] = ["messages": try plan.messages.rendered(in: scope)]
            if let tokens = plan.maxTokens { input["max_tokens"] = .int(Int64(tokens)) }
            if let format = plan.responseFormat { input["response_format"] = try format.rendered(in: scope) }
            return Call(
                kind: .model, tool: ToolCatalog.modelCall, input: .object(input), timeoutSeconds: node.timeoutSeconds)
        default: throw ExpressionError(.typeMismatch, "a node of type '\(node.kind)' calls nothing")
        }
    }

    /// Plans the call of a step, which begins with it unless it was asked about before.
    mutating func plan(
        _ call: Call, step: Int, strand: Int, node: GraphNode, item: Int?, isOpen: Bool = false,
        compensates: Int? = nil
    ) throws(ExpressionError) {
        let descriptor = identity.tools[call.tool]
        let key: String
        do {
            key = try identity.effectKey.key(run: identity.run, step: step, tool: call.tool, arguments: call.input)
        } catch {
            throw ExpressionError(.typeMismatch, "the input of '\(call.tool)' cannot be written as JSON: \(error)")
        }
        emit(
            .called(
                OpenJob(
                    step: step, strand: strand, node: node.id, item: item, kind: call.kind, tool: call.tool,
                    compensates: compensates)))
        let kind = compensates == nil ? node.kind : Self.compensationKind
        if !isOpen { open(step, node.id, kind, input: call.input, item: item ?? state.strands[strand]?.item) }
        guard call.kind == .model || descriptor != nil else {
            let message = "There is no tool '\(call.tool)'; see GET /api/tools for those there are."
            if let job = state.jobs[step] {
                jobEnded(job, .failure(RunFailure(code: "tool_unknown", message: message)))
            }
            return
        }
        if let refusal = identity.tools.contract(named: call.tool)?.refusal(of: call.input) {
            if let job = state.jobs[step] {
                jobEnded(job, .failure(RunFailure(code: "input_invalid", message: refusal)))
            }
            return
        }
        let timeout = call.timeoutSeconds ?? descriptor?.timeoutSeconds ?? ToolCatalog.modelTimeoutSeconds
        draft.orders.append(
            .plan(
                JobPlan(
                    step: step, node: node.id, item: item, kind: call.kind, tool: call.tool, input: call.input,
                    effect: descriptor?.effect ?? .read, effectKey: key, timeoutSeconds: timeout,
                    compensates: compensates)))
    }

    /// What the API calls the type of a step that undoes another.
    static let compensationKind = "compensate"

    // MARK: Outcomes

    mutating func jobDone(_ job: OpenJob, _ output: JSONValue) {
        if let asked = job.reconciles { return reconciled(job, asked, output) }
        jobEnded(job, .success(output))
    }

    mutating func jobFailed(_ job: OpenJob, _ failure: ToolFailure) {
        if job.reconciles != nil { return reconciliationFailed(job, failure) }
        if failure.kind == .unknownOutcome {
            return doubt(job, Doubt(phase: .transmitting, isAbandoned: true), reason: failure.message)
        }
        let failures = job.failures + 1
        let policy = retryPolicy(of: job)
        let reason = RunFailure(
            code: failure.code, message: failure.message, node: job.node, step: job.step, attempt: failures)
        guard policy.covers(kind: failure.kind.rawValue, code: failure.code), failures < policy.attempts else {
            return jobEnded(job, .failure(reason))
        }
        again(job, failures: failures, policy, reason)
    }

    private mutating func again(_ job: OpenJob, failures: Int, _ policy: RetryPolicy, _ reason: RunFailure) {
        let delay = Backoff.delay(policy, failures: failures, run: identity.run, step: job.step)
        emit(.retried(step: job.step, failures: failures, repeats: job.repeats))
        draft.orders.append(.again(step: job.step, delay: delay))
        tell(
            .stepRetrying, job.node,
            [
                "step": .int(Int64(job.step)), "attempt": .int(Int64(failures + 1)), "delay_ms": .int(Int64(delay)),
                "error": reason.json,
            ])
    }

    private func retryPolicy(of job: OpenJob) -> RetryPolicy {
        let node = graph.nodes[job.node]
        return (job.compensates == nil ? node?.retry : node?.compensation?.retry) ?? .standard
    }

    /// Hands a call's final outcome to what it was made for: the node, an item of a loop, or the undoing of the run.
    mutating func jobEnded(_ job: OpenJob, _ result: Result<JSONValue, RunFailure>) {
        emit(.closed(step: job.step))
        if let asked = job.compensates { return compensated(job, asked, result) }
        if let index = job.item { return itemEnded(job, index, result) }
        switch result {
        case .success(let output): complete(job.strand, output: output, attempt: job.failures + 1)
        case .failure(let failure): fail(job.strand, failure)
        }
    }

    // MARK: Unknown outcomes

    mutating func doubt(_ job: OpenJob, _ doubt: Doubt, reason: String? = nil) {
        if job.kind != .tool { return again(job, failures: job.failures, .standard, Self.lost) }
        emit(.doubted(step: job.step, doubt))
        var data: [String: JSONValue] = ["step": .int(Int64(job.step)), "tool": .string(job.tool)]
        if let phase = doubt.phase { data["phase"] = .string(phase.rawValue) }
        if let reason { data["reason"] = .string(reason) }
        tell(.effectUnknown, job.node, .object(data))
        let tool = identity.tools[job.tool]
        guard let reconciler = tool?.reconciler.flatMap({ identity.tools[$0] }) else {
            if doubt.phase == .accepted { return settle(job, output: .null, by: "acceptance") }
            if tool?.effect == .deduplicable { return repeatCall(job) }
            return undecided(job, doubt)
        }
        reconcile(job, doubt, reconciler)
    }

    private static let lost = RunFailure(code: "worker_lost", message: "The worker ended before the call did.")

    private mutating func reconcile(_ job: OpenJob, _ doubt: Doubt, _ reconciler: ToolDescriptor) {
        let step = state.steps + 1
        let key: String
        do {
            key = try identity.effectKey.key(
                run: identity.run, step: step, tool: reconciler.name, arguments: ["step": .int(Int64(job.step))])
        } catch {
            return undecided(job, doubt)
        }
        emit(
            .called(
                OpenJob(
                    step: step, strand: job.strand, node: job.node, item: nil, kind: .reconcile, tool: reconciler.name,
                    reconciles: job.step)))
        open(step, job.node, JobKind.reconcile.rawValue, input: ["step": .int(Int64(job.step))])
        draft.orders.append(
            .plan(
                JobPlan(
                    step: step, node: job.node, item: nil, kind: .reconcile, tool: reconciler.name, input: .null,
                    effect: .read, effectKey: key, timeoutSeconds: reconciler.timeoutSeconds, reconciles: job.step)))
    }

    private mutating func reconciled(_ reconciliation: OpenJob, _ asked: Int, _ output: JSONValue) {
        emit(.closed(step: reconciliation.step))
        close(
            reconciliation.step, reconciliation.node, .succeeded, attempt: reconciliation.failures + 1, output: output)
        guard let job = state.jobs[asked], let doubt = job.doubt else { return }
        // A tool that answers outside of its contract has found out nothing.
        let found = (try? output.decode(ReconcileOutput.self)) ?? ReconcileOutput(outcome: .unknown)
        tell(
            .effectReconciled, job.node, ["step": .int(Int64(asked)), "outcome": .string(found.outcome.rawValue)])
        switch found.outcome {
        case .done: settle(job, output: found.output ?? .null, by: "reconciliation")
        case .notDone where doubt.phase != .accepted && doubt.isAbandoned && job.repeats < Self.repeatLimit:
            repeatCall(job)
        case .notDone, .unknown: unresolved(job, doubt)
        }
    }

    private mutating func reconciliationFailed(_ reconciliation: OpenJob, _ failure: ToolFailure) {
        let failures = reconciliation.failures + 1
        let reason = RunFailure(
            code: failure.code, message: failure.message, node: reconciliation.node, step: reconciliation.step,
            attempt: failures)
        if failure.kind == .transient, failures < Self.reconcileRetry.attempts {
            return again(reconciliation, failures: failures, Self.reconcileRetry, reason)
        }
        emit(.closed(step: reconciliation.step))
        close(reconciliation.step, reconciliation.node, .failed, attempt: failures, failure: reason)
        guard let asked = reconciliation.reconciles, let job = state.jobs[asked], let doubt = job.doubt else { return }
        unresolved(job, doubt)
    }

    /// A deduplicable call may be repeated when nothing was found; what the far end took is done; all else is asked.
    private mutating func unresolved(_ job: OpenJob, _ doubt: Doubt) {
        if doubt.phase == .accepted { return settle(job, output: .null, by: "acceptance") }
        if identity.tools[job.tool]?.effect == .deduplicable, job.repeats < Self.repeatLimit { return repeatCall(job) }
        undecided(job, doubt)
    }

    private mutating func settle(_ job: OpenJob, output: JSONValue, by how: String) {
        draft.orders.append(.settle(step: job.step, output: output, failure: nil))
        tell(.effectDecided, job.node, ["step": .int(Int64(job.step)), "outcome": "done", "by": .string(how)])
        jobEnded(job, .success(output))
    }

    private mutating func repeatCall(_ job: OpenJob) {
        emit(.retried(step: job.step, failures: job.failures, repeats: job.repeats + 1))
        draft.orders.append(.again(step: job.step, delay: 0))
    }

    private mutating func undecided(_ job: OpenJob, _ doubt: Doubt) {
        var doubt = doubt
        doubt.isUndecided = true
        emit(.doubted(step: job.step, doubt))
        tell(.effectUndecided, job.node, decisionWanted(job))
    }

    func decisionWanted(_ job: OpenJob) -> JSONValue {
        let id = JobID(run: identity.run, step: job.step)
        let signal = EffectDecision.signal(for: id)
        let text =
            "Nobody can tell whether '\(job.tool)' at '\(job.node)' took effect: the platform stopped while it was "
            + "under way. Look at the far end, then send the signal '\(signal)' with the outcome 'done', 'failed' or "
            + "'retry' (retry only if it did not happen)."
        return [
            "kind": "decision", "job_id": .string(id.description), "signal": .string(signal),
            "tool": .string(job.tool), "node": .string(job.node), "explanation": .string(text),
        ]
    }

    mutating func decide(_ signal: EarlySignal) {
        let job = state.jobs.values.first { job in
            signal.name == EffectDecision.signal(for: JobID(run: identity.run, step: job.step))
        }
        guard let job, job.doubt?.isUndecided == true else {
            return refuse(signal, "no effect waits for this decision")
        }
        guard let outcome = signal.payload["outcome"]?.string.flatMap(EffectDecision.Outcome.init) else {
            return refuse(signal, "'outcome' is one of done, failed, retry")
        }
        tell(
            .effectDecided, job.node,
            ["step": .int(Int64(job.step)), "outcome": .string(outcome.rawValue), "by": "person"])
        switch outcome {
        case .done:
            let output = signal.payload["output"] ?? .null
            draft.orders.append(.settle(step: job.step, output: output, failure: nil))
            jobEnded(job, .success(output))
        case .failed:
            let failure = RunFailure(
                code: "effect_failed", message: "A person decided that '\(job.tool)' did not take effect.",
                node: job.node, step: job.step, attempt: job.failures + 1)
            draft.orders.append(.settle(step: job.step, output: nil, failure: failure))
            jobEnded(job, .failure(failure))
        case .retry:
            repeatCall(job)
        }
    }
}
