/// Sums, counts and extremes of the cells that fit conditions.
enum ConditionalFunctions {
    static let all: [Function] = [
        .call("COUNTIF", 2...2, "rs", .takesErrors) { e, a throws(Stop) in
            var count = 0
            let criteria = try Criteria(&e, [a[0], a[1]])
            try criteria.each(&e, nil) { _ in count += 1 }
            return .number(Double(count))
        },
        .call("COUNTIFS", 2...254, "(rs)", .takesErrors) { e, a throws(Stop) in
            var count = 0
            try Criteria(&e, a[...]).each(&e, nil) { _ in count += 1 }
            return .number(Double(count))
        },
        .call("SUMIF", 2...3, "rsr", .takesErrors) { e, a throws(Stop) in .number(try single(&e, a).total) },
        .call("AVERAGEIF", 2...3, "rsr", .takesErrors) { e, a throws(Stop) in try average(&e, try single(&e, a)) },
        .call("SUMIFS", 3...255, "r(rs)", .takesErrors) { e, a throws(Stop) in .number(try several(&e, a).total) },
        .call("AVERAGEIFS", 3...255, "r(rs)", .takesErrors) { e, a throws(Stop) in
            try average(&e, try several(&e, a))
        },
        .call("MAXIFS", 3...255, "r(rs)", [.takesErrors, .later]) { e, a throws(Stop) in
            let sum = try several(&e, a)
            return .number(sum.numbers > 0 ? sum.most : 0)
        },
        .call("MINIFS", 3...255, "r(rs)", [.takesErrors, .later]) { e, a throws(Stop) in
            let sum = try several(&e, a)
            return .number(sum.numbers > 0 ? sum.least : 0)
        },
    ]

    private static func average(_ e: inout Evaluator, _ sum: AreaSum) throws(Stop) -> Operand {
        guard sum.numbers > 0 else { throw e.fail(.division, "No number fits the conditions.") }
        return .number(sum.total / Double(sum.numbers))
    }

    /// The third argument's upper left corner counts; it is as large as the first.
    private static func single(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> AreaSum {
        var source = a[0]
        if a.has(2) {
            guard case .area(let tested) = a[0], case .area(let given) = a[2],
                let moved = Area(
                    sheet: Int(given.sheet), row: Int(given.top), column: Int(given.left), rows: tested.rows,
                    columns: tested.columns)
            else { throw e.fail(.value, "The condition and the sum need ranges of cells.") }
            source = .area(moved)
        }
        return try sum(&e, source, try Criteria(&e, [a[0], a[1]]))
    }

    private static func several(_ e: inout Evaluator, _ a: [Operand]) throws(Stop) -> AreaSum {
        try sum(&e, a[0], try Criteria(&e, a.dropFirst()))
    }

    private static func sum(_ e: inout Evaluator, _ operand: Operand, _ criteria: Criteria) throws(Stop) -> AreaSum {
        guard case .area(let area) = operand else {
            if case .value(.error(let error)) = operand { throw .error(error) }
            throw e.fail(.value, "The sum needs a range of cells.")
        }
        try e.prepare(area)
        var total = AreaSum()
        var problem: Int?
        try criteria.each(&e, area) { evaluator, slot in
            guard let slot else { return }
            switch evaluator.store.tags[slot] {
            case CellStore.Tag.number: total.add(Double(bitPattern: evaluator.store.payloads[slot]))
            case CellStore.Tag.error: if problem == nil { problem = slot }
            default: break
            }
        }
        if let problem { throw e.source(problem) }
        return total
    }
}

/// Ranges of one size and the condition that each must fit.
struct Criteria {
    private var tests: [(area: Area, criterion: Criterion)] = []

    /// Ranges and conditions in turn.
    init(_ e: inout Evaluator, _ a: some Collection<Operand>) throws(Stop) {
        let a = Array(a)
        guard a.count % 2 == 0 else { throw e.fail(.value, "A range lacks its condition.") }
        for index in stride(from: 0, to: a.count, by: 2) {
            guard case .area(let area) = a[index] else {
                if case .value(.error(let error)) = a[index] { throw .error(error) }
                throw e.fail(.value, "A condition needs a range of cells.")
            }
            if let first = tests.first, first.area.rows != area.rows || first.area.columns != area.columns {
                throw e.fail(.value, "The ranges \(first.area.name) and \(area.name) are not equally large.")
            }
            try e.prepare(area)
            tests.append((area, Criterion(a[index + 1].single, e.system)))
        }
    }

