/// Bounds of a workbook's calculation.
package struct FormulaLimits: Sendable, Hashable {
    /// Cells that hold a value or a formula: about 10 bytes each where they stand densely.
    package var cells = 20_000_000
    /// Nodes visited and blocks of 64 cells looked at in one calculation: some tens of seconds of work.
    package var steps = 2_000_000_000
    /// Elements of one array.
    package var arrayCells = 4_194_304
    /// UTF-16 units of a text, as Excel has it.
    package var cellCharacters = 32_767
    /// Bytes of all texts together.
    package var textBytes = 1 << 30
    /// Names within names.
    package var nameDepth = 16
    /// Rounds of a calculation in which arrays may still grow into other formulas' ranges.
    package var spillRounds = 32

    package init() {}
}

/// What formulas may know of the world: functions that differ each time take it from here, so that a calculation can
/// be repeated.
package struct Surroundings: Sendable, Hashable {
    /// Serial number of the present day and time.
    package var now: Double
    /// Of the random numbers.
    package var seed: UInt64

    package init(now: Double, seed: UInt64) {
        self.now = now
        self.seed = seed
    }

    /// In 0..<1 (SplitMix64).
    package mutating func random() -> Double {
        seed &+= 0x9E37_79B9_7F4A_7C15
        var mixed = seed
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return Double(mixed >> 11) / 9_007_199_254_740_992
    }
}

/// Why a workbook cannot be computed, or a part of it not be taken.
package struct FormulaFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        case formulaInvalid = "formula_invalid"
        case sheetInvalid = "sheet_invalid"
        case cellInvalid = "cell_invalid"
        case nameInvalid = "name_invalid"
        case tooManyCells = "too_many_cells"
        case tooCostly = "too_costly"
        case tooMuchText = "too_much_text"
    }

    package let code: Code
    package let message: String
    package var description: String { message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// A name; of one sheet only, or of the workbook.
struct DefinedName: Sendable, Hashable {
    /// In lower case.
    var name: String
    var sheet: Int?
}

/// A table that structured references can name.
package struct FormulaTable: Sendable, Hashable {
    package var name: String
    /// With headers and totals.
    package var area: Area
    package var columns: [String]
    package var hasHeaders: Bool
    package var hasTotals: Bool

    package init(name: String, area: Area, columns: [String], hasHeaders: Bool = true, hasTotals: Bool = false) {
        self.name = name
        self.area = area
        self.columns = columns
        self.hasHeaders = hasHeaders
        self.hasTotals = hasTotals
    }

    var data: Area { rows(.data) ?? area }

    /// The rows of these parts; `nil`: the table has none of them.
    func rows(_ parts: TableNode.Parts) -> Area? {
        var top = Int(area.top)
        var bottom = Int(area.bottom)
        let parts = parts.isEmpty ? .data : parts
        if hasHeaders, !parts.contains(.headers) { top += 1 }
        if hasTotals, !parts.contains(.totals) { bottom -= 1 }
        if !parts.contains(.data) {
            if parts.contains(.headers), !parts.contains(.totals) {
                guard hasHeaders else { return nil }
                bottom = top
            } else if parts.contains(.totals), !parts.contains(.headers) {
                guard hasTotals else { return nil }
                top = bottom
            }
        }
        guard top <= bottom else { return nil }
        return Area(sheet: Int(area.sheet), rows: top...bottom, columns: Int(area.left)...Int(area.right))
    }
}

/// An expression and what its names mean in this workbook.
struct BoundExpression: Sendable {
    /// Cells that it reads as far as its text tells.
    struct Hint: Sendable, Hashable {
        var node: AreaNode
        /// -1: the formula's own.
        var sheet: Int
    }

    let expression: Expression
    var sheets: [Int]
    var hints: [Hint]
    /// Computed in every calculation: it depends on the clock, on chance or on cells that only its evaluation finds.
    var isVolatile: Bool
    var mayBeArray: Bool
    /// Its outermost function is SUBTOTAL or AGGREGATE.
    var isSubtotal: Bool
    /// Needs the hints of the cell that it stands in: `Table[@Column]`.
    var tables: [TableNode]
}

extension Evaluator {
    /// The range that a structured reference means here.
    mutating func area(_ node: TableNode) throws(Stop) -> Area {
        let found =
            node.table.isEmpty
            ? tables.values.first { $0.area.contains(here.address) } : tables[node.table.lowercased()]
        guard let table = found else {
            throw fail(
                .reference,
                node.table.isEmpty ? "The formula is in no table." : "There is no table \(node.table.prefix(60)).")
        }
        var area: Area
        if node.parts.contains(.thisRow) {
            guard let rows = table.rows(.data), here.sheet == Int(rows.sheet),
                (Int(rows.top)...Int(rows.bottom)).contains(here.row)
            else { throw fail(.value, "The formula is in no row of the table \(table.name.prefix(60)).") }
            area = rows
            (area.top, area.bottom) = (Int32(here.row), Int32(here.row))
        } else {
            guard let rows = table.rows(node.parts) else {
                throw fail(.reference, "The table \(table.name.prefix(60)) has no such rows.")
            }
            area = rows
        }
        guard let firstName = node.firstColumn else { return area }
        let first = try column(firstName, table)
        let last = try node.lastColumn.map { name throws(Stop) in try column(name, table) } ?? first
        let left = area.left
        area.left = left + Int32(min(first, last))
        area.right = left + Int32(max(first, last))
        return area
    }

    private mutating func column(_ name: String, _ table: FormulaTable) throws(Stop) -> Int {
        guard let place = table.columns.firstIndex(where: { Ordering.texts($0, name) == 0 }), place < table.area.columns
        else { throw fail(.reference, "The table \(table.name.prefix(60)) has no column \(name.prefix(60)).") }
        return place
    }
}
