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
/// Nodes: `tool`, `model`, `choice` {cases: [{when, next}], default}, `for_each`, `parallel` {branches, join},
/// `set` {values}, `wait` {signal, output?, timeout_seconds?}, `end` {output?}. A branch of `parallel` is a list of
/// inline nodes or the id of a node from which `next` leads to `join` or to a node without `next`.
package struct GraphDefinition: Sendable, Hashable {
    /// The JSON that the graph was read from; what is stored and shown.
    package let source: JSONValue
    package let start: String
    /// By top-level state key; `replace` where none is named.
    package let reducers: [String: StateReducer]
    /// Inline nodes included.
    package let nodes: [String: GraphNode]

    /// Checks `source`. Throws every fault at once.
    package init(_ source: JSONValue) throws(GraphFaults) {
        var reader = GraphReader()
        let graph = reader.read(source)
        var faults = reader.faults
        if faults.isEmpty {
            faults = GraphFlow(start: graph.start, nodes: graph.nodes, reducers: graph.reducers).faults()
        }
        guard faults.isEmpty else { throw GraphFaults(faults) }
        self.source = source
        start = graph.start
        reducers = graph.reducers
        nodes = graph.nodes
    }

    /// Names of every tool that the graph calls.
    package var tools: Set<String> {
        nodes.values.reduce(into: []) { tools, node in
            if case .tool(let call) = node.work { tools.insert(call.tool) }
        }
    }

    package func reducer(for path: StatePath) -> StateReducer {
        path.names.count == 1 ? reducers[path.key] ?? .replace : .replace
    }

    /// Pointer of a node in the JSON, inline nodes included.
    package static func pointer(toNode id: String) -> String {
        var pointer = JSONPointer().appending("nodes")
        let parts = id.split(separator: ".").map(String.init)
        guard let first = parts.first else { return pointer.description }
        pointer = pointer.appending(first)
        if parts.count == 3 { pointer = pointer.appending("branches") }
        for part in parts.dropFirst() { pointer = pointer.appending(part) }
        return pointer.description
    }
}

extension GraphDefinition: Codable {
    package init(from decoder: any Decoder) throws { self = try Self(JSONValue(from: decoder)) }

    package func encode(to encoder: any Encoder) throws { try source.encode(to: encoder) }
}
