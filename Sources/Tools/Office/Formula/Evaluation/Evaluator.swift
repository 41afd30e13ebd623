/// Computes expressions over the cells of a workbook.
struct Evaluator: Sendable {
    /// Where the formula stands that is being computed.
    struct Place: Sendable {
        var sheet = 0
        var row = 0
        var column = 0
        /// Sheet numbers of the expression's sheets; -1: there is no such sheet.
        var sheets: [Int] = []
        /// A range where one value belongs is computed for each cell; else the cell in this row or column counts.
        var isArray = true
        var locals: [Operand] = []
        /// Names that are being computed around here.
        var names = 0

        var address: CellAddress { CellAddress(sheet: sheet, row: row, column: column) }
    }

    var store = CellStore()
    let limits: FormulaLimits
    let system: DateSystem
    var surroundings = Surroundings(now: 0, seed: 0)
    var sheetNames: [String] = []
    var sheetPlaces: [String: Int] = [:]
    var expressions: [BoundExpression] = []
    var names: [DefinedName: Int] = [:]
    var tables: [String: FormulaTable] = [:]
    var here = Place()
    /// Nodes visited and blocks of cells looked at.
    var steps = 0
    /// Where the evaluation met cells without a current value.
    var pending: Area?
    /// The last cell whose error was read.
    var errorSource: Int?
    /// Why the last error arose that was not read from a cell.
    var reason: (error: ErrorValue, text: String)?
    /// Of formulas in error, by slot: the cell that the error came from, or why it arose.
    var origins: [Int: Int] = [:]
    var reasons: [Int: String] = [:]
    /// Slots of circular formulas and the whole circle of each.
    var circles: [Int: [Int]] = [:]
    /// Formulas with an array that had no room.
    var blocked: Set<Int> = []
    /// Cells that an array filled or left since the round began.
    var disturbed: [Area] = []
    var indexes = ColumnIndexes()
    /// Where each formula's array was written, by its slot.
    var spills: [Int: Area] = [:]

    /// Of formulas that are not dynamic, by slot.
    var modes: [Int: FormulaMode] = [:]
    var hasArrays = false
    var readers: ReaderIndex?
    /// Slots of formulas that are computed each time.
    var volatile: Set<Int> = []

    init(limits: FormulaLimits, system: DateSystem) {
        self.limits = limits
        self.system = system
    }

    /// What stops a formula with an error, and why.
    mutating func fail(_ error: ErrorValue, _ reason: String) -> Stop {
        self.reason = (error, reason)
        errorSource = nil
        return .error(error)
    }

    mutating func charge(_ count: Int) throws(Stop) {
        steps &+= count
        if steps > limits.steps { throw .exhausted }
    }

    // MARK: Cells

    /// The value of a cell; stops where it is not current.
    @inline(__always)
    mutating func read(sheet: Int, row: Int, column: Int) throws(Stop) -> CellValue {
        guard let slot = store.slot(sheet: sheet, row: row, column: column) else { return .blank }
        if store.isDirty(slot) {
            pending = Area(sheet: sheet, rows: row...row, columns: column...column)
            throw .pending
        }
        let value = store.value(slot)
        if case .error = value { errorSource = slot }
        return value
    }

    mutating func read(_ address: CellAddress) throws(Stop) -> CellValue {
        try read(sheet: address.sheet, row: address.row, column: address.column)
    }

    /// Stops where a cell of the area has no current value.
    mutating func prepare(_ area: Area) throws(Stop) {
        try charge(1)
        guard
            store.firstDirty(area, fromColumn: Int(area.left), fromRow: Int(area.top), includingOpen: true) != nil
        else { return }
        pending = area
        throw .pending
    }

