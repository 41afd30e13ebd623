/// A row or a column of values that is searched.
struct Line {
    enum Source {
        case area(Area)
        case matrix(Matrix)
    }

    let source: Source
    let isRow: Bool
    /// Cells, blank ones at the end included.
    let count: Int
    /// Cells up to the last filled one.
    let filled: Int
    /// Row or column within the source that is searched.
    private let offset: Int

    /// One row or column of an operand: `nil` where it has several and `isRow` does not say which way to go.
    init(_ e: inout Evaluator, _ operand: Operand, isRow wanted: Bool? = nil, offset: Int = 0) throws(Stop) {
        self.offset = offset
        switch operand {
        case .area(let area):
            try e.prepare(area)
            source = .area(area)
            isRow = wanted ?? (area.rows == 1 && area.columns > 1)
            count = isRow ? area.columns : area.rows
            if isRow {
                let last = e.store.columnNumbers(area).last.map { Int(e.store.columns[$0].index) - Int(area.left) + 1 }
                filled = last ?? 0
            } else {
                var column = area
                column.left += Int32(offset)
                column.right = column.left
                filled = (e.store.lastUsedRow(column).map { $0 - Int(area.top) + 1 }) ?? 0
            }
        case .areas: throw e.fail(.value, "Several ranges stand where one belongs.")
        default:
            let matrix = try e.matrix(operand)
            source = .matrix(matrix)
            isRow = wanted ?? (matrix.rows == 1 && matrix.columns > 1)
            count = isRow ? matrix.columns : matrix.rows
            filled = isRow ? count : matrix.tail.isBlank ? matrix.stored : count
        }
    }

    func value(_ e: borrowing Evaluator, _ index: Int) -> CellValue {
        switch source {
        case .area(let area):
            let row = Int(area.top) + (isRow ? offset : index)
            let column = Int(area.left) + (isRow ? index : offset)
            guard let slot = e.store.slot(sheet: Int(area.sheet), row: row, column: column) else { return .blank }
            return e.store.value(slot)
        case .matrix(let matrix): return isRow ? matrix[offset, index] : matrix[index, offset]
        }
    }

    /// The column of cells that is searched; `nil`: it is none.
    private var column: Area? {
        guard case .area(var area) = source, !isRow else { return nil }
        area.left += Int32(offset)
        area.right = area.left
        return area
    }

    // MARK: Searches; all give the index of a cell

    /// The first, or the last, cell that equals the value; texts may hold wildcards.
    func equal(_ e: inout Evaluator, _ wanted: CellValue, hasWildcards: Bool, isLast: Bool = false) throws(Stop) -> Int?
    {
        if case .blank = wanted { return nil }
        var pattern: Wildcard?
        var wanted = wanted
        if hasWildcards, case .text(let text) = wanted {
            let wildcard = Wildcard(text)
            if wildcard.isPattern { pattern = wildcard } else { wanted = .text(wildcard.plain) }
        }
        if pattern == nil, wanted.error == nil, let column {
            if let rows = e.indexes.rows(column, equalTo: wanted, &e.store) {
                return (isLast ? rows.last : rows.first).map { Int($0) }
            }
        }
        try e.charge(filled / 4)
        for index in isLast ? stride(from: filled - 1, through: 0, by: -1) : stride(from: 0, through: filled - 1, by: 1)
        {
            let found = value(e, index)
            if let pattern {
                if case .text(let text) = found, pattern.matches(text) { return index }
            } else if Self.sameType(found, wanted), Ordering.compare(found, wanted) == 0 {
                return index
            }
        }
        return nil
    }

    private static func sameType(_ one: CellValue, _ two: CellValue) -> Bool {
        switch (one, two) {
        case (.number, .number), (.text, .text), (.boolean, .boolean): true
        default: false
        }
    }

    /// The last cell of an ascending line that is not above the value (`isDescending`: not below). Cells of other types
    /// are passed over.
    func nearest(_ e: inout Evaluator, _ wanted: CellValue, isDescending: Bool = false) throws(Stop) -> Int? {
        try e.charge(32)
        var low = 0
        var high = filled - 1
        var best: Int?
        while low <= high {
            var middle = (low + high) / 2
            let start = middle
            while middle <= high, !Self.sameType(value(e, middle), wanted) { middle += 1 }
            guard middle <= high else {
                high = start - 1
                continue
            }
            try e.charge(middle - start)
            let order = Ordering.compare(value(e, middle), wanted)
            if isDescending ? order >= 0 : order <= 0 {
                best = middle
                low = middle + 1
                // Of equal ones in a falling line the first counts.
                if isDescending, order == 0 { high = middle - 1 }
            } else {
                high = start - 1
            }
        }
        return best
    }

    /// The cell that is nearest below (or above) the value in any order; an equal one first.
    func closest(_ e: inout Evaluator, _ wanted: CellValue, isAbove: Bool, isLast: Bool) throws(Stop) -> Int? {
        try e.charge(filled / 4)
        var best: (index: Int, value: CellValue)?
        for index in isLast ? stride(from: filled - 1, through: 0, by: -1) : stride(from: 0, through: filled - 1, by: 1)
        {
            let found = value(e, index)
            guard Self.sameType(found, wanted) else { continue }
            let order = Ordering.compare(found, wanted)
            if order == 0 { return index }
            guard isAbove ? order > 0 : order < 0 else { continue }
            if let known = best {
                let better = Ordering.compare(found, known.value)
                if isAbove ? better < 0 : better > 0 { best = (index, found) }
            } else {
                best = (index, found)
            }
        }
        return best?.index
    }
}
