enum ReferenceFunctions {
    static let all: [Function] = [
        .call("ROW", 0...1, "r", .array) { e, a throws(Stop) in
            guard a.has(0) else { return .number(Double(e.here.row + 1)) }
            guard let area = try e.areas(a[0]).first else { throw .error(.reference) }
            if area.rows == 1 || !e.here.isArray { return .number(Double(area.top + 1)) }
            try e.room(area.rows, 1)
            return .matrix(Matrix(column: (Int(area.top)...Int(area.bottom)).map { .number(Double($0 + 1)) }))
        },
        .call("COLUMN", 0...1, "r", .array) { e, a throws(Stop) in
            guard a.has(0) else { return .number(Double(e.here.column + 1)) }
            guard let area = try e.areas(a[0]).first else { throw .error(.reference) }
            if area.columns == 1 || !e.here.isArray { return .number(Double(area.left + 1)) }
            return e.array(1, area.columns, (Int(area.left)...Int(area.right)).map { .number(Double($0 + 1)) })
        },
        .call("AREAS", 1...1, "r") { e, a throws(Stop) in .number(Double(try e.areas(a[0]).count)) },
        .call("OFFSET", 3...5, "rnnnn", [.reference, .dynamic]) { e, a throws(Stop) in
            let areas = try e.areas(a[0])
            guard let area = areas.first, areas.count == 1 else { throw .error(.value) }
            var (rows, columns) = (a.has(3) ? a.integer(3) : area.rows, a.has(4) ? a.integer(4) : area.columns)
            guard rows != 0, columns != 0 else { throw e.fail(.reference, "OFFSET's height or width is 0.") }
            var (row, column) = (Int(area.top) + a.integer(1), Int(area.left) + a.integer(2))
            if rows < 0 { (row, rows) = (row + rows + 1, -rows) }
            if columns < 0 { (column, columns) = (column + columns + 1, -columns) }
            guard
                let moved = Area(sheet: Int(area.sheet), row: row, column: column, rows: rows, columns: columns)
            else { throw e.fail(.reference, "OFFSET leads beyond the edge of the sheet.") }
            return .area(moved)
        },
        .call("INDIRECT", 1...2, "tb", [.reference, .dynamic]) { e, a throws(Stop) in
            guard !a.has(1) || a.flag(1) else { throw e.fail(.reference, "INDIRECT reads A1 notation only.") }
            return try indirect(&e, a.text(0))
        },
        .call("ADDRESS", 2...5, "nnnbs") { e, a throws(Stop) in try address(&e, a) },
        .call("HYPERLINK", 1...2, "ss") { e, a in .value(a.has(1) ? a.scalar(1) : a.scalar(0)) },
    ]

    private static func indirect(_ e: inout Evaluator, _ text: String) throws(Stop) -> Operand {
        let expression: Expression
        do throws(SyntaxFault) {
            expression = try FormulaParser.parse(text, at: e.here.address.position)
        } catch { throw e.fail(.reference, "\"\(text.prefix(40))\" is no reference.") }
        let outside = e.here
        defer { e.here = outside }
        guard e.here.names < e.limits.nameDepth else { throw e.fail(.reference, "INDIRECT leads to itself.") }
        e.here.names += 1
        e.here.locals = []
        e.here.sheets = expression.sheets.map { e.sheet($0) ?? -1 }
        switch expression.nodes[Int(expression.root)] {
        case .cell, .area, .name, .table, .chain:
            let operand = try e.evaluate(expression, expression.root)
            if operand.isReference { return operand }
        default: break
        }
        throw e.fail(.reference, "\"\(text.prefix(40))\" is no reference.")
    }

    private static func address(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> Operand {
        let (row, column, kind) = (a.integer(0), a.integer(1), a.has(2) ? a.integer(2) : 1)
        let isA1 = !a.has(3) || a.flag(3)
        guard (1...SyntaxLimits.rows).contains(row), (1...SyntaxLimits.columns).contains(column),
            (1...4).contains(kind)
        else { throw e.fail(.value, "There is no such cell.") }
        let (isRowAbsolute, isColumnAbsolute) = (kind == 1 || kind == 2, kind == 1 || kind == 3)
        var text = ""
        if a.has(4) {
            let name = try e.text(a.scalar(4))
            text = name.isEmpty ? "!" : CellName.sheet(name) + "!"
        }
        if isA1 {
            text += (isColumnAbsolute ? "$" : "") + CellName.letters(column - 1)
            text += (isRowAbsolute ? "$" : "") + "\(row)"
        } else {
            text += isRowAbsolute ? "R\(row)" : "R[\(row)]"
            text += isColumnAbsolute ? "C\(column)" : "C[\(column)]"
        }
        return .text(text)
    }
}
