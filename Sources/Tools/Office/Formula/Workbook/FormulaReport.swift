/// A formula whose value is an error.
package struct FormulaReport: Sendable, Hashable {
    package let sheet: String
    /// `B7`
    package let cell: String
    package let formula: String
    package let error: ErrorValue
    package let reason: String
    /// The cell that the error came from, `Sheet!A1`; `nil`: it arose here.
    package let origin: String?
    /// The cells that depend on each other in a circle, this one among them; empty: there is none.
    package let circle: [String]
}

extension Evaluator {
    private func name(_ slot: Int) -> String {
        let address = store.address(slot)
        return CellName.sheet(sheetNames[address.sheet]) + "!" + address.position.name
    }

    func reports() -> [FormulaReport] {
        var found: [(CellAddress, FormulaReport)] = []
        for (slot, place) in formulaSlots {
            guard case .error(let error) = store.value(slot), !store.isDirty(slot) else { continue }
            let address = store.address(slot)
            let origin = circles[slot] == nil && reasons[slot] == nil ? origins[slot] ?? source(slot, error) : nil
            found.append(
                (
                    address,
                    FormulaReport(
                        sheet: sheetNames[address.sheet], cell: address.position.name,
                        formula: expressions[place].expression.text(at: address.position), error: error,
                        reason: reason(slot, error, origin), origin: origin.map(name),
                        circle: (circles[slot] ?? []).map(name)
                    )
                ))
        }
        return found.sorted {
            ($0.0.sheet, $0.0.row, $0.0.column) < ($1.0.sheet, $1.0.row, $1.0.column)
        }.map(\.1)
    }

    private func reason(_ slot: Int, _ error: ErrorValue, _ origin: Int?) -> String {
        if let circle = circles[slot] {
            let names = circle.prefix(12).map(name).joined(separator: ", ")
            return
                "The formula depends on itself: \(names)\(circle.count > 12 ? " and \(circle.count - 12) more" : "")."
        }
        if let reason = reasons[slot] { return reason }
        guard let origin else { return error.meaning }
        let text = circles[origin] != nil ? "It depends on itself." : reasons[origin] ?? error.meaning
        return "The error comes from \(name(origin)): \(text)"
    }

    /// The first cell with this error among those that the formula names.
    private func source(_ slot: Int, _ error: ErrorValue) -> Int? {
        guard let place = store.formula(slot) else { return nil }
        let own = store.address(slot)
        for hint in expressions[place].hints {
            let sheet = hint.sheet < 0 ? own.sheet : hint.sheet
            guard let area = hint.node.area(sheet: sheet, row: own.row, column: own.column) else { continue }
            for number in store.columnNumbers(area) {
                var found: Int?
                store.eachUsed(column: number, Int(area.top), Int(area.bottom)) { cell in
                    if found == nil, cell != slot, store.value(cell) == .error(error) { found = cell }
                }
                if let found { return origins[found] ?? found }
            }
        }
        return nil
    }
}
