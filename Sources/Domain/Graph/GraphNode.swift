/// One node of a graph, checked and with its expressions parsed.
package struct GraphNode: Sendable, Hashable {
    /// The name in `nodes`; `<id>.do` for the body of a for-each, `<id>.<branch>.<index>` in a parallel branch.
    package var id: String
    /// Where the run goes afterwards; `nil` ends a branch (or the run, after `end`).
    package var next: String?
    package var onError: ErrorRoute?
    package var work: Work

    package enum Work: Sendable, Hashable {
        case tool(ToolCallPlan)
        case model(ModelCallPlan)
        case choice(Choice)
        case forEach(ForEach)
        case parallel(Parallel)
        case set([Assignment])
        case wait(SignalWait)
        case end(Template)
    }

    /// What the API calls the node's type.
    package var kind: String {
        switch work {
        case .tool: "tool"
        case .model: "model"
        case .choice: "choice"
        case .forEach: "for_each"
        case .parallel: "parallel"
        case .set: "set"
        case .wait: "wait"
        case .end: "end"
        }
    }
}

/// What happens once a node has failed for good: the error object {code, message, kind, node, attempt} is written
/// at `output`, and the run goes to `next`, or on as if the node had succeeded.
package struct ErrorRoute: Sendable, Hashable {
    package var next: String?
    package var output: StatePath?
}

package struct ToolCallPlan: Sendable, Hashable {
    package var tool: String
    package var input: Template
    package var output: StatePath?
    package var retry: RetryPolicy
    /// `nil`: the tool's own time-out.
    package var timeoutSeconds: Int?
}

package struct ModelCallPlan: Sendable, Hashable {
    /// Renders to a list of {role, content}.
    package var messages: Template
    package var output: StatePath?
    package var maxTokens: Int?
    /// Passed on as it is: OpenAI's `response_format`.
    package var responseFormat: Template?
    package var retry: RetryPolicy
    package var timeoutSeconds: Int?
}

/// How often and how fast a node is tried again after a transient failure.
package struct RetryPolicy: Sendable, Hashable {
    /// Attempts in all, the first included.
    package var attempts: Int
    /// Milliseconds before the second attempt; doubled for each one after it.
    package var backoffMilliseconds: Int
    package var maxBackoffMilliseconds: Int

    package init(attempts: Int, backoffMilliseconds: Int, maxBackoffMilliseconds: Int) {
        self.attempts = attempts
        self.backoffMilliseconds = backoffMilliseconds
        self.maxBackoffMilliseconds = maxBackoffMilliseconds
    }

    package static let standard = RetryPolicy(attempts: 3, backoffMilliseconds: 500, maxBackoffMilliseconds: 30_000)
}

package struct Choice: Sendable, Hashable {
    package struct Case: Sendable, Hashable {
        package var condition: Expression
        package var next: String
    }
    /// The first that holds is taken.
    package var cases: [Case]
    package var fallback: String
}

package struct ForEach: Sendable, Hashable {
    package var items: Expression
    /// Name of the item in the body's expressions; `item` and `index` always work.
    package var itemName: String
    /// Id of the body, a tool or a model node.
    package var body: String
    package var maxParallel: Int
    /// Gets the list of outputs in the order of the items, failed ones left out.
    package var output: StatePath?
    /// Gets the list of {index, item, error}. Without it the first failed item fails the node.
    package var errors: StatePath?
}

package struct Parallel: Sendable, Hashable {
    /// First node of each branch.
    package var branches: [String]
}

package struct Assignment: Sendable, Hashable {
    package var path: StatePath
    package var value: Template
}

package struct SignalWait: Sendable, Hashable {
    package var signal: String
    package var output: StatePath?
    /// `nil`: for as long as it takes.
    package var timeoutSeconds: Int?
}

extension GraphNode {
    /// Every node that may come directly after this one, its error route included; not the bodies inside it.
    package var successors: [String] {
        var list = [next, onError?.next].compactMap(\.self)
        if case .choice(let choice) = work { list += choice.cases.map(\.next) + [choice.fallback] }
        return list
    }

    /// State that this node itself writes.
    package var outputs: [StatePath] {
        var paths: [StatePath?] = [onError?.output]
        switch work {
        case .tool(let call): paths.append(call.output)
        case .model(let call): paths.append(call.output)
        case .forEach(let loop): paths += [loop.output, loop.errors]
        case .set(let assignments): paths += assignments.map(\.path)
        case .wait(let wait): paths.append(wait.output)
        case .choice, .parallel, .end: break
        }
        return paths.compactMap(\.self)
    }
}
