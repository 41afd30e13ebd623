import Formula
import Testing

/// A workbook of one or several sheets for tests; cells are named as in formulas.
struct Sheet {
    var book: FormulaWorkbook
    /// 2024-03-15 12:00.
    static let now = Surroundings(now: 45366.5, seed: 7)

    /// `cells` by name, `Other!B2` for other sheets; texts that start with `=` are formulas.
    init(_ cells: [(String, Content)] = [], limits: FormulaLimits = FormulaLimits(), system: DateSystem = .year1900)
        throws
    {
        book = FormulaWorkbook(limits: limits, system: system)
        try book.addSheet("Sheet1")
        for (name, content) in cells { try set(name, content) }
    }

    enum Content: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
        ExpressibleByBooleanLiteral
    {
        case value(CellValue)
        case formula(String)

        init(floatLiteral value: Double) { self = .value(.number(value)) }
        init(integerLiteral value: Int) { self = .value(.number(Double(value))) }
        init(booleanLiteral value: Bool) { self = .value(.boolean(value)) }
        init(stringLiteral value: String) { self = value.hasPrefix("=") ? .formula(value) : .value(.text(value)) }
    }

    struct NoCell: Error {
        var name: String
    }

    mutating func address(_ name: String) throws -> CellAddress {
        let parts = name.split(separator: "!").map(String.init)
        var sheet = 0
        if parts.count == 2 {
            sheet = try book.sheet(named: parts[0]) ?? book.addSheet(parts[0])
        }
        guard let position = CellPosition(parts[parts.count - 1]) else { throw NoCell(name: name) }
        return CellAddress(sheet: sheet, row: position.row, column: position.column)
    }

    mutating func set(_ name: String, _ content: Content, mode: FormulaMode = .dynamic) throws {
        let place = try address(name)
        switch content {
        case .value(let value): try book.set(value, at: place)
        case .formula(let text): try book.setFormula(text, at: place, mode: mode)
        }
    }

    /// Calculates, and returns how many formulas that took.
    @discardableResult
    mutating func calculate() throws -> Int { try book.calculate(Self.now) }

    mutating func value(_ name: String) throws -> CellValue { book.value(at: try address(name)) }

    /// The values of a rectangle, rows joined by `;` and cells by `,`.
    mutating func text(_ first: String, _ last: String) throws -> String {
        let (start, end) = (try address(first), try address(last))
        return (start.row...end.row).map { row in
            (start.column...end.column).map {
                book.value(at: CellAddress(sheet: start.sheet, row: row, column: $0)).text
            }.joined(separator: ",")
        }.joined(separator: ";")
    }

    /// The value of a formula in a sheet of its own, with `cells` around it; it stands in Z100.
    static func value(_ formula: String, _ cells: [(String, Content)] = [], system: DateSystem = .year1900) throws
        -> CellValue
    {
        var sheet = try Sheet(cells, system: system)
        try sheet.set("Z100", .formula(formula))
        try sheet.calculate()
        return try sheet.value("Z100")
    }
}

/// Whether two values are the same to 12 digits.
func agree(_ first: CellValue, _ second: CellValue, digits: Double = 1e-12) -> Bool {
    if case .number(let one) = first, case .number(let two) = second {
        return one == two || (one - two).magnitude <= max(one.magnitude, two.magnitude) * digits
    }
    return first == second
}
