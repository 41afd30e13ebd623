extension Evaluator {
    /// Finds what the expression's names mean here.
    func bind(_ expression: Expression) -> BoundExpression {
        var binding = Binding(
            expression: expression, sheets: expression.sheets.map { sheet($0) ?? -1 }, evaluator: self)
        binding.collect(expression, binding.sheets, depth: 0)
        return BoundExpression(
            expression: expression, sheets: binding.sheets, hints: binding.hints, isVolatile: binding.isVolatile,
            mayBeArray: binding.mayBeArray(expression.root), isSubtotal: binding.isSubtotal(expression.root),
            tables: binding.tables)
    }

    func sheet(_ name: String) -> Int? { sheetPlaces[name.lowercased()] }
}

/// Reads an expression for the cells it needs.
private struct Binding {
    let expression: Expression
    let sheets: [Int]
    let evaluator: Evaluator
    var hints: [BoundExpression.Hint] = []
    var isVolatile = false
    var tables: [TableNode] = []

    /// Its own references and those of the names in it.
    mutating func collect(_ e: Expression, _ sheets: [Int], depth: Int) {
        for node in e.nodes {
            switch node {
            case .cell(let cell, let sheet):
                add(AreaNode(first: cell, last: cell, extent: .cells, sheet: sheet), sheets)
            case .area(let place): add(e.areas[Int(place)], sheets)
            case .table(let place): add(e.tables[Int(place)])
            case .call(let function, _, _):
                let traits = FunctionTable.shared[function].traits
                if !traits.isDisjoint(with: [.volatile, .dynamic]) { isVolatile = true }
            case .chain(let first, let operands): note(e, first, operands)
            case .spilled: isVolatile = true
            case .name(let place, let sheet): follow(e.strings[Int(place)], sheet, sheets, depth)
            default: break
            }
        }
    }

    private mutating func add(_ node: AreaNode, _ sheets: [Int]) {
        let sheet = node.sheet < 0 ? -1 : sheets[Int(node.sheet)]
        guard node.sheet < 0 || sheet >= 0 else { return }
        let hint = BoundExpression.Hint(node: node, sheet: sheet)
        if !hints.contains(hint) { hints.append(hint) }
    }

    private mutating func add(_ node: TableNode) {
        let found = node.table.isEmpty ? nil : evaluator.tables[node.table.lowercased()]
        guard let table = found else {
            // Which table, or which row, is known in the cell only.
            tables.append(node)
            return
        }
        let area = table.rows(node.parts.contains(.thisRow) ? .data : node.parts) ?? table.area
        let corner = { (row: Int32, column: Int32) in RelativeCell(row: Int(row), column: Int(column)) }
        let areaNode = AreaNode(
            first: corner(area.top, area.left), last: corner(area.bottom, area.right), extent: .cells, sheet: -1)
        if node.parts.contains(.thisRow) {
            tables.append(node)
        } else {
            hints.append(BoundExpression.Hint(node: areaNode, sheet: Int(area.sheet)))
        }
    }

    /// `A1:INDEX(…)` reaches cells that nothing names.
    private mutating func note(_ e: Expression, _ first: Int32, _ operands: Int32) {
        guard operands > 1, e.links[Int(first) + 1] == Operator.range.rawValue else { return }
        isVolatile = true
    }

    private mutating func follow(_ name: String, _ sheet: Int32, _ sheets: [Int], _ depth: Int) {
        guard depth < evaluator.limits.nameDepth else { return }
        let lower = name.lowercased()
        // The formula's own sheet is not known here: a name of any one sheet counts.
        var found = evaluator.names.filter { $0.key.name == lower }.map(\.value)
        if sheet >= 0, sheets.indices.contains(Int(sheet)),
            let own = evaluator.names[DefinedName(name: lower, sheet: sheets[Int(sheet)])]
        {
            found = [own]
        }
        for place in found {
            let bound = evaluator.expressions[place]
            collect(bound.expression, bound.sheets, depth: depth + 1)
        }
        if found.isEmpty, evaluator.tables[lower] != nil {
            add(TableNode(table: name, parts: [], firstColumn: nil, lastColumn: nil))
        }
    }

    func isSubtotal(_ index: Int32) -> Bool {
        guard case .call(let function, _, _) = expression.nodes[Int(index)] else { return false }
        return FunctionTable.shared[function].traits.contains(.subtotal)
    }

    /// Whether the result may have several values.
    func mayBeArray(_ index: Int32) -> Bool {
        switch expression.nodes[Int(index)] {
        case .missing, .number, .text, .boolean, .error, .cell, .unknown: return false
        case .area, .name, .table, .variable, .spilled, .array, .bind: return true
        case .prefix(let sign, let inner): return sign != .single && mayBeArray(inner)
        case .percent(let inner), .group(let inner): return mayBeArray(inner)
        case .chain(let first, let operands):
            if Operator(rawValue: expression.links[Int(first) + 1])?.isReference ?? false { return true }
            return (0..<operands).contains { mayBeArray(expression.links[Int(first + $0 * 2)]) }
        case .call(let function, let first, let count):
            let function = FunctionTable.shared[function]
            if !function.traits.isDisjoint(with: [.array, .reference]) { return true }
            return (0..<count).contains { place in
                function.parameter(Int(place)).isSingle && mayBeArray(expression.links[Int(first + place)])
            }
        }
    }
}
