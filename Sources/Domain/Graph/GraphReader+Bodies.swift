/// Reading nodes that hold others: for-each and parallel.
extension GraphReader {
    mutating func readForEach(_ members: [String: JSONValue], _ source: NodeSource) -> ForEach? {
        let pointer = source.pointer
        let items = expression(members["items"], pointer.appending("items"), source)
        let name = readItemName(members["as"], pointer.appending("as"))
        let inside = source.with(roots: ["item", "index", name])
        guard let body = readBody(members["do"], inside) else {
            fault(pointer, "'do' is missing")
            return nil
        }
        let yield = members["yield"].map { value in
            let roots: Set = body.form == .node ? ["output"] : ["output", "local"]
            return template(value, pointer.appending("yield"), inside.with(roots: roots))
        }
        guard let items else { return nil }
        return ForEach(
            items: items, itemName: name, body: body, yield: yield,
            maxParallel: number(members, "max_parallel", pointer, 1...GraphLimits.parallel) ?? 4,
            into: statePath(members["into"], pointer.appending("into")),
            errors: statePath(members["collect_errors_into"], pointer.appending("collect_errors_into")))
    }

    /// One node, a list of them or a graph; `inside` knows the names that all of it may read, but for `local`.
    private mutating func readBody(_ value: JSONValue?, _ inside: NodeSource) -> ForEach.Body? {
        guard let value else { return nil }
        let id = "\(inside.id).do"
        let pointer = inside.pointer.appending("do")
        let roots = inside.roots.union(["local"])
        if let list = value.array {
            readList(list, id: id, pointer: pointer, placement: .chain, roots: roots)
            return ForEach.Body(form: .list, start: "\(id).0")
        }
        if value["nodes"] != nil {
            let graph = readInner(value, of: "\(id).graph", at: pointer, roots: roots)
            return ForEach.Body(form: .graph, start: graph?.start ?? "", reducers: graph?.reducers ?? [:])
        }
        read(NodeSource(id: id, spec: value, pointer: pointer, placement: .body, roots: inside.roots))
        return ForEach.Body(form: .node, start: id)
    }

    private mutating func readItemName(_ value: JSONValue?, _ pointer: JSONPointer) -> String {
        guard let value else { return "item" }
        if let text = value.string, StatePath.isName(text), !Self.reservedRoots.contains(text) { return text }
        fault(pointer, "'as' is a name other than \(Self.reservedRoots.sorted().joined(separator: ", "))")
        return "item"
    }

    /// Nodes one after the other, `<id>.0` first.
    private mutating func readList(
        _ specs: [JSONValue], id: String, pointer: JSONPointer, placement: NodeSource.Placement, roots: Set<String>
    ) {
        if specs.isEmpty { fault(pointer, "a list of at least one node is expected") }
        for (offset, spec) in specs.enumerated() {
            let next = offset + 1 < specs.count ? "\(id).\(offset + 1)" : nil
            read(
                NodeSource(
                    id: "\(id).\(offset)", spec: spec, pointer: pointer.appending(offset), placement: placement,
                    next: next, roots: roots))
        }
    }

    mutating func readParallel(
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
                let id = "\(source.id).\(index)"
                readList(specs, id: id, pointer: place, placement: .branch, roots: source.roots)
                branches.append("\(id).0")
            } else {
                fault(place, "a branch is a node's id or a list of nodes")
            }
        }
        if node.next == nil, source.placement == .top { fault(source.pointer, "'join' is missing") }
        return Parallel(branches: branches)
    }
}
