/// A diagram of shapes.
package struct Diagram: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Steps one after the other.
        case process
        /// Moments on a line; `when` of each node stands beside its mark.
        case timeline
        /// Who reports to whom; nodes have children.
        case orgChart = "org_chart"
        /// Four fields, row by row from the upper start.
        case matrix
        /// Steps that come round again.
        case cycle
    }

    package struct Node: Sendable, Hashable, Codable {
        package var title: String
        package var text: String?
        /// Timeline only: the date, as shown.
        package var when: String?
        /// Organisation only.
        package var children: [Node]

        package init(_ title: String, text: String? = nil, when: String? = nil, children: [Node] = []) {
            self.title = title
            self.text = text
            self.when = when
            self.children = children
        }

        enum CodingKeys: String, CodingKey { case title, text, when, children }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            title = try container.decode(String.self, forKey: .title)
            text = try container.decodeIfPresent(String.self, forKey: .text)
            when = try container.decodeIfPresent(String.self, forKey: .when)
            children = try container.decodeIfPresent([Node].self, forKey: .children) ?? []
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(title, forKey: .title)
            try container.encodeIfPresent(text, forKey: .text)
            try container.encodeIfPresent(when, forKey: .when)
            if !children.isEmpty { try container.encode(children, forKey: .children) }
        }

        /// Itself and all below it.
        package var count: Int { children.reduce(1) { $0 + $1.count } }
        package var depth: Int { 1 + (children.map(\.depth).max() ?? 0) }
    }

    package var kind: Kind
    package var nodes: [Node]
    /// Matrix only: what grows along the line, and upwards.
    package var xAxisTitle: String?
    package var yAxisTitle: String?
    /// What the diagram shows, for those who cannot see it; `nil`: made from its nodes.
    package var altText: String?

    package init(
        _ kind: Kind, nodes: [Node], xAxisTitle: String? = nil, yAxisTitle: String? = nil, altText: String? = nil
    ) {
        self.kind = kind
        self.nodes = nodes
        self.xAxisTitle = xAxisTitle
        self.yAxisTitle = yAxisTitle
        self.altText = altText
    }

    enum CodingKeys: String, CodingKey {
        case kind, nodes
        case xAxisTitle = "x_axis_title"
        case yAxisTitle = "y_axis_title"
        case altText = "alt_text"
    }

    func inspect(_ inspection: inout DocumentInspection) {
        inspection.text(xAxisTitle, "x_axis_title", limit: DocumentLimits.title)
        inspection.text(yAxisTitle, "y_axis_title", limit: DocumentLimits.title)
        inspection.text(altText, "alt_text", limit: DocumentLimits.line)
        switch kind {
        case .process, .cycle: inspection.count(nodes.count, "nodes", in: 2...8)
        case .timeline: inspection.count(nodes.count, "nodes", in: 2...10)
        case .matrix: inspection.count(nodes.count, "nodes", in: 4...4)
        case .orgChart:
            inspection.count(nodes.count, "nodes", in: 1...1)
            let (count, depth) = (nodes.reduce(0) { $0 + $1.count }, nodes.map(\.depth).max() ?? 0)
            inspection.require(
                count <= DocumentLimits.diagramNodes, "out_of_range",
                "The chart has \(count) nodes; \(DocumentLimits.diagramNodes) are allowed.", at: "nodes")
            inspection.require(
                depth <= DocumentLimits.diagramDepth, "out_of_range",
                "The chart has \(depth) levels; \(DocumentLimits.diagramDepth) are allowed.", at: "nodes")
        }
        inspect(nodes, "nodes", &inspection, depth: 1)
    }

    private func inspect(_ nodes: [Node], _ key: String, _ inspection: inout DocumentInspection, depth: Int) {
        guard depth <= DocumentLimits.diagramDepth else { return }
        inspection.each(key, nodes) { node, inspection in
            inspection.text(node.title, "title", limit: DocumentLimits.title, required: true)
            inspection.text(node.text, "text", limit: DocumentLimits.title)
            inspection.text(node.when, "when", limit: DocumentLimits.title)
            inspection.require(
                kind == .orgChart || node.children.isEmpty, "children", "Only an organisation has children.",
                at: "children")
            inspect(node.children, "children", &inspection, depth: depth + 1)
        }
    }
}
