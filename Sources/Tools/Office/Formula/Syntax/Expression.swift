/// A parsed formula. References that are not absolute are kept as distances, so that one expression serves every cell
/// that it was filled into; two formulas that differ by such a shift only are equal.
package final class Expression: Sendable, Hashable {
    /// Children stand before their parents; the last node is the root.
    let nodes: [Node]
    /// Operands and operators of chains, arguments of calls.
    let links: [Int32]
    let strings: [String]
    let areas: [AreaNode]
    let matrices: [Matrix]
    let tables: [TableNode]
    /// Sheets that are named, in the order of their first appearance.
    package let sheets: [String]
    private let digest: Int

    init(
        nodes: [Node], links: [Int32], strings: [String], areas: [AreaNode], matrices: [Matrix], tables: [TableNode],
        sheets: [String]
    ) {
        self.nodes = nodes
        self.links = links
        self.strings = strings
        self.areas = areas
        self.matrices = matrices
        self.tables = tables
        self.sheets = sheets
        var hasher = Hasher()
        hasher.combine(nodes)
        hasher.combine(links)
        hasher.combine(strings)
        hasher.combine(areas)
        hasher.combine(sheets)
        digest = hasher.finalize()
    }

    /// Names of functions that are not known: each evaluates to `#NAME?`.
    package var unknownFunctions: [String] {
        nodes.compactMap { node in
            if case .unknown(let name, _, _) = node { strings[Int(name)] } else { nil }
        }
    }

    var root: Int32 { Int32(nodes.count - 1) }

    package static func == (first: Expression, second: Expression) -> Bool {
        first === second
            || first.digest == second.digest && first.nodes == second.nodes && first.links == second.links
                && first.strings == second.strings && first.areas == second.areas
                && first.matrices == second.matrices && first.tables == second.tables && first.sheets == second.sheets
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

/// A node of an expression. Numbers are indices into the expression's lists.
enum Node: Sendable, Hashable {
    /// An argument that is left out: `IF(A1,,2)`.
    case missing
    case number(Double)
    case text(Int32)
    case boolean(Bool)
    case error(ErrorValue)
    case array(Int32)
    /// `sheet` is -1 for the formula's own.
    case cell(RelativeCell, sheet: Int32)
    case area(Int32)
    case name(Int32, sheet: Int32)
    case table(Int32)
    /// A name that LET bound, and the place of its value.
    case variable(Int32, slot: Int32)
    case prefix(Prefix, Int32)
    case percent(Int32)
    /// `A1#`
    case spilled(Int32)
    case group(Int32)
    /// Operand, operator, operand and so on, all of one precedence, from the left.
    case chain(first: Int32, operands: Int32)
    case call(function: Int32, first: Int32, count: Int32)
    /// A function that is not known: evaluates to `#NAME?`.
    case unknown(name: Int32, first: Int32, count: Int32)
    /// Names and values in turn, then the body.
    case bind(first: Int32, count: Int32)

    enum Prefix: UInt8, Sendable, Hashable {
        case plus
        case minus
        /// `@`: one value of a range, the one in this row or column.
        case single
    }
}

/// Operators between two operands, the weakest first.
enum Operator: Int32, Sendable, Hashable {
    case equal, notEqual, less, greater, lessOrEqual, greaterOrEqual
    case join
    case add, subtract
    case multiply, divide
    case power
    case union
    case intersection
    case range

    var text: String {
        switch self {
        case .equal: "="
        case .notEqual: "<>"
        case .less: "<"
        case .greater: ">"
        case .lessOrEqual: "<="
        case .greaterOrEqual: ">="
        case .join: "&"
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .divide: "/"
        case .power: "^"
        case .union: ","
        case .intersection: " "
        case .range: ":"
        }
    }

    var isReference: Bool { rawValue >= Self.union.rawValue }
}

/// A rectangle as written.
struct AreaNode: Sendable, Hashable {
    enum Extent: UInt8, Sendable, Hashable {
        case cells
        /// `A:B`
        case columns
        /// `1:5`
        case rows
    }

    var first: RelativeCell
    var last: RelativeCell
    var extent: Extent
    /// -1 for the formula's own.
    var sheet: Int32
}

/// `Table[[#Headers],[First]:[Last]]`
struct TableNode: Sendable, Hashable {
    struct Parts: OptionSet, Sendable, Hashable {
        let rawValue: UInt8
        static let headers = Parts(rawValue: 1)
        static let data = Parts(rawValue: 2)
        static let totals = Parts(rawValue: 4)
        static let thisRow = Parts(rawValue: 8)
        static let all: Parts = [.headers, .data, .totals]
    }

    /// Empty: the table that the formula stands in.
    var table: String
    /// Empty: data.
    var parts: Parts
    /// `nil`: all columns.
    var firstColumn: String?
    var lastColumn: String?
}
