import Domain

/// What a strand's expressions read, and where its nodes write.
extension RunMachine {
    /// What expressions see from the frame of `strand`, and in a for-each from one of its items.
    func scope(of strand: Strand, loop: ForEach? = nil, item: JSONValue? = nil, index: Int? = nil) -> ExpressionScope {
        var scope = ExpressionScope(state: state.values, input: identity.input, run: runValue)
        if let loop, let item, let index {
            scope.others = Self.names(of: loop.itemName, item, index)
        }
        var next = strand.frame
        while let id = next, let frame = state.frames[id] {
            switch frame.scope {
            case .graph(_, let input):
                scope.state = frame.values
                scope.input = input
                return scope
            case .item(let name, let value, let index, let isLocal):
                scope.others += Self.names(of: name, value, index)
                if isLocal { scope.others.append(("local", frame.values)) }
                next = frame.outer
            }
        }
        return scope
    }

    private static func names(of name: String, _ item: JSONValue, _ index: Int) -> [(name: String, value: JSONValue)] {
        let index = (name: "index", value: JSONValue.int(Int64(index)))
        return name == "item" ? [("item", item), index] : [(name, item), ("item", item), index]
    }

    /// Writes what a node of `strand` has put out, by the reducer of the graph that the strand is in.
    mutating func write(_ value: JSONValue, at path: StatePath, by strand: Strand) throws(ExpressionError) {
        let (frame, reducers) = target(of: strand)
        let reducer = path.names.count == 1 ? reducers[path.key] ?? .replace : .replace
        if let refusal = reducer.refusal(of: value) {
            throw ExpressionError(.typeMismatch, "'\(path)' cannot take the value: \(refusal)")
        }
        if let frame {
            emit(.wroteInside(frame: frame, path, reducer, value))
        } else {
            emit(.wrote(path, reducer, value))
        }
    }

    private func target(of strand: Strand) -> (frame: Int?, reducers: [String: StateReducer]) {
        var next = strand.frame
        while let id = next, let frame = state.frames[id] {
            switch frame.scope {
            case .graph(let node, _):
                guard case .subgraph(let subgraph)? = graph.nodes[node]?.work else { return (id, [:]) }
                return (id, subgraph.reducers)
            case .item(_, _, _, let isLocal):
                if isLocal { return (id, reducers(ofItem: frame)) }
                next = frame.outer
            }
        }
        return (nil, graph.reducers)
    }

    private func reducers(ofItem frame: Frame) -> [String: StateReducer] {
        guard let loop = state.strands[frame.strand]?.parent.flatMap({ state.strands[$0]?.node }),
            case .forEach(let loop)? = graph.nodes[loop]?.work
        else { return [:] }
        return loop.body.reducers
    }
}
