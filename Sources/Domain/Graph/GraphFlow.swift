/// Checks where a graph leads: what is reached, from where it can end, and what its branches write.
struct GraphFlow {
    let start: String
    let nodes: [String: GraphNode]
    let reducers: [String: StateReducer]

    func faults() -> [GraphFault] {
        let main = reach(from: start, stop: nil)
        var found: [GraphFault] = []
        var reached = main
        var owner: [String: String] = [:]
        for node in nodes.values.sorted(by: { $0.id < $1.id }) {
            if case .forEach(let loop) = node.work { reached.formUnion(reach(from: loop.body.start, stop: nil)) }
            guard case .parallel(let parallel) = node.work else { continue }
            let flows = parallel.branches.map { reach(from: $0, stop: node.next) }
            for (index, flow) in flows.enumerated() {
                found += branchFaults(flow, of: node.id, index, main: main, owner: &owner)
                reached.formUnion(flow)
            }
            found += outputFaults(flows, of: node.id)
        }
        for id in nodes.keys where !reached.contains(id) {
            found.append(fault(id, "this node is never reached"))
        }
        found += endFaults(main: main) + cycleFaults()
        return found
    }

    /// Nodes on the way from `id` by `next`, choices and error routes, up to but without `stop`.
    private func reach(from id: String, stop: String?) -> Set<String> {
        var seen: Set<String> = []
        var open = [id]
        while let id = open.popLast() {
            guard id != stop, let node = nodes[id], seen.insert(id).inserted else { continue }
            open += node.successors
        }
        return seen
    }

    private func branchFaults(
        _ flow: Set<String>, of parallel: String, _ index: Int, main: Set<String>, owner: inout [String: String]
    ) -> [GraphFault] {
        var found: [GraphFault] = []
        let name = "\(parallel)/\(index)"
        for id in flow.sorted() {
            if main.contains(id) {
                found.append(
                    fault(id, "this node is reached both from inside a branch of '\(parallel)' and from outside"))
            } else if let other = owner[id], other != name {
                found.append(fault(id, "this node belongs to more than one branch"))
            }
            owner[id] = name
            if case .end? = nodes[id]?.work { found.append(fault(id, "a branch cannot end the run")) }
        }
        return found
    }

    private func outputFaults(_ flows: [Set<String>], of parallel: String) -> [GraphFault] {
        var written: [(path: StatePath, branch: Int)] = []
        var found: [GraphFault] = []
        // What stands in the list of a for-each writes into the item's own state, which has no reducers.
        let isListed = parallel.split(separator: "/").last?.contains(".do.") ?? false
        let reducers = isListed ? [:] : reducers
        for (branch, flow) in flows.enumerated() {
            for path in flow.sorted().flatMap({ nodes[$0]?.outputs ?? [] }) {
                let reducer = path.names.count == 1 ? reducers[path.key] ?? .replace : .replace
                if let other = written.first(where: { $0.branch != branch && $0.path.overlaps(path) }),
                    reducer == .replace
                {
                    let detail =
                        "branches \(other.branch) and \(branch) both write '\(path)'; give it a reducer"
                    found.append(
                        GraphFault(
                            pointer: (nodes[parallel]?.pointer ?? "") + "/branches/\(branch)", detail: detail))
                }
                written.append((path, branch))
            }
        }
        return found
    }

    /// In the main flow every node leads on or is an end, and an end can be reached from each.
    private func endFaults(main: Set<String>) -> [GraphFault] {
        var found: [GraphFault] = []
        var sources: [String: [String]] = [:]
        var ending: [String] = []
        for id in main {
            guard let node = nodes[id] else { continue }
            for successor in node.successors { sources[successor, default: []].append(id) }
            if case .end = node.work { ending.append(id) }
            if node.isDeadEnd { found.append(fault(id, "'next' is missing")) }
        }
        var leads: Set<String> = []
        while let id = ending.popLast() {
            if leads.insert(id).inserted { ending += sources[id] ?? [] }
        }
        for id in main where !leads.contains(id) && !(nodes[id]?.isDeadEnd ?? false) {
            found.append(fault(id, "no 'end' can be reached from here"))
        }
        return found
    }

    /// A cycle needs a choice that leads out of it, or a person who can; an error route is no exit, it may never be
    /// taken.
    private func cycleFaults() -> [GraphFault] {
        var found: [GraphFault] = []
        for cycle in StronglyConnected(nodes).components {
            let members = Set(cycle)
            let isCycle = cycle.count > 1 || nodes[cycle[0]]?.successors.contains(cycle[0]) == true
            let hasExit = cycle.contains { id in
                guard let node = nodes[id], node.isFork else { return false }
                return node.successors.contains { !members.contains($0) }
            }
            guard isCycle, !hasExit, let first = cycle.min() else { continue }
            let path = cycle.sorted().joined(separator: ", ")
            found.append(fault(first, "a cycle without exit: \(path); a choice must lead out of it"))
        }
        return found
    }

    private func fault(_ id: String, _ detail: String) -> GraphFault {
        GraphFault(pointer: nodes[id]?.pointer ?? "", detail: detail)
    }
}

extension GraphNode {
    /// Whether it is decided at the node where the run goes.
    fileprivate var isFork: Bool {
        switch work {
        case .choice: true
        case .approval(let approval): approval.onReject != nil
        case .tool(let call): call.approval?.onReject != nil
        default: false
        }
    }

    fileprivate var isDeadEnd: Bool {
        switch work {
        case .end, .choice: false
        default: next == nil
        }
    }
}

/// Tarjan's strongly connected components, without recursion.
private struct StronglyConnected {
    private(set) var components: [[String]] = []

    init(_ nodes: [String: GraphNode]) {
        var order: [String: Int] = [:]
        var low: [String: Int] = [:]
        var stack: [String] = []
        var onStack: Set<String> = []
        for root in nodes.keys.sorted() where order[root] == nil {
            var work: [(id: String, successors: ArraySlice<String>)] = []
            func open(_ id: String) {
                order[id] = order.count
                low[id] = order[id]
                stack.append(id)
                onStack.insert(id)
                work.append((id, (nodes[id]?.successors ?? [])[...]))
            }
            open(root)
            while var frame = work.popLast() {
                guard let successor = frame.successors.popFirst() else {
                    close(frame.id)
                    continue
                }
                work.append(frame)
                if order[successor] == nil, nodes[successor] != nil {
                    open(successor)
                } else if onStack.contains(successor) {
                    low[frame.id] = min(low[frame.id] ?? 0, order[successor] ?? 0)
                }
            }
            func close(_ id: String) {
                if let parent = work.last?.id { low[parent] = min(low[parent] ?? 0, low[id] ?? 0) }
                guard low[id] == order[id] else { return }
                var component: [String] = []
                while let member = stack.popLast() {
                    onStack.remove(member)
                    component.append(member)
                    if member == id { break }
                }
                components.append(component)
            }
        }
    }
}
