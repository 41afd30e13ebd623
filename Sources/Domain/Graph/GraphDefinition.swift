/// A graph that has been checked: every reference resolves, every expression parses, every loop has an exit.
///
/// ```json
/// {"start": "read", "reducers": {"log": "append"},
///  "nodes": {
///    "read":  {"type": "tool", "tool": "email.read", "input": {"uid": "${input.uid}"}, "output": "mail",
///              "retry": {"attempts": 3, "backoff_ms": 500}, "timeout_seconds": 60, "next": "pages"},
///    "pages": {"type": "for_each", "items": "slice(state.mail.links, 0, 5)", "as": "url", "max_parallel": 2,
///              "do": {"type": "tool", "tool": "browser.read", "input": {"url": "${url}", "name": "page-${index}"}},
///              "into": "pages", "collect_errors_into": "failures", "next": "done"},
///    "done":  {"type": "end", "output": {"pages": "${length(state.pages)}"}}}}
/// ```
///
/// The whole language: docs/graphs.md.
package struct GraphDefinition: Sendable, Hashable {
    /// The JSON that the graph was read from; what is stored and shown.
    package let source: JSONValue
    package let start: String
    /// Of the outermost graph, by top-level state key; `replace` where none is named.
    package let reducers: [String: StateReducer]
    /// Inline nodes and those of sub-graphs included.
    package let nodes: [String: GraphNode]

    package let settings: GraphSettings

    /// Checks `source`. Throws every fault at once.
    package init(_ source: JSONValue) throws(GraphFaults) {
        var reader = GraphReader()
        reader.read(source)
        var faults = reader.faults
        if faults.isEmpty {
            faults = reader.levels.flatMap { level in
                GraphFlow(start: level.start, nodes: level.nodes, reducers: level.reducers).faults()
            }
        }
        guard faults.isEmpty, let whole = reader.levels.last else { throw GraphFaults(faults) }
        self.source = source
        start = whole.start
        reducers = whole.reducers
        settings = reader.settings
        nodes = reader.levels.reduce(into: [:]) { nodes, level in nodes.merge(level.nodes) { first, _ in first } }
    }

    /// Names of every tool that the graph calls, compensations included.
    package var tools: Set<String> {
        nodes.values.reduce(into: []) { tools, node in
            if case .tool(let call) = node.work { tools.insert(call.tool) }
            if let compensation = node.compensation { tools.insert(compensation.tool) }
        }
    }
}

extension GraphDefinition: Codable {
    package init(from decoder: any Decoder) throws { self = try Self(JSONValue(from: decoder)) }

    package func encode(to encoder: any Encoder) throws { try source.encode(to: encoder) }
}
