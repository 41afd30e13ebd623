/// Reads a graph's JSON into nodes and notes everything that is wrong with it on the way.
struct GraphReader {
    struct Result {
        var start = ""
        var reducers: [String: StateReducer] = [:]
        var nodes: [String: GraphNode] = [:]
    }

    var faults: [GraphFault] = []
    private var result = Result()
    /// Every mention of a node, to be looked up once all are read.
    var references: [(pointer: JSONPointer, id: String)] = []

    mutating func read(_ source: JSONValue) -> Result {
        let root = JSONPointer()
        guard let members = source.object else {
            fault(root, "a graph is an object")
            return result
        }
        unknown(members, root, allowed: ["start", "nodes", "reducers", "name", "description"])
        readReducers(members["reducers"], root.appending("reducers"))
        readNodes(members["nodes"], root.appending("nodes"))
        if let start = requiredText(members, "start", root) {
            result.start = start
            references.append((root.appending("start"), start))
        }
        for reference in references where result.nodes[reference.id] == nil || reference.id.contains(".") {
            fault(reference.pointer, "there is no node '\(reference.id)'")
        }
        if result.nodes.count > GraphLimits.nodes {
            fault(root.appending("nodes"), "a graph has at most \(GraphLimits.nodes) nodes")
        }
        return result
    }

    private mutating func readReducers(_ value: JSONValue?, _ pointer: JSONPointer) {
        guard let value, value != .null else { return }
        guard let members = value.object else { return fault(pointer, "an object of state keys is expected") }
        for (key, name) in members {
            if !StatePath.isName(key) { fault(pointer.appending(key), "'\(key)' is not a state key") }
            if let reducer = name.string.flatMap(StateReducer.init) {
                result.reducers[key] = reducer
            } else {
                let known = StateReducer.allCases.map(\.rawValue).joined(separator: ", ")
                fault(pointer.appending(key), "a reducer is one of \(known)")
            }
        }
    }

    private mutating func readNodes(_ value: JSONValue?, _ pointer: JSONPointer) {
        guard let members = value?.object, !members.isEmpty else {
            return fault(pointer, "an object with at least one node is expected")
        }
        guard members.count <= GraphLimits.nodes else {
            return fault(pointer, "a graph has at most \(GraphLimits.nodes) nodes")
        }
        for (id, spec) in members.sorted(by: { $0.key < $1.key }) {
            let place = pointer.appending(id)
            if !Self.isNodeID(id) {
                fault(place, "a node's id is a letter, then letters, digits, '_' or '-', at most 64")
            }
            read(NodeSource(id: id, spec: spec, pointer: place, placement: .top))
        }
    }

    // MARK: One node

    private mutating func read(_ source: NodeSource) {
        guard let members = source.spec.object else { return fault(source.pointer, "a node is an object") }
        guard let type = requiredText(members, "type", source.pointer) else { return }
        guard let shape = NodeShape(rawValue: type) else {
            return fault(source.pointer.appending("type"), "there is no node type '\(type)'")
        }
        guard source.placement.allows(shape) else {
            return fault(source.pointer.appending("type"), "a node of type '\(type)' cannot stand here")
        }
        unknown(members, source.pointer, allowed: shape.members.union(["type", "description"]))
        var node = GraphNode(id: source.id, next: source.next, onError: nil, work: .set([]))
        readNext(&node, members, shape, source)
        node.onError = readOnError(members["on_error"], source)
        guard let work = readWork(shape, members, source, &node) else { return }
        node.work = work
        result.nodes[node.id] = node
    }

    private mutating func readNext(
        _ node: inout GraphNode, _ members: [String: JSONValue], _ shape: NodeShape, _ source: NodeSource
    ) {
        let member = shape == .parallel ? "join" : "next"
        guard let value = members[member] else { return }
        let pointer = source.pointer.appending(member)
        guard source.placement == .top else { return fault(pointer, "an inline node has no '\(member)'") }
        node.next = reference(value, pointer)
    }

    private mutating func readOnError(_ value: JSONValue?, _ source: NodeSource) -> ErrorRoute? {
        guard let value, value != .null else { return nil }
        let pointer = source.pointer.appending("on_error")
        guard let members = value.object, !members.isEmpty else {
            fault(pointer, "an object with 'next', 'output' or both is expected")
            return nil
        }
        unknown(members, pointer, allowed: ["next", "output"])
        var route = ErrorRoute()
        if let next = members["next"] {
            if source.placement == .top {
                route.next = reference(next, pointer.appending("next"))
            } else {
                fault(pointer.appending("next"), "an inline node has no 'next'")
            }
        }
        route.output = statePath(members["output"], pointer.appending("output"))
        return route
    }

