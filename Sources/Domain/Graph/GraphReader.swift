/// Reads a graph's JSON into nodes and notes everything that is wrong with it on the way.
struct GraphReader {
    /// A graph of its own: the whole, or a sub-graph.
    struct Level {
        /// What every node's id begins with.
        var prefix = ""
        var pointer = JSONPointer()
        var depth = 0
        var start = ""
        var reducers: [String: StateReducer] = [:]
        var nodes: [String: GraphNode] = [:]
        /// What its expressions read besides `state`, `input` and `run`: of the body of a for-each.
        var roots: Set<String> = []
    }

    var faults: [GraphFault] = []
    var settings = GraphSettings()
    /// Every graph that has been read, the outermost last.
    private(set) var levels: [Level] = []
    /// The graph being read.
    var level = Level()
    private var nodeCount = 0
    /// Every mention of a node of this level, to be looked up once all are read.
    private var references: [(pointer: JSONPointer, id: String)] = []

    /// Reads the whole graph; `levels.last` is its outermost part.
    mutating func read(_ source: JSONValue) {
        readLevel(source)
        if let members = source.object { settings = readSettings(members) }
        if nodeCount > GraphLimits.nodes {
            fault(JSONPointer().appending("nodes"), "a graph has at most \(GraphLimits.nodes) nodes")
        }
    }

    /// Reads the graph inside of the node `id`, whose expressions may read `roots`; what it holds ends up in `levels`.
    mutating func readInner(
        _ source: JSONValue, of id: String, at pointer: JSONPointer, roots: Set<String> = []
    ) -> Level? {
        guard level.depth < GraphLimits.graphDepth else {
            fault(pointer, "graphs stand at most \(GraphLimits.graphDepth) deep inside each other")
            return nil
        }
        let outer = level
        let outerReferences = references
        level = Level(prefix: id + "/", pointer: pointer, depth: outer.depth + 1, roots: roots)
        references = []
        readLevel(source)
        let inner = level
        level = outer
        references = outerReferences
        return inner
    }

    private mutating func readLevel(_ source: JSONValue) {
        let root = level.pointer
        guard let members = source.object else { return fault(root, "a graph is an object") }
        unknown(members, root, allowed: GraphSettings.members.union(["start", "nodes", "reducers"]))
        readReducers(members["reducers"], root.appending("reducers"))
        readNodes(members["nodes"], root.appending("nodes"))
        if let start = requiredText(members, "start", root), let id = reference(.string(start), root.appending("start"))
        {
            level.start = id
        }
        for (pointer, id) in references where level.nodes[id] == nil {
            fault(pointer, "there is no node '\(id.dropFirst(level.prefix.count))'")
        }
        levels.append(level)
    }

    private mutating func readReducers(_ value: JSONValue?, _ pointer: JSONPointer) {
        guard let value, value != .null else { return }
        guard let members = value.object else { return fault(pointer, "an object of state keys is expected") }
        for (key, name) in members {
            if !StatePath.isName(key) { fault(pointer.appending(key), "'\(key)' is not a state key") }
            if let reducer = name.string.flatMap(StateReducer.init) {
                level.reducers[key] = reducer
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
            read(NodeSource(id: level.prefix + id, spec: spec, pointer: place, placement: .top, roots: level.roots))
        }
    }

    /// The full id of a node of this level that the JSON names.
    mutating func reference(_ value: JSONValue, _ pointer: JSONPointer) -> String? {
        guard let name = value.string else {
            fault(pointer, "the id of a node is expected")
            return nil
        }
        guard Self.isNodeID(name) else {
            fault(pointer, "there is no node '\(name)'")
            return nil
        }
        references.append((pointer, level.prefix + name))
        return level.prefix + name
    }

    // MARK: One node

    mutating func read(_ source: NodeSource) {
        nodeCount += 1
        guard let members = source.spec.object else { return fault(source.pointer, "a node is an object") }
        guard let type = requiredText(members, "type", source.pointer) else { return }
        guard let shape = NodeShape(rawValue: type) else {
            return fault(source.pointer.appending("type"), "there is no node type '\(type)'")
        }
        guard source.placement.allows(shape) else {
            return fault(source.pointer.appending("type"), "a node of type '\(type)' cannot stand here")
        }
        unknown(members, source.pointer, allowed: shape.members)
        let pointer = source.pointer
        let isCall = shape == .tool || shape == .model
        let timeout = number(members, "timeout_seconds", pointer, 1...shape.mostTimeoutSeconds)
        var node = GraphNode(
            id: source.id, pointer: pointer.description, next: readNext(members, shape, source),
            onError: readOnError(members["on_error"], source),
            output: statePath(members["output"], pointer.appending("output"), when: shape != .end),
            retry: retry(members["retry"], pointer.appending("retry"), isCall ? .standard : .once),
            timeoutSeconds: timeout, maxVisits: number(members, "max_visits", pointer, 1...GraphLimits.mostSteps),
            compensation: readCompensation(members["compensate"], source), work: .set([]))
        guard let work = readWork(shape, members, source, node) else { return }
        node.work = work
        level.nodes[node.id] = node
    }

    private mutating func readNext(
        _ members: [String: JSONValue], _ shape: NodeShape, _ source: NodeSource
    ) -> String? {
        let member = shape == .parallel ? "join" : "next"
        guard let value = members[member] else { return source.next }
        let pointer = source.pointer.appending(member)
        guard source.placement == .top else {
            fault(pointer, "an inline node has no '\(member)'")
            return source.next
        }
        return reference(value, pointer)
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
        route.next = jump(members["next"], pointer.appending("next"), source)
        route.output = statePath(members["output"], pointer.appending("output"))
        return route
    }

    /// A way out of a node besides `next`, which inline nodes do not have.
    mutating func jump(_ value: JSONValue?, _ pointer: JSONPointer, _ source: NodeSource) -> String? {
        guard let value else { return nil }
        if source.placement == .top { return reference(value, pointer) }
        fault(pointer, "an inline node has no '\(pointer.lastName)'")
        return nil
    }

    private mutating func readCompensation(_ value: JSONValue?, _ source: NodeSource) -> Compensation? {
        guard let value, value != .null else { return nil }
        let pointer = source.pointer.appending("compensate")
        guard let members = value.object else {
            fault(pointer, "an object of type 'tool' is expected")
            return nil
        }
        unknown(members, pointer, allowed: ["type", "tool", "input", "retry", "timeout_seconds", "description"])
        if members["type"] != "tool" { fault(pointer.appending("type"), "a compensation is of type 'tool'") }
        guard let tool = requiredText(members, "tool", pointer) else { return nil }
        return Compensation(
            tool: tool,
            input: template(members["input"] ?? [:], pointer.appending("input"), source.with(roots: ["output"])),
            retry: retry(members["retry"], pointer.appending("retry"), .standard),
            timeoutSeconds: number(members, "timeout_seconds", pointer, 1...GraphLimits.timeoutSeconds))
    }
}
