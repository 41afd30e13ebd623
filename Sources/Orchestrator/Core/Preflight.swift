package import Domain

/// Whether a run that is under way could go on with another version of its graph, and if not, why.
///
/// A run is its state, and its state names nodes: what it does next is read from the graph. So a new version can be
/// adopted where every node at which the run stands is still there and still means what the run is waiting for, and
/// where nothing that is still to come reads what only a node already passed would have written.
package struct Preflight: Sendable, Hashable {
    package struct Obstacle: Sendable, Hashable, Codable {
        /// The node at which the run stands, or which it could not run.
        package var node: String
        /// Into the JSON of the new graph, or of the old one where the node is gone.
        package var pointer: String
        package var reason: String
    }

    /// Empty where the version can be adopted; in the order of their nodes.
    package let obstacles: [Obstacle]

    package var isAdoptable: Bool { obstacles.isEmpty }

    package init(of state: RunState, from old: GraphDefinition, to new: GraphDefinition) {
        var check = Check(state: state, old: old, new: new)
        check.run()
        obstacles = check.obstacles.sorted { ($0.node, $0.reason) < ($1.node, $1.reason) }
    }

    /// The changes that make the run go on with `new`, to be stored with the new graph in one transaction. Throws
    /// `PreflightFailure` where it cannot.
    package static func migrate(
        _ state: RunState, from old: GraphDefinition, to new: GraphDefinition
    ) throws -> [RunChange] {
        let preflight = Preflight(of: state, from: old, to: new)
        guard preflight.isAdoptable else { throw PreflightFailure(obstacles: preflight.obstacles) }
        return [.migrated(to: try ContentDigest.hex(of: new.source))]
    }
}

package struct PreflightFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package var obstacles: [Preflight.Obstacle]

    package var description: String {
        obstacles.map { "'\($0.node)': \($0.reason)" }.joined(separator: "; ")
    }
}

private struct Check {
    let state: RunState
    let old: GraphDefinition
    let new: GraphDefinition
    var obstacles: [Preflight.Obstacle] = []

    mutating func run() {
        guard !state.status.isFinal else { return add(old.start, "the run has ended") }
        guard state.unwinding == nil else { return add(old.start, "the run is being undone") }
        guard state.status != .queued else { return }
        if new.settings.maxSteps <= state.steps {
            add(new.start, "the run has taken \(state.steps) steps; the new version allows \(new.settings.maxSteps)")
        }
        for strand in state.strands.values { check(strand) }
        for job in state.jobs.values { check(job) }
        for (key, reducer) in new.reducers { check(key, reducer) }
        checkReads()
    }

    private mutating func add(_ node: String, _ reason: String) {
        let pointer = (new.nodes[node] ?? old.nodes[node])?.pointer ?? ""
        let obstacle = Preflight.Obstacle(node: node, pointer: pointer, reason: reason)
        if !obstacles.contains(obstacle) { obstacles.append(obstacle) }
    }

    // MARK: Where the run stands

    private mutating func check(_ strand: Strand) {
        guard let node = new.nodes[strand.node] else {
            return add(strand.node, "the run stands here, and the new version has no such node")
        }
        if let stop = strand.stop, new.nodes[stop] == nil {
            add(stop, "a branch joins here, and the new version has no such node")
        }
        guard let before = old.nodes[strand.node], strand.activity != .ready else { return }
        guard node.kind == before.kind else {
            return add(node.id, "the run waits in it, and it is a '\(node.kind)' now, no '\(before.kind)' any more")
        }
        switch (node.work, before.work) {
        case (.wait(let wait), .wait(let earlier)) where wait != earlier:
            add(node.id, "the run waits in it for something else than the new version says")
        case (.parallel(let parallel), .parallel(let earlier))
        where parallel != earlier || node.next != before.next:
            add(node.id, "its branches are under way, and the new version has others")
        case (.forEach(let loop), .forEach(let earlier)) where loop.body.form != earlier.body.form:
            add(node.id, "its items are under way, and its body is of another form now")
        case (.subgraph(let inner), .subgraph) where inner.reference != nil:
            add(node.id, "the new version does not hold the graph that the run is in")
        default: break
        }
    }

    private mutating func check(_ job: OpenJob) {
        guard job.reconciles == nil, let node = new.nodes[job.node] else {
            if job.reconciles == nil {
                add(job.node, "a call of it is under way, and the new version has no such node")
            }
            return
        }
        switch node.work {
        case .tool(let call) where job.kind == .tool:
            if call.tool != job.tool { add(node.id, "'\(job.tool)' is being called, and it calls '\(call.tool)' now") }
        case .model where job.kind == .model: break
        default: add(node.id, "a call of it is under way, and it calls nothing of that kind now")
        }
    }

    private mutating func check(_ key: String, _ reducer: StateReducer) {
        guard let value = state.values[key], value != .null, old.reducers[key] ?? .replace != reducer,
            let refusal = reducer.refusal(of: value)
        else { return }
        add(new.start, "the state has '\(key)' already, and \(refusal)")
    }

    // MARK: What is still to come

    /// Keys of the state that a node still to come reads, which are not there, and which only nodes write that the run
    /// will not come to: they were put in before the place where it stands.
    private mutating func checkReads() {
        let ahead = reachable()
        let standing = state.strands.values.map(\.node)
        let coming = Set((ahead + standing).filter(writesState).flatMap { new.nodes[$0]?.outputs.map(\.key) ?? [] })
        let written = Set(new.nodes.filter { writesState($0.key) }.flatMap { $0.value.outputs.map(\.key) })
        for id in ahead.sorted() {
            guard let node = new.nodes[id] else { continue }
            let known = old.nodes[id].map(keys) ?? []
            for key in keys(node).subtracting(known).sorted()
            where (state.values[key] ?? .null) == .null && !coming.contains(key) && written.contains(key) {
                add(id, "it reads 'state.\(key)', which only nodes write that the run has passed")
            }
        }
    }

    private func keys(_ node: GraphNode) -> Set<String> {
        node.templates.reduce(into: []) { $0.formUnion($1.stateKeys) }
    }

    /// Nodes of a sub-graph read and write a state of their own, which begins anew with each pass; those of the graph of
    /// a for-each read the one around it.
    private func isOutermost(_ id: String) -> Bool {
        id.split(separator: "/").dropLast().allSatisfy { $0.hasSuffix(".do.graph") }
    }

    /// Nodes of a list or a graph in a for-each write into the item's own state.
    private func writesState(_ id: String) -> Bool { isOutermost(id) && !id.contains(".do.") }

    private func reachable() -> Set<String> {
        var seen: Set<String> = []
        var open = state.strands.values.flatMap { strand -> [String] in
            guard let node = new.nodes[strand.node] else { return [] }
            return strand.activity == .ready ? [node.id] : node.inside + node.successors
        }
        while let id = open.popLast() {
            guard isOutermost(id), let node = new.nodes[id], seen.insert(id).inserted else { continue }
            open += node.inside + node.successors
        }
        return seen
    }
}

extension GraphNode {
    fileprivate var inside: [String] {
        switch work {
        case .forEach(let loop): [loop.body.start]
        case .parallel(let parallel): parallel.branches
        default: []
        }
    }
}