    /// Calls `body` for each place that fits all conditions, with the slot of the cell at that place in `target`
    /// (`nil`: it is empty).
    func each(_ e: inout Evaluator, _ target: Area?, _ body: (inout Evaluator, Int?) -> Void) throws(Stop) {
        guard let first = tests.first else { return }
        for column in 0..<first.area.columns {
            // An index of an exact value names the few rows that can fit.
            if let (index, rows) = candidates(&e, column) {
                try e.charge(rows.count)
                for row in rows { visit(&e, Int(row), column, target, skipping: index, body) }
                continue
            }
            let last = try lastRow(&e, column, target)
            guard last >= 0 else { continue }
            try e.charge(last / 4 + 1)
            let lead = tests.firstIndex { !$0.criterion.fitsBlank }
            guard let lead else {
                for row in 0...last { visit(&e, row, column, target, skipping: nil, body) }
                continue
            }
            let area = tests[lead].area
            guard let number = e.store.columnNumbers(Self.column(area, column)).first else { continue }
            let criterion = tests[lead].criterion
            var rows: [Int] = []
            let store = e.store
            store.eachUsed(column: number, Int(area.top), Int(area.bottom)) { slot in
                if criterion.fits(store.value(slot)) {
                    rows.append(Int(store.blocks[slot >> 6].row) + slot & 63 - Int(area.top))
                }
            }
            for row in rows { visit(&e, row, column, target, skipping: lead, body) }
        }
    }

    func each(_ e: inout Evaluator, _ target: Area?, _ body: (Int?) -> Void) throws(Stop) {
        try each(&e, target) { (_: inout Evaluator, slot: Int?) in body(slot) }
    }

    private static func column(_ area: Area, _ offset: Int) -> Area {
        var column = area
        column.left += Int32(offset)
        column.right = column.left
        return column
    }

    private func candidates(_ e: inout Evaluator, _ column: Int) -> (Int, ArraySlice<Int32>)? {
        var best: (Int, ArraySlice<Int32>)?
        for (index, test) in tests.enumerated() {
            guard let exact = test.criterion.exact,
                let rows = e.indexes.rows(Self.column(test.area, column), equalTo: exact, &e.store)
            else { continue }
            if best.map({ rows.count < $0.1.count }) ?? true { best = (index, rows) }
        }
        return best
    }

    /// The last row, from the area's top, at which any of the ranges holds something; all below are alike. Where blank
    /// cells fit everything, all rows count.
    private func lastRow(_ e: inout Evaluator, _ column: Int, _ target: Area?) throws(Stop) -> Int {
        if target == nil, tests.allSatisfy({ $0.criterion.fitsBlank }) {
            guard let first = tests.first else { return -1 }
            try e.charge(first.area.rows)
            return first.area.rows - 1
        }
        var last = -1
        for area in tests.map(\.area) + (target.map { [$0] } ?? []) {
            if let row = e.store.lastUsedRow(Self.column(area, column)) { last = max(last, row - Int(area.top)) }
        }
        return last
    }

    @inline(__always)
    private func visit(
        _ e: inout Evaluator, _ row: Int, _ column: Int, _ target: Area?, skipping: Int?,
        _ body: (inout Evaluator, Int?) -> Void
    ) {
        for (index, test) in tests.enumerated() where index != skipping {
            let slot = e.store.slot(
                sheet: Int(test.area.sheet), row: Int(test.area.top) + row, column: Int(test.area.left) + column)
            guard test.criterion.fits(slot.map { e.store.value($0) } ?? .blank) else { return }
        }
        guard let target else { return body(&e, nil) }
        body(
            &e, e.store.slot(sheet: Int(target.sheet), row: Int(target.top) + row, column: Int(target.left) + column))
    }
}
