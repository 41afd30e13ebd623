/// Sheets of cells and formulas that compute themselves.
///
/// Values and formulas are set, then `calculate` gives every formula a value; after later changes it computes only what
/// depends on them. Cells count from 0.
package struct FormulaWorkbook: Sendable {
    private var evaluator: Evaluator
    /// Places of expressions, so that formulas that are filled down share one.
    private var places: [Expression: Int] = [:]
    /// Cells that changed since the last calculation.
    private var changed: [Area] = []
    private var isCalculated = false

    package init(limits: FormulaLimits = FormulaLimits(), system: DateSystem = .year1900) {
        evaluator = Evaluator(limits: limits, system: system)
    }

    package var sheetNames: [String] { evaluator.sheetNames }
    /// Cells that hold a value.
    package var cellCount: Int { evaluator.store.filled }
    package var formulaCount: Int { evaluator.store.formulaCount }

    // MARK: Structure

    /// Adds a sheet; the name is at most 31 characters, without `[]:*?/\`, and no other sheet's.
    @discardableResult
    package mutating func addSheet(_ name: String) throws(FormulaFailure) -> Int {
        let isAllowed =
            !name.isEmpty && name.utf16.count <= 31 && !name.contains { "[]:*?/\\".contains($0) }
            && !name.hasPrefix("'") && !name.hasSuffix("'")
        guard isAllowed else { throw FormulaFailure(.sheetInvalid, "'\(name.prefix(40))' cannot name a sheet.") }
        guard evaluator.sheetPlaces[name.lowercased()] == nil else {
            throw FormulaFailure(.sheetInvalid, "There are two sheets with the name '\(name)'.")
        }
        let number = evaluator.sheetNames.count
        evaluator.sheetNames.append(name)
        evaluator.sheetPlaces[name.lowercased()] = number
        evaluator.store.addSheet()
        rebind()
        return number
    }

    package func sheet(named name: String) -> Int? { evaluator.sheet(name) }

    /// Defines a name for a formula, of one sheet or of the workbook. References in it should be absolute.
    package mutating func define(_ name: String, as formula: String, onSheet sheet: Int? = nil) throws(FormulaFailure) {
        guard let first = name.unicodeScalars.first, first == "_" || first == "\\" || first.properties.isAlphabetic,
            name.utf16.count <= 255, !name.contains(where: { " ()[]{},;:!'\"+-*/^&=<>%@#$".contains($0) }),
            CellPosition(name) == nil, !["TRUE", "FALSE", "R", "C"].contains(name.uppercased())
        else { throw FormulaFailure(.nameInvalid, "'\(name.prefix(40))' cannot be a name.") }
        if let sheet, !evaluator.sheetNames.indices.contains(sheet) {
            throw FormulaFailure(.sheetInvalid, "There is no sheet \(sheet).")
        }
        let place = intern(try parse(formula, at: .origin))
        evaluator.names[DefinedName(name: name.lowercased(), sheet: sheet)] = place
        rebind()
    }

    package mutating func define(_ table: FormulaTable) throws(FormulaFailure) {
        let fits =
            evaluator.sheetNames.indices.contains(Int(table.area.sheet)) && table.columns.count <= table.area.columns
            && table.area.top >= 0 && table.area.left >= 0 && table.area.rows >= 1 && table.area.columns >= 1
            && Int(table.area.bottom) < SyntaxLimits.rows && Int(table.area.right) < SyntaxLimits.columns
        guard fits, !table.name.isEmpty else {
            throw FormulaFailure(.nameInvalid, "The table '\(table.name.prefix(40))' does not fit its cells.")
        }
        evaluator.tables[table.name.lowercased()] = table
        rebind()
    }

    /// Names mean something else now: everything is computed anew.
    private mutating func rebind() {
        guard !evaluator.expressions.isEmpty else { return }
        for place in evaluator.expressions.indices {
            evaluator.expressions[place] = evaluator.bind(evaluator.expressions[place].expression)
        }
        evaluator.readers = nil
        evaluator.volatile = []
        for (slot, place) in evaluator.formulaSlots { classify(slot, place) }
        isCalculated = false
    }

    private mutating func classify(_ slot: Int, _ place: Int) {
        let bound = evaluator.expressions[place]
        if bound.isVolatile { evaluator.volatile.insert(slot) }
        if bound.mayBeArray { evaluator.hasArrays = true }
    }

    // MARK: Cells

    private func checked(_ address: CellAddress) throws(FormulaFailure) {
        guard evaluator.sheetNames.indices.contains(address.sheet), (0..<SyntaxLimits.rows).contains(address.row),
            (0..<SyntaxLimits.columns).contains(address.column)
        else {
            throw FormulaFailure(
                .cellInvalid,
                "There is no cell in row \(address.row) and column \(address.column) of sheet \(address.sheet).")
        }
        guard evaluator.store.filled + evaluator.store.formulaCount < evaluator.limits.cells else {
            throw FormulaFailure(.tooManyCells, "The workbook has more than \(evaluator.limits.cells) cells.")
        }
    }

    /// Sets a value; the cell's formula goes.
    package mutating func set(_ value: CellValue, at address: CellAddress) throws(FormulaFailure) {
        try checked(address)
        if case .number(let number) = value, !number.isFinite {
            throw FormulaFailure(.cellInvalid, "A cell cannot hold the number \(number).")
        }
        if value.isBlank, evaluator.store.slot(address) == nil { return }
        let slot = evaluator.store.makeSlot(address)
        forget(slot)
        evaluator.store.write(slot, value)
        changed.append(Area(cell: address))
    }

    /// Sets a formula, with or without its leading `=`.
    package mutating func setFormula(
        _ text: String, at address: CellAddress, mode: FormulaMode = .dynamic
    ) throws(FormulaFailure) {
        try checked(address)
        try setFormula(try parse(text, at: address.position), at: address, mode: mode)
    }

    /// Sets a formula that was read for this or another cell: its relative references move along.
    package mutating func setFormula(
        _ expression: Expression, at address: CellAddress, mode: FormulaMode = .dynamic
    ) throws(FormulaFailure) {
        try checked(address)
        let place = intern(expression)
        let slot = evaluator.store.makeSlot(address)
        forget(slot)
        evaluator.modes[slot] = mode == .dynamic ? nil : mode
        if case .array = mode { evaluator.hasArrays = true }
        evaluator.store.setFormula(slot, place)
        evaluator.readers = nil
        classify(slot, place)
        changed.append(Area(cell: address))
    }

    private mutating func forget(_ slot: Int) {
        if evaluator.store.formula(slot) != nil {
            evaluator.retract(slot)
            evaluator.store.setFormula(slot, nil)
            evaluator.readers = nil
            evaluator.volatile.remove(slot)
            evaluator.modes[slot] = nil
            evaluator.settle(slot, .blank)
        } else if evaluator.store.blocks[slot >> 6].spilled >> UInt64(slot & 63) & 1 != 0 {
            evaluator.evict(slot)
        }
        evaluator.circles[slot] = nil
    }

    private func parse(_ text: String, at base: CellPosition) throws(FormulaFailure) -> Expression {
        do { return try FormulaParser.parse(text, at: base) } catch {
            throw FormulaFailure(
                .formulaInvalid, "The formula '\(text.prefix(80))' cannot be read: \(error.description).")
        }
    }

    private mutating func intern(_ expression: Expression) -> Int {
        if let place = places[expression] { return place }
        let place = evaluator.expressions.count
        places[expression] = place
        evaluator.expressions.append(evaluator.bind(expression))
        return place
    }

    /// The value that the last calculation left.
    package func value(at address: CellAddress) -> CellValue { evaluator.store.value(address) }

    /// The formula's text without its `=`; `nil`: the cell has none. `forFile`: with the prefixes of XLSX files.
    package func formula(at address: CellAddress, forFile: Bool = false) -> String? {
        guard let slot = evaluator.store.slot(address), let place = evaluator.store.formula(slot) else { return nil }
        let table = forFile ? evaluator.tables.values.first { $0.area.contains(address) }?.name : nil
        return evaluator.expressions[place].expression.text(at: address.position, forFile: forFile, inTable: table)
    }

    /// What the formula's array fills, itself included; `nil`: it has one value.
    package func spill(at address: CellAddress) -> Area? {
        evaluator.store.slot(address).flatMap { evaluator.spills[$0] }
    }

    // MARK: Calculation

    /// Computes the formulas that have no current value. Returns how many evaluations that took. Throws where a bound
    /// is reached; the formulas without a value then keep their old one.
    @discardableResult
    package mutating func calculate(_ surroundings: Surroundings) throws(FormulaFailure) -> Int {
        evaluator.surroundings = surroundings
        if isCalculated {
            soilChanged()
        } else {
            for (slot, _) in evaluator.formulaSlots { evaluator.store.soil(slot) }
        }
        changed = []
        evaluator.indexes = ColumnIndexes()
        let count = try evaluator.calculate()
        isCalculated = true
        return count
    }

    private mutating func soilChanged() {
        let circular = Set(evaluator.circles.keys)
        evaluator.circles = [:]
        for slot in evaluator.volatile.union(evaluator.blocked).union(circular) {
            evaluator.store.soil(slot)
            changed.append(Area(cell: evaluator.store.address(slot)))
        }
        changed += evaluator.disturbed
        if !changed.isEmpty { _ = evaluator.soilReaders(of: changed) }
    }

    /// All formulas in error, in the order of sheets, rows and columns.
    package var reports: [FormulaReport] { evaluator.reports() }
}

extension Evaluator {
    /// Slots of all formulas and the places of their expressions.
    var formulaSlots: [(slot: Int, place: Int)] {
        var slots: [(slot: Int, place: Int)] = []
        slots.reserveCapacity(store.formulaCount)
        for block in store.blocks.indices {
            var bits = store.blocks[block].formulas
            while bits != 0 {
                let slot = block << 6 | bits.trailingZeroBitCount
                bits &= bits - 1
                if let place = store.formula(slot) { slots.append((slot, place)) }
            }
        }
        return slots
    }

    /// A cell that an array had filled is set: the array has lost its room.
    mutating func evict(_ slot: Int) {
        let address = store.address(slot)
        for (anchor, area) in spills where area.contains(address) {
            retract(anchor)
            store.soil(anchor)
            disturbed.append(Area(cell: store.address(anchor)))
        }
    }
}
