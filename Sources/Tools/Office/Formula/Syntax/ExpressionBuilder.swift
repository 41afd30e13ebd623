/// Collects the nodes of an expression.
struct ExpressionBuilder {
    private(set) var nodes: [Node] = []
    private(set) var links: [Int32] = []
    private var strings: [String] = []
    private var stringPlaces: [String: Int32] = [:]
    private var areas: [AreaNode] = []
    private var matrices: [Matrix] = []
    private var tables: [TableNode] = []
    private var sheets: [String] = []

    mutating func add(_ node: Node) -> Int32 {
        nodes.append(node)
        return Int32(nodes.count - 1)
    }

    mutating func string(_ text: String) -> Int32 {
        if let place = stringPlaces[text] { return place }
        let place = Int32(strings.count)
        stringPlaces[text] = place
        strings.append(text)
        return place
    }

    mutating func sheet(_ name: String) -> Int32 {
        if let place = sheets.firstIndex(where: { Ordering.texts($0, name) == 0 }) { return Int32(place) }
        sheets.append(name)
        return Int32(sheets.count - 1)
    }

    mutating func area(_ area: AreaNode) -> Int32 {
        areas.append(area)
        return add(.area(Int32(areas.count - 1)))
    }

    mutating func matrix(_ matrix: Matrix) -> Int32 {
        matrices.append(matrix)
        return add(.array(Int32(matrices.count - 1)))
    }

    mutating func table(_ table: TableNode) -> Int32 {
        tables.append(table)
        return add(.table(Int32(tables.count - 1)))
    }

    mutating func list(_ items: [Int32]) -> Int32 {
        let first = Int32(links.count)
        links += items
        return first
    }

    func area(_ node: Int32) -> AreaNode? {
        if case .area(let index) = nodes[Int(node)] { areas[Int(index)] } else { nil }
    }

    func finish() -> Expression {
        Expression(
            nodes: nodes, links: links, strings: strings, areas: areas, matrices: matrices, tables: tables,
            sheets: sheets)
    }

    /// Whether the node can stand beside `:`, a blank or a comma between references.
    func isReference(_ index: Int32) -> Bool {
        var index = index
        while true {
            switch nodes[Int(index)] {
            case .cell, .area, .name, .table, .spilled, .variable, .unknown, .bind: return true
            case .error(let error): return error == .reference
            case .group(let inner): index = inner
            case .chain(let first, _): return Operator(rawValue: links[Int(first) + 1])?.isReference ?? false
            case .call(let function, _, _): return FunctionTable.shared[function].givesReference
            case .missing, .number, .text, .boolean, .array, .prefix, .percent: return false
            }
        }
    }
}