    private mutating func readWork(
        _ shape: NodeShape, _ members: [String: JSONValue], _ source: NodeSource, _ node: inout GraphNode
    ) -> GraphNode.Work? {
        let pointer = source.pointer
        let output = statePath(members["output"], pointer.appending("output"), when: shape != .end)
        switch shape {
        case .tool:
            guard let tool = requiredText(members, "tool", pointer) else { return nil }
            return .tool(
                ToolCallPlan(
                    tool: tool, input: template(members["input"] ?? [:], pointer.appending("input"), source),
                    output: output, retry: retry(members["retry"], pointer.appending("retry")),
                    timeoutSeconds: number(members, "timeout_seconds", pointer, 1...GraphLimits.timeoutSeconds)))
        case .model:
            guard let messages = members["messages"] else {
                fault(pointer, "'messages' is missing")
                return nil
            }
            return .model(
                ModelCallPlan(
                    messages: template(messages, pointer.appending("messages"), source), output: output,
                    maxTokens: number(members, "max_tokens", pointer, 1...1_000_000),
                    responseFormat: members["response_format"].map {
                        template($0, pointer.appending("response_format"), source)
                    },
                    retry: retry(members["retry"], pointer.appending("retry")),
                    timeoutSeconds: number(members, "timeout_seconds", pointer, 1...GraphLimits.timeoutSeconds)))
        case .choice: return readChoice(members, source).map { .choice($0) }
        case .forEach: return readForEach(members, source).map { .forEach($0) }
        case .parallel: return readParallel(members, source, node).map { .parallel($0) }
        case .set: return readSet(members, source).map { .set($0) }
        case .wait:
            guard let signal = requiredText(members, "signal", pointer) else { return nil }
            if !Self.isSignal(signal) {
                fault(
                    pointer.appending("signal"),
                    "a signal is letters, digits, '_', '-' or '.', at most 64, and does not begin with 'effect.'")
            }
            return .wait(
                SignalWait(
                    signal: signal, output: output,
                    timeoutSeconds: number(members, "timeout_seconds", pointer, 1...GraphLimits.waitSeconds)))
        case .end: return .end(template(members["output"] ?? .null, pointer.appending("output"), source))
        }
    }

    private mutating func readChoice(_ members: [String: JSONValue], _ source: NodeSource) -> Choice? {
        let pointer = source.pointer.appending("cases")
        guard let items = members["cases"]?.array, (1...GraphLimits.cases).contains(items.count) else {
            fault(pointer, "a list of 1 to \(GraphLimits.cases) cases is expected")
            return nil
        }
        var cases: [Choice.Case] = []
        for (index, item) in items.enumerated() {
            let place = pointer.appending(index)
            guard let members = item.object else {
                fault(place, "a case is an object with 'when' and 'next'")
                continue
            }
            unknown(members, place, allowed: ["when", "next"])
            guard let condition = expression(members["when"], place.appending("when"), source),
                let next = reference(members["next"] ?? .null, place.appending("next"))
            else { continue }
            cases.append(Choice.Case(condition: condition, next: next))
        }
        guard let fallback = reference(members["default"] ?? .null, source.pointer.appending("default")) else {
            return nil
        }
        return Choice(cases: cases, fallback: fallback)
    }

    private mutating func readForEach(_ members: [String: JSONValue], _ source: NodeSource) -> ForEach? {
        let pointer = source.pointer
        let items = expression(members["items"], pointer.appending("items"), source)
        var name = "item"
        if let given = members["as"] {
            if let text = given.string, StatePath.isName(text), !Self.reservedRoots.contains(text) {
                name = text
            } else {
                fault(
                    pointer.appending("as"),
                    "'as' is a name other than \(Self.reservedRoots.sorted().joined(separator: ", "))")
            }
        }
        let body = "\(source.id).do"
        if let spec = members["do"] {
            read(
                NodeSource(
                    id: body, spec: spec, pointer: pointer.appending("do"), placement: .body,
                    roots: ["item", "index", name]))
        } else {
            fault(pointer, "'do' is missing")
        }
        guard let items else { return nil }
        return ForEach(
            items: items, itemName: name, body: body,
            maxParallel: number(members, "max_parallel", pointer, 1...GraphLimits.parallel) ?? 4,
            output: statePath(members["into"], pointer.appending("into")),
            errors: statePath(members["collect_errors_into"], pointer.appending("collect_errors_into")))
    }

    private mutating func readParallel(
        _ members: [String: JSONValue], _ source: NodeSource, _ node: GraphNode
    ) -> Parallel? {
        let pointer = source.pointer.appending("branches")
        guard let items = members["branches"]?.array, (1...GraphLimits.parallel).contains(items.count) else {
            fault(pointer, "a list of 1 to \(GraphLimits.parallel) branches is expected")
            return nil
        }
        var branches: [String] = []
        for (index, item) in items.enumerated() {
            let place = pointer.appending(index)
            if item.string != nil {
                if let entry = reference(item, place) { branches.append(entry) }
            } else if let specs = item.array, !specs.isEmpty {
                for (offset, spec) in specs.enumerated() {
                    let next = offset + 1 < specs.count ? "\(source.id).\(index).\(offset + 1)" : nil
                    read(
                        NodeSource(
                            id: "\(source.id).\(index).\(offset)", spec: spec, pointer: place.appending(offset),
                            placement: .branch, next: next))
                }
                branches.append("\(source.id).\(index).0")
            } else {
                fault(place, "a branch is a node's id or a list of nodes")
            }
        }
        if node.next == nil { fault(source.pointer, "'join' is missing") }
        return Parallel(branches: branches)
    }

    private mutating func readSet(_ members: [String: JSONValue], _ source: NodeSource) -> [Assignment]? {
        let pointer = source.pointer.appending("values")
        guard let values = members["values"]?.object, !values.isEmpty else {
            fault(pointer, "an object of state paths and values is expected")
            return nil
        }
        var assignments: [Assignment] = []
        for (text, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let path = statePath(.string(text), pointer.appending(text)) else { continue }
            assignments.append(Assignment(path: path, value: template(value, pointer.appending(text), source)))
        }
        return assignments
    }
}
