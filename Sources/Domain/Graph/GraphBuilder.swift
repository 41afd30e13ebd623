/// A node or a setting, as a graph is put together in Swift. It makes the language's JSON and nothing else, so that what
/// Swift can say is what the API can say, and both are checked by the same reader.
///
/// ```swift
/// let graph = try GraphDefinition.build {
///     GraphPart.tool("read", "email.read", input: ["uid": "${input.uid}"]).output("mail").next("answer")
///     GraphPart.tool("answer", "email.reply", input: ["original": "${state.mail}"])
///         .approve().retry(attempts: 2).next("done")
///     GraphPart.end("done", output: ["sent": true])
/// }
/// ```
package struct GraphPart: Sendable, Hashable {
    enum Place: Sendable, Hashable {
        case node(String)
        case setting(String)
    }

    let place: Place
    /// A node's members; a setting's value under "".
    var members: [String: JSONValue]

    private init(_ id: String, _ type: String, _ members: [String: JSONValue?]) {
        place = .node(id)
        self.members = members.compactMapValues(\.self)
        self.members["type"] = .string(type)
    }

    private init(setting: String, _ value: JSONValue) {
        place = .setting(setting)
        members = ["": value]
    }

    /// The node's JSON, as it stands inline in a branch or a body.
    package var json: JSONValue { .object(members) }

    private func with(_ name: String, _ value: JSONValue) -> GraphPart {
        var copy = self
        copy.members[name] = value
        return copy
    }

    // MARK: Nodes

    package static func tool(_ id: String, _ tool: String, input: JSONValue = [:]) -> GraphPart {
        GraphPart(id, "tool", ["tool": .string(tool), "input": input])
    }

    package static func model(_ id: String, messages: JSONValue, maxTokens: Int? = nil) -> GraphPart {
        GraphPart(id, "model", ["messages": messages, "max_tokens": maxTokens.map { .int(Int64($0)) }])
    }

    /// `cases`: conditions and where each leads; the first that holds is taken.
    package static func choice(
        _ id: String, _ cases: KeyValuePairs<String, String>, otherwise fallback: String
    ) -> GraphPart {
        let cases: [JSONValue] = cases.map { ["when": .string($0.key), "next": .string($0.value)] }
        return GraphPart(id, "choice", ["cases": .array(cases), "default": .string(fallback)])
    }

    /// `body`: one part, or several one after the other; their ids count for nothing.
    package static func forEach(
        _ id: String, in items: String, as name: String? = nil, maxParallel: Int? = nil, into: String? = nil,
        collectErrorsInto errors: String? = nil, yield: JSONValue? = nil, @GraphBuilder _ body: () -> [GraphPart]
    ) -> GraphPart {
        let body = body().map(\.json)
        return GraphPart(
            id, "for_each",
            [
                "items": .string(items), "as": name.map { .string($0) },
                "max_parallel": maxParallel.map { .int(Int64($0)) }, "into": into.map { .string($0) },
                "collect_errors_into": errors.map { .string($0) }, "yield": yield,
                "do": body.count == 1 ? body[0] : .array(body),
            ])
    }

    /// `graph`: what is done with each item, in a state of the item's own: `local`.
    package static func forEach(
        _ id: String, in items: String, as name: String? = nil, maxParallel: Int? = nil, into: String? = nil,
        collectErrorsInto errors: String? = nil, yield: JSONValue? = nil, graph: JSONValue
    ) -> GraphPart {
        var part = forEach(
            id, in: items, as: name, maxParallel: maxParallel, into: into, collectErrorsInto: errors, yield: yield
        ) {}
        part.members["do"] = graph
        return part
    }

    /// `branches`: each a list of parts, whose ids count for nothing.
    package static func parallel(_ id: String, _ branches: [[GraphPart]], join: String) -> GraphPart {
        let branches = branches.map { JSONValue.array($0.map(\.json)) }
        return GraphPart(id, "parallel", ["branches": .array(branches), "join": .string(join)])
    }

    package static func subgraph(_ id: String, _ graph: GraphDefinition, input: JSONValue = [:]) -> GraphPart {
        GraphPart(id, "subgraph", ["graph": graph.source, "input": input])
    }

    package static func set(_ id: String, _ values: [String: JSONValue]) -> GraphPart {
        GraphPart(id, "set", ["values": .object(values)])
    }

    package static func wait(_ id: String, for signal: String) -> GraphPart {
        GraphPart(id, "wait", ["signal": .string(signal)])
    }

    package static func wait(_ id: String, until time: JSONValue) -> GraphPart {
        GraphPart(id, "wait", ["until": time])
    }

    package static func wait(_ id: String, seconds: JSONValue) -> GraphPart {
        GraphPart(id, "wait", ["for_seconds": seconds])
    }

    package static func approval(
        _ id: String, _ title: String, detail: String? = nil, arguments: JSONValue? = nil
    ) -> GraphPart {
        GraphPart(
            id, "approval", ["title": .string(title), "detail": detail.map { .string($0) }, "arguments": arguments])
    }

    package static func end(_ id: String, output: JSONValue? = nil) -> GraphPart {
        GraphPart(id, "end", ["output": output])
    }

    // MARK: What nodes may have

    package func next(_ id: String) -> GraphPart { with("next", .string(id)) }

    package func output(_ path: String) -> GraphPart { with("output", .string(path)) }

    package func timeout(seconds: Int) -> GraphPart { with("timeout_seconds", .int(Int64(seconds))) }

    package func maxVisits(_ count: Int) -> GraphPart { with("max_visits", .int(Int64(count))) }

    package func onReject(_ id: String) -> GraphPart { with("on_reject", .string(id)) }

    package func approve(_ detail: JSONValue = true) -> GraphPart { with("approve", detail) }

    package func describe(_ text: String) -> GraphPart { with("description", .string(text)) }

    package func onError(next: String? = nil, output: String? = nil) -> GraphPart {
        var route: [String: JSONValue] = [:]
        if let next { route["next"] = .string(next) }
        if let output { route["output"] = .string(output) }
        return with("on_error", .object(route))
    }

    package func retry(
        attempts: Int, backoffMilliseconds: Int? = nil, jitter: RetryPolicy.Jitter? = nil, on: [String]? = nil
    ) -> GraphPart {
        var retry: [String: JSONValue] = ["attempts": .int(Int64(attempts))]
        if let backoffMilliseconds { retry["backoff_ms"] = .int(Int64(backoffMilliseconds)) }
        if let jitter { retry["jitter"] = .string(jitter.rawValue) }
        if let on { retry["on"] = .array(on.map { .string($0) }) }
        return with("retry", .object(retry))
    }

    package func compensate(_ tool: String, input: JSONValue = [:]) -> GraphPart {
        with("compensate", ["type": "tool", "tool": .string(tool), "input": input])
    }

    // MARK: The graph as a whole

    package static func reducer(_ key: String, _ reducer: StateReducer) -> GraphPart {
        GraphPart(setting: "reducers", .object([key: .string(reducer.rawValue)]))
    }

    package static func maxSteps(_ count: Int) -> GraphPart { GraphPart(setting: "max_steps", .int(Int64(count))) }

    package static func priority(_ priority: Int) -> GraphPart { GraphPart(setting: "priority", .int(Int64(priority))) }

    package static func concurrency(key: String, limit: Int) -> GraphPart {
        GraphPart(setting: "concurrency", ["key": .string(key), "limit": .int(Int64(limit))])
    }

    package static func debounce(seconds: Int) -> GraphPart {
        GraphPart(setting: "debounce_seconds", .int(Int64(seconds)))
    }

    package static func debounce(key: String) -> GraphPart { GraphPart(setting: "debounce_key", .string(key)) }
}

