/// One node of a graph, checked and with its expressions parsed.
package struct GraphNode: Sendable, Hashable {
    /// The name in `nodes`; `<id>.do` or `<id>.do.<index>` for the body of a for-each, `<id>.<branch>.<index>` in a
    /// parallel branch; nodes of a sub-graph carry `<id>/` before their own, those of a body that is a graph `<id>.do.graph/`.
    package var id: String
    /// Where it stands in the graph's JSON (RFC 6901).
    package var pointer: String
    /// Where the run goes afterwards; `nil` ends a branch, a body (or the run, after `end`).
    package var next: String?
    package var onError: ErrorRoute?
    /// Where in the state the node's output goes.
    package var output: StatePath?
    package var retry: RetryPolicy
    /// Seconds of a call (`nil`: the tool's own bound), of a wait, of an approval, or of all that happens inside.
    package var timeoutSeconds: Int?
    /// Visits that one run (or one pass through a sub-graph) may make; `nil`: only the run's steps are bounded.
    package var maxVisits: Int?
    /// Undoes the node's effect where the run fails or is cancelled later.
    package var compensation: Compensation?
    package var work: Work

    package enum Work: Sendable, Hashable {
        case tool(ToolCallPlan)
        case model(ModelCallPlan)
        case choice(Choice)
        case forEach(ForEach)
        case parallel(Parallel)
        case subgraph(Subgraph)
        case set([Assignment])
        case wait(Wait)
        case approval(Approval)
        case end(Template)
    }

    /// What the API calls the node's type.
    package var kind: String { shape.rawValue }

    var shape: NodeShape {
        switch work {
        case .tool: .tool
        case .model: .model
        case .choice: .choice
        case .forEach: .forEach
        case .parallel: .parallel
        case .subgraph: .subgraph
        case .set: .set
        case .wait: .wait
        case .approval: .approval
        case .end: .end
        }
    }

    /// Whether the work is one call, which a worker carries out.
    package var isCall: Bool {
        switch work {
        case .tool, .model: true
        default: false
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
    /// Asked before the call is planned.
    package var approval: Approval?
}

package struct ModelCallPlan: Sendable, Hashable {
    /// Renders to a list of {role, content}.
    package var messages: Template
    package var maxTokens: Int?
    /// Passed on as it is: OpenAI's `response_format`.
    package var responseFormat: Template?
}

/// A tool's call that undoes what a node did. Its input is rendered when the node has succeeded, with the node's
/// output as `output`.
package struct Compensation: Sendable, Hashable {
    package var tool: String
    package var input: Template
    package var retry: RetryPolicy
    package var timeoutSeconds: Int?
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
    package var body: Body
    /// An item's result; without it the output of the body's last node, or of its `end`.
    package var yield: Template?
    package var maxParallel: Int
    /// Gets the list of results in the order of the items, failed ones left out.
    package var into: StatePath?
    /// Gets the list of {index, item, error}. Without it the first failed item fails the node.
    package var errors: StatePath?

    package struct Body: Sendable, Hashable {
        package enum Form: Sendable, Hashable {
            case node, list, graph
        }

        package var form: Form
        /// Id of its first node.
        package var start: String
        /// Of a graph: how what its nodes write meets what is there in `local`.
        package var reducers: [String: StateReducer] = [:]

        /// Whether its nodes write into a state of the item's own, read as `local`.
        package var hasLocalState: Bool { form != .node }
    }
}

package struct Parallel: Sendable, Hashable {
    /// First node of each branch.
    package var branches: [String]
}

/// A graph inside a graph: its own state, `input` from outside, the `end`'s output handed back.
package struct Subgraph: Sendable, Hashable {
    /// What the node's JSON names instead of holding the graph; a run can only keep graphs without any.
    package var reference: GraphReference?
    package var start: String
    package var reducers: [String: StateReducer]
    package var input: Template
}

package struct Assignment: Sendable, Hashable {
    package var path: StatePath
    package var value: Template
}

package struct Wait: Sendable, Hashable {
    package enum Condition: Sendable, Hashable {
        case signal(String)
        /// Renders to milliseconds since 1970 or an RFC 3339 time.
        case until(Template)
        /// Renders to seconds.
        case duration(Template)
    }

    package var condition: Condition
}

/// A question to a person, who sees exactly what is rendered here.
package struct Approval: Sendable, Hashable {
    package var title: Template
    package var detail: Template
    package var arguments: Template?
    /// `nil`: a rejection fails the node.
    package var onReject: String?
    /// Seconds before the question fails the node; `nil`: for as long as it takes.
    package var timeoutSeconds: Int?
    /// Before a tool's call: only where the tool changes something (its effect is not `read`).
    package var isForEffects = false
}

extension GraphNode {
    /// Every node that may come directly after this one, its error route included; not the bodies inside it.
    package var successors: [String] {
        var list = [next, onError?.next].compactMap(\.self)
        switch work {
        case .choice(let choice): list += choice.cases.map(\.next) + [choice.fallback]
        case .approval(let approval): list += [approval.onReject].compactMap(\.self)
        case .tool(let call): list += [call.approval?.onReject].compactMap(\.self)
        default: break
        }
        return list
    }

    /// State that this node itself writes.
    package var outputs: [StatePath] {
        var paths: [StatePath?] = [onError?.output, output]
        switch work {
        case .forEach(let loop): paths += [loop.into, loop.errors]
        case .set(let assignments): paths += assignments.map(\.path)
        default: break
        }
        return paths.compactMap(\.self)
    }

    /// Templates and expressions that are read when the node is visited.
    package var templates: [Template] {
        var list: [Template?] = [compensation?.input]
        switch work {
        case .tool(let call):
            list += [call.input, call.approval?.title, call.approval?.detail]
        case .model(let call): list += [call.messages, call.responseFormat]
        case .choice(let choice): list += choice.cases.map { .expression($0.condition) }
        case .forEach(let loop): list += [.expression(loop.items), loop.yield]
        case .subgraph(let subgraph): list.append(subgraph.input)
        case .set(let assignments): list += assignments.map(\.value)
        case .wait(let wait):
            switch wait.condition {
            case .signal: break
            case .until(let template), .duration(let template): list.append(template)
            }
        case .approval(let approval): list += [approval.title, approval.detail, approval.arguments]
        case .end(let output): list.append(output)
        case .parallel: break
        }
        return list.compactMap(\.self)
    }
}
