/// Reading nodes that hold others: for-each and parallel.
extension GraphReader {
    mutating func readForEach(_ members: [String: JSONValue], _ source: NodeSource) -> ForEach? {
        let pointer = source.pointer
        let items = expression(members["items"], pointer.appending("items"), source)
        let name = readItemName(members["as"], pointer.appending("as"))
        let roots: Set = ["item", "index", name]
        let chain = members["do"]?.array
        var body = "\(source.id).do"
        if let chain {
            readList(
                chain, id: body, pointer: pointer.appending("do"), placement: .chain, roots: roots.union(["local"]))
            body += ".0"
        } else if let spec = members["do"] {
            read(
                NodeSource(
                    id: body, spec: spec, pointer: pointer.appending("do"), placement: .body,
                    roots: source.roots.union(roots)))
        } else {
            fault(pointer, "'do' is missing")
        }
        var inside = source.with(roots: roots)
        if chain != nil { inside.roots.insert("local") }
        let yield = members["yield"].map { template($0, pointer.appending("yield"), inside.with(roots: ["output"])) }
        guard let items else { return nil }
        return ForEach(
            items: items, itemName: name, body: body, isChain: chain != nil, yield: yield,
            maxParallel: number(members, "max_parallel", pointer, 1...GraphLimits.parallel) ?? 4,
            into: statePath(members["into"], pointer.appending("into")),
            errors: statePath(members["collect_errors_into"], pointer.appending("collect_errors_into")))
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
        if node.next == nil { fault(source.pointer, "'join' is missing") }
        return Parallel(branches: branches)
    }
}