@resultBuilder package enum GraphBuilder {
    package static func buildExpression(_ part: GraphPart) -> [GraphPart] { [part] }
    package static func buildBlock(_ parts: [GraphPart]...) -> [GraphPart] { parts.flatMap(\.self) }
    package static func buildOptional(_ parts: [GraphPart]?) -> [GraphPart] { parts ?? [] }
    package static func buildEither(first parts: [GraphPart]) -> [GraphPart] { parts }
    package static func buildEither(second parts: [GraphPart]) -> [GraphPart] { parts }
    package static func buildArray(_ parts: [[GraphPart]]) -> [GraphPart] { parts.flatMap(\.self) }
}

extension GraphDefinition {
    /// Puts a graph together and checks it. It begins at `start`, or at the first node named. Throws every fault of the
    /// JSON that it makes, a node's id given twice included.
    package static func build(
        start: String? = nil, @GraphBuilder _ parts: () -> [GraphPart]
    ) throws(GraphFaults) -> GraphDefinition {
        var nodes: [String: JSONValue] = [:]
        var graph: [String: JSONValue] = [:]
        var first: String?
        for part in parts() {
            switch part.place {
            case .node(let id):
                let pointer = JSONPointer().appending("nodes").appending(id)
                guard nodes.updateValue(part.json, forKey: id) == nil else {
                    throw GraphFaults([GraphFault(pointer: pointer.description, detail: "the id is given twice")])
                }
                first = first ?? id
            case .setting(let name):
                guard let value = part.members[""] else { continue }
                if case .object(let more) = value, case .object(let there)? = graph[name] {
                    graph[name] = .object(there.merging(more) { _, last in last })
                } else {
                    graph[name] = value
                }
            }
        }
        graph["start"] = (start ?? first).map { .string($0) }
        graph["nodes"] = .object(nodes)
        return try GraphDefinition(.object(graph))
    }
}
