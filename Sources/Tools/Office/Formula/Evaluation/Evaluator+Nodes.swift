extension Evaluator {
    mutating func evaluate(_ e: Expression, _ index: Int32) throws(Stop) -> Operand {
        steps &+= 1
        if steps > limits.steps { throw .exhausted }
        switch e.nodes[Int(index)] {
        case .number(let value): return .value(.number(value))
        case .cell(let cell, let sheet): return try reference(cell, sheet)
        case .chain(let first, let operands): return try chain(e, first, operands)
        case .call(let function, let first, let count): return try call(e, function, first, count)
        case .area(let place): return try reference(e.areas[Int(place)])
        case .text(let place): return .text(e.strings[Int(place)])
        case .boolean(let value): return .boolean(value)
        case .error(let error): throw fail(error, "The formula contains \(error.text).")
        case .missing: return .missing
        case .array(let place): return .matrix(e.matrices[Int(place)])
        case .group(let inner): return try evaluate(e, inner)
        case .prefix(let sign, let inner): return try prefix(sign, try evaluate(e, inner))
        case .percent(let inner):
            return try each(try evaluate(e, inner)) { evaluator, value throws(Stop) in
                .finite(try evaluator.number(value) / 100)
            }
        case .variable(_, let slot): return here.locals[Int(slot)]
        case .bind(let first, let count): return try bind(e, first, count)
        case .spilled(let inner): return try spilled(try evaluate(e, inner))
        case .name(let place, let sheet): return try named(e.strings[Int(place)], sheet)
        case .table(let place): return .area(try area(e.tables[Int(place)]))
        case .unknown(let name, _, _):
            throw fail(.name, "There is no function \(e.strings[Int(name)].prefix(60)).")
        }
    }

    private mutating func sheet(_ index: Int32) throws(Stop) -> Int {
        if index < 0 { return here.sheet }
        let sheet = here.sheets.indices.contains(Int(index)) ? here.sheets[Int(index)] : -1
        guard sheet >= 0 else { throw fail(.reference, "The formula names a sheet that does not exist.") }
        return sheet
    }

    @inline(__always)
    private mutating func reference(_ cell: RelativeCell, _ sheet: Int32) throws(Stop) -> Operand {
        let (row, column) = (cell.row(at: here.row), cell.column(at: here.column))
        guard row >= 0, column >= 0, row < SyntaxLimits.rows, column < SyntaxLimits.columns else {
            throw fail(.reference, "A reference leads beyond the edge of the sheet.")
        }
        let place = try self.sheet(sheet)
        return .area(Area(sheet: place, rows: row...row, columns: column...column))
    }

    private mutating func reference(_ node: AreaNode) throws(Stop) -> Operand {
        let place = try sheet(node.sheet)
        guard let area = node.area(sheet: place, row: here.row, column: here.column) else {
            throw fail(.reference, "A reference leads beyond the edge of the sheet.")
        }
        return .area(area)
    }

    private mutating func prefix(_ sign: Node.Prefix, _ operand: Operand) throws(Stop) -> Operand {
        switch sign {
        case .plus: return operand
        case .minus:
            return try each(operand) { evaluator, value throws(Stop) in .finite(-(try evaluator.number(value))) }
        case .single:
            if case .area(let area) = operand { return .value(try crossing(area)) }
            return .value(try first(operand))
        }
    }

    private mutating func bind(_ e: Expression, _ first: Int32, _ count: Int32) throws(Stop) -> Operand {
        let outside = here.locals.count
        defer { here.locals.removeLast(here.locals.count - outside) }
        for index in stride(from: Int(first) + 1, to: Int(first + count) - 1, by: 2) {
            let value: Operand
            do { value = try evaluate(e, e.links[index]) } catch {
                // An error is bound like any other value: the body may not use it.
                guard case .error(let problem) = error else { throw error }
                value = .error(problem)
            }
            here.locals.append(value)
        }
        return try evaluate(e, e.links[Int(first + count) - 1])
    }

    private mutating func spilled(_ operand: Operand) throws(Stop) -> Operand {
        guard case .area(let area) = operand, area.isCell else {
            throw fail(.reference, "'#' follows something that is no cell.")
        }
        _ = try read(area.first)
        guard let slot = store.slot(area.first), let whole = spills[slot] else {
            throw fail(.reference, "The formula in \(area.name) has no array to refer to.")
        }
        return .area(whole)
    }

    /// A defined name: the sheet's own before the workbook's.
    private mutating func named(_ name: String, _ sheet: Int32) throws(Stop) -> Operand {
        let lower = name.lowercased()
        let scope = try self.sheet(sheet)
        let found = names[DefinedName(name: lower, sheet: scope)] ?? names[DefinedName(name: lower, sheet: nil)]
        guard let found else {
            if let table = tables[lower] { return .area(table.data) }
            throw fail(.name, "The name \(name.prefix(60)) is not defined.")
        }
        guard here.names < limits.nameDepth else { throw fail(.name, "The name \(name.prefix(60)) leads to itself.") }
        let outside = here
        defer { here = outside }
        let bound = expressions[found]
        here.names += 1
        here.locals = []
        here.sheets = bound.sheets
        return try evaluate(bound.expression, bound.expression.root)
    }

    /// Computes a value, or each value of several.
    mutating func each(
        _ operand: Operand, _ body: (inout Evaluator, CellValue) throws(Stop) -> CellValue
    ) throws(Stop) -> Operand {
        if let value = try one(operand) { return .value(try body(&self, value)) }
        let source = try matrix(operand)
        try charge(source.values.count)
        var values: [CellValue] = []
        values.reserveCapacity(source.values.count)
        for value in source.values { values.append(try attempt(value, body)) }
        return .matrix(
            Matrix(
                rows: source.rows, columns: source.columns, stored: source.stored, values,
                tail: try attempt(source.tail, body)))
    }

    private mutating func attempt(
        _ value: CellValue, _ body: (inout Evaluator, CellValue) throws(Stop) -> CellValue
    ) throws(Stop) -> CellValue {
        do { return try body(&self, value) } catch {
            guard case .error(let problem) = error else { throw error }
            return .error(problem)
        }
    }
}

extension AreaNode {
    /// The rectangle that it means for a formula at that place; `nil` beyond the edges.
    func area(sheet: Int, row: Int, column: Int) -> Area? {
        var rows = (first.row(at: row), last.row(at: row))
        var columns = (first.column(at: column), last.column(at: column))
        if extent == .columns { rows = (0, SyntaxLimits.rows - 1) }
        if extent == .rows { columns = (0, SyntaxLimits.columns - 1) }
        let (top, bottom) = (min(rows.0, rows.1), max(rows.0, rows.1))
        let (left, right) = (min(columns.0, columns.1), max(columns.0, columns.1))
        return Area(sheet: sheet, row: top, column: left, rows: bottom - top + 1, columns: right - left + 1)
    }
}