    /// The cells of an area as values; what lies below the last filled row is its tail.
    mutating func matrix(_ area: Area) throws(Stop) -> Matrix {
        try prepare(area)
        let last = store.lastUsedRow(area) ?? Int(area.top) - 1
        let stored = last - Int(area.top) + 1
        let columns = area.columns
        guard stored * columns <= limits.arrayCells else {
            throw fail(.calculation, "An array of \(stored) x \(columns) is too large.")
        }
        try charge(stored * columns / 8)
        var values = [CellValue](repeating: .blank, count: stored * columns)
        for number in store.columnNumbers(area) {
            let offset = Int(store.columns[number].index) - Int(area.left)
            let store = self.store
            store.eachUsed(column: number, Int(area.top), last) { slot in
                let row = Int(store.blocks[slot >> 6].row) + slot & 63 - Int(area.top)
                values[row * columns + offset] = store.value(slot)
            }
        }
        return Matrix(rows: area.rows, columns: columns, stored: stored, values, tail: .blank)
    }

    /// Any operand as values.
    mutating func matrix(_ operand: Operand) throws(Stop) -> Matrix {
        switch operand {
        case .matrix(let matrix): return matrix
        case .area(let area): return try matrix(area)
        case .value(let value): return Matrix(rows: 1, columns: 1, [value])
        case .missing: return Matrix(rows: 1, columns: 1, [.blank])
        case .areas: throw fail(.value, "Several ranges stand where one belongs.")
        }
    }

    // MARK: Single values

    /// The one value of an operand; `nil`: it has several.
    @inline(__always)
    mutating func one(_ operand: Operand) throws(Stop) -> CellValue? {
        switch operand {
        case .value(let value): return value
        case .missing: return .blank
        case .matrix(let matrix): return matrix.count == 1 ? matrix[0, 0] : nil
        case .areas: throw fail(.value, "Several ranges stand where one value belongs.")
        case .area(let area):
            if area.isCell { return try read(area.first) }
            return here.isArray ? nil : try crossing(area)
        }
    }

    /// The cell of a single row or column that lies in the formula's own row or column.
    mutating func crossing(_ area: Area) throws(Stop) -> CellValue {
        if area.isCell { return try read(area.first) }
        if area.columns == 1, (Int(area.top)...Int(area.bottom)).contains(here.row) {
            return try read(sheet: Int(area.sheet), row: here.row, column: Int(area.left))
        }
        if area.rows == 1, (Int(area.left)...Int(area.right)).contains(here.column) {
            return try read(sheet: Int(area.sheet), row: Int(area.top), column: here.column)
        }
        throw fail(.value, "The range \(area.name) has no cell in the formula's row or column.")
    }

    /// The one value of an operand; of several the first.
    mutating func first(_ operand: Operand) throws(Stop) -> CellValue {
        if let value = try one(operand) { return value }
        switch operand {
        case .area(let area): return try read(area.first)
        case .matrix(let matrix): return matrix[0, 0]
        default: return .blank
        }
    }

    // MARK: Coercion

    @inline(__always)
    mutating func number(_ value: CellValue) throws(Stop) -> Double {
        switch value {
        case .number(let number): return number
        case .blank: return 0
        case .boolean(let flag): return flag ? 1 : 0
        case .error(let error): throw .error(error)
        case .text(let text):
            guard let number = NumberText.parse(text, system) else {
                throw fail(.value, "The text \"\(text.prefix(40))\" is no number.")
            }
            return number
        }
    }

    mutating func text(_ value: CellValue) throws(Stop) -> String {
        if case .error(let error) = value { throw .error(error) }
        return value.text
    }

    mutating func flag(_ value: CellValue) throws(Stop) -> Bool {
        switch value {
        case .boolean(let flag): return flag
        case .number(let number): return number != 0
        case .blank: return false
        case .error(let error): throw .error(error)
        case .text(let text):
            switch text.uppercased() {
            case "TRUE": return true
            case "FALSE": return false
            default: throw fail(.value, "The text \"\(text.prefix(40))\" is neither TRUE nor FALSE.")
            }
        }
    }

    /// A result's text, refused where a cell could not hold it.
    mutating func result(_ text: String) throws(Stop) -> Operand {
        guard text.utf8.count <= limits.cellCharacters || text.utf16.count <= limits.cellCharacters else {
            throw fail(.value, "A text has more than \(limits.cellCharacters) characters.")
        }
        return .text(text)
    }
}
