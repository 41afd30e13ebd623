/// The types of nodes and the members that each may have.
enum NodeShape: String, CaseIterable {
    case tool, model, choice, parallel, subgraph, set, wait, approval, end
    case forEach = "for_each"

    var members: Set<String> {
        let common: Set = ["type", "description"]
        return switch self {
        case .tool: common.union(Self.busy).union(["tool", "input", "output", "approve", "next"])
        case .model: common.union(Self.busy).union(["messages", "output", "max_tokens", "response_format", "next"])
        case .choice: common.union(["cases", "default", "on_error", "max_visits"])
        case .forEach:
            common.union(Self.busy)
                .union(["items", "as", "do", "yield", "max_parallel", "into", "collect_errors_into", "next"])
        case .parallel: common.union(Self.busy).union(["branches", "join"])
        case .subgraph: common.union(Self.busy).union(["graph", "input", "output", "next"])
        case .set: common.union(["values", "on_error", "max_visits", "compensate", "next"])
        case .wait: common.union(Self.busy).union(["signal", "until", "for_seconds", "output", "next"])
        case .approval: common.union(Self.busy).union(["title", "detail", "arguments", "output", "on_reject", "next"])
        case .end: common.union(["output"])
        }
    }

    /// Members of nodes that take time.
    private static let busy: Set = ["retry", "timeout_seconds", "on_error", "max_visits", "compensate"]

    /// The longest that `timeout_seconds` may say.
    var mostTimeoutSeconds: Int {
        switch self {
        case .tool, .model: GraphLimits.timeoutSeconds
        default: GraphLimits.waitSeconds
        }
    }
}

/// One node as it stands in the JSON.
struct NodeSource {
    enum Placement {
        case top
        /// The one node of a for-each, or one of the list in its place; a choice needs names to lead to: a graph.
        case body, chain
        case branch

        func allows(_ shape: NodeShape) -> Bool {
            switch self {
            case .top: true
            case .body: [.tool, .model, .subgraph, .wait, .approval].contains(shape)
            case .chain: [.tool, .model, .forEach, .parallel, .subgraph, .set, .wait, .approval].contains(shape)
            case .branch: Placement.chain.allows(shape)
            }
        }
    }

    var id: String
    var spec: JSONValue
    var pointer: JSONPointer
    var placement: Placement
    /// The node after it in an inline list.
    var next: String?
    /// Names besides `state`, `input` and `run`.
    var roots: Set<String> = []

    func with(roots more: Set<String>) -> NodeSource {
        var copy = self
        copy.roots.formUnion(more)
        return copy
    }
}
