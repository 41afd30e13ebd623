package import Domain

extension Divergence {
    /// The first recorded change that `graph` could not have made: a run's record read against a graph that was changed
    /// under it. Needs the changes alone, where `RunHistory` needs the inputs too.
    package static func first(
        in changes: some Sequence<RunChange>, against graph: GraphDefinition, from state: RunState = RunState()
    ) -> Divergence? {
        var state = state
        for (index, change) in changes.enumerated() {
            if !graph.allows(change, in: state) {
                return Divergence(
                    turn: 0, change: index, node: change.node(in: state), recorded: change, found: nil)
            }
            state.apply(change)
        }
        return nil
    }
}

extension GraphDefinition {
    fileprivate func allows(_ change: RunChange, in state: RunState) -> Bool {
        func node(_ strand: Int) -> GraphNode? { state.strands[strand].flatMap { nodes[$0.node] } }
        switch change {
        case .opened(_, let strand):
            guard let parent = strand.parent else { return strand.node == start }
            return nodes[strand.node] != nil && holds(node(parent), strand.node)
        case .visited(let id, _): return node(id) != nil
        case .moved(let id, let next): return nodes[next] != nil && (node(id)?.successors.contains(next) ?? false)
        case .called(let job): return allows(job)
        case .waited(let id, let signal, _):
            guard case .wait(let wait)? = node(id)?.work else { return false }
            return wait.condition == .signal(signal)
        case .slept(let id, _): return node(id)?.kind == "wait"
        case .asked(let id, let approval):
            guard case .tool(let call)? = node(id)?.work else { return node(id)?.kind == "approval" }
            return call.tool == approval.tool
        case .looped(let id, _): return node(id)?.kind == "for_each"
        case .joined(let id, _): return ["parallel", "subgraph"].contains(node(id)?.kind)
        case .wrote(let path, let reducer, _):
            return reducer == (path.names.count == 1 ? reducers[path.key] ?? .replace : .replace)
        default: return true
        }
    }

    private func allows(_ job: OpenJob) -> Bool {
        guard job.reconciles == nil else { return true }
        guard let node = nodes[job.node] else { return false }
        if job.compensates != nil { return node.compensation?.tool == job.tool }
        switch node.work {
        // A call that could not be made has no tool's name.
        case .tool(let call): return job.kind == .tool && (job.tool == call.tool || job.tool.isEmpty)
        case .model: return job.kind == .model || job.tool.isEmpty
        default: return false
        }
    }

    private func holds(_ outer: GraphNode?, _ inner: String) -> Bool {
        switch outer?.work {
        case .parallel(let parallel): parallel.branches.contains(inner)
        case .subgraph(let subgraph): subgraph.start == inner
        case .forEach(let loop): loop.body.start == inner
        default: false
        }
    }
}
