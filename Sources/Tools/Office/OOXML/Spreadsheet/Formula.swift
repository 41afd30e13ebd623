import DocumentModel

/// A parsed formula.
indirect enum Formula: Sendable, Hashable {
    case literal(FormulaValue)
    case range(CellRange)
    case negate(Formula)
    case percent(Formula)
    case binary(Operator, Formula, Formula)
    case call(Function, [Formula])

    enum Operator: String, Sendable, Hashable {
        case equal = "="
        case notEqual = "<>"
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
        case join = "&"
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case power = "^"

        var precedence: Int {
            switch self {
            case .equal, .notEqual, .lessOrEqual, .greaterOrEqual, .less, .greater: 1
            case .join: 2
            case .add, .subtract: 3
            case .multiply, .divide: 4
            case .power: 5
            }
        }
    }

    /// The functions whose values can be stored beside the formula. Others are refused: they would show nothing until
    /// recalculated, and some of them reach out of the file.
    enum Function: String, Sendable, Hashable, CaseIterable {
        case sum = "SUM"
        case average = "AVERAGE"
        case min = "MIN"
        case max = "MAX"
        case count = "COUNT"
        case countA = "COUNTA"
        case condition = "IF"
        case ifError = "IFERROR"
        case round = "ROUND"
        case abs = "ABS"
        case and = "AND"
        case or = "OR"
        case not = "NOT"
    }
}

/// Cells of a sheet; rows and columns from 0, ends included. One cell is a range of one.
struct CellRange: Sendable, Hashable {
    /// `nil`: the formula's own sheet.
    var sheet: String?
    var rows: ClosedRange<Int>
    var columns: ClosedRange<Int>

    var isSingle: Bool { rows.count == 1 && columns.count == 1 }

    /// `B2:B9`, `'Q 1'!$B$2`; `nil` for anything else.
    init?(_ text: String) {
        guard var parser = try? FormulaParser(text), let range = try? parser.wholeRange() else {
            return nil  // why it is not a range does not matter here
        }
        self = range
    }

    init(sheet: String?, _ first: (row: Int, column: Int), _ second: (row: Int, column: Int)) {
        self.sheet = sheet
        rows = Swift.min(first.row, second.row)...Swift.max(first.row, second.row)
        columns = Swift.min(first.column, second.column)...Swift.max(first.column, second.column)
    }

    /// Absolute, with the sheet's name quoted: `'Q 1'!$B$2:$B$9`.
    func absolute(on sheet: String) -> String {
        let name = "'" + (self.sheet ?? sheet).replacing("'", with: "''") + "'"
        let first = Self.absolute(rows.lowerBound, columns.lowerBound)
        let last = Self.absolute(rows.upperBound, columns.upperBound)
        return "\(name)!\(first)" + (isSingle ? "" : ":\(last)")
    }

    private static func absolute(_ row: Int, _ column: Int) -> String {
        "$\(CellReference.letters(ofColumn: column))$\(row + 1)"
    }
}
