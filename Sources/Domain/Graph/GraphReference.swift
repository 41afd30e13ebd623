/// A stored graph that a sub-graph names: `{"slug": "read-page", "version": 3}` or `{"id": "<uuid>"}`. Without a
/// version it is the newest one when the run is created; a run keeps what it found then.
package struct GraphReference: Sendable, Hashable, CustomStringConvertible {
    package enum Subject: Sendable, Hashable {
        case id(GraphID)
        case slug(String)
    }

    package var subject: Subject
    package var version: Int?

    /// `nil` for anything that is not of one of the two forms.
    package init?(_ json: JSONValue) {
        guard let members = json.object, Set(members.keys).isSubset(of: ["id", "slug", "version"]) else { return nil }
        switch (members["id"], members["slug"]) {
        case (.string(let text)?, nil):
            guard let id = GraphID(text) else { return nil }
            subject = .id(id)
        case (nil, .string(let slug)?) where !slug.isEmpty && slug.utf8.count <= GraphLimits.nameBytes:
            subject = .slug(slug)
        default: return nil
        }
        guard let version = members["version"] else { return }
        guard let whole = version.int, whole >= 1, let number = Int(exactly: whole) else { return nil }
        self.version = number
    }

    package var description: String {
        let name =
            switch subject {
            case .id(let id): id.description
            case .slug(let slug): slug
            }
        return version.map { "\(name) version \($0)" } ?? name
    }
}

extension GraphDefinition {
    /// The stored graphs that the graph still names; empty once it is pinned.
    package var references: [GraphReference] {
        nodes.values.sorted { $0.id < $1.id }.compactMap { node in
            guard case .subgraph(let subgraph) = node.work else { return nil }
            return subgraph.reference
        }
    }

    /// The same graph with every stored graph that it names put in its place, so that a run keeps all of it. `resolve`
    /// gives the JSON of a stored graph, `nil` where there is none. Throws `GraphFaults` for graphs that are absent,
    /// that name each other in a circle (they stand more than `GraphLimits.graphDepth` deep), or that do not fit.
    package func pinned(resolve: (GraphReference) async throws -> JSONValue?) async throws -> GraphDefinition {
        var graph = self
        for _ in 0...GraphLimits.graphDepth {
            let open = graph.nodes.values.sorted { $0.id < $1.id }
                .compactMap { node -> (GraphNode, GraphReference)? in
                    guard case .subgraph(let subgraph) = node.work, let reference = subgraph.reference else {
                        return nil
                    }
                    return (node, reference)
                }
            if open.isEmpty { return graph }
            var source = graph.source
            var faults: [GraphFault] = []
            for (node, reference) in open {
                let pointer = node.pointer + "/graph"
                if let found = try await resolve(reference) {
                    source.replace(at: pointer.split(separator: "/").map(String.init)[...], by: found)
                } else {
                    faults.append(GraphFault(pointer: pointer, detail: "there is no graph '\(reference)'"))
                }
            }
            guard faults.isEmpty else { throw GraphFaults(faults) }
            graph = try GraphDefinition(source)
        }
        throw GraphFaults([GraphFault(pointer: "", detail: "the graphs that this one names lead back to each other")])
    }
}

extension JSONValue {
    /// Puts `value` where the unescaped parts of a pointer lead; nowhere if they lead nowhere. A node's pointer holds
    /// nothing that RFC 6901 escapes.
    fileprivate mutating func replace(at parts: ArraySlice<String>, by value: JSONValue) {
        guard let part = parts.first else {
            self = value
            return
        }
        switch self {
        case .object(var members):
            members[part]?.replace(at: parts.dropFirst(), by: value)
            self = .object(members)
        case .array(var items):
            guard let index = Int(part), items.indices.contains(index) else { return }
            items[index].replace(at: parts.dropFirst(), by: value)
            self = .array(items)
        default: return
        }
    }
}
