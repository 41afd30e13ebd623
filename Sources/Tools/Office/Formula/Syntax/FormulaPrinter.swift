/// Writes an expression as text; reading that gives the same expression.
struct FormulaPrinter {
    private let expression: Expression
    private let base: CellPosition
    /// In files, functions that came after 2007 carry a prefix.
    private let isForFile: Bool
    /// Name of the table that the formula stands in: files name it where people need not.
    private let ownTable: String
    private var out = ""

    static func text(_ expression: Expression, at base: CellPosition, forFile: Bool, inTable table: String?) -> String {
        var printer = FormulaPrinter(expression: expression, base: base, isForFile: forFile, ownTable: table ?? "")
        printer.write(expression.root)
        return printer.out
    }

    private init(expression: Expression, base: CellPosition, isForFile: Bool, ownTable: String) {
        self.expression = expression
        self.base = base
        self.isForFile = isForFile
        self.ownTable = ownTable
    }

    private func link(_ index: Int32) -> Int32 { expression.links[Int(index)] }
    private func string(_ index: Int32) -> String { expression.strings[Int(index)] }

    private mutating func write(_ index: Int32) {
        switch expression.nodes[Int(index)] {
        case .missing: break
        case .number(let value): out += NumberText.literal(value)
        case .text(let place): write(text: string(place))
        case .boolean(let value): out += value ? "TRUE" : "FALSE"
        case .error(let error): out += error.text
        case .array(let place): write(expression.matrices[Int(place)])
        case .cell(let cell, let sheet):
            write(sheet: sheet)
            write(cell)
        case .area(let place): write(expression.areas[Int(place)])
        case .name(let place, let sheet):
            write(sheet: sheet)
            out += string(place)
        case .table(let place): write(expression.tables[Int(place)])
        case .variable(let place, _): out += (isForFile ? "_xlpm." : "") + string(place)
        case .prefix(let sign, let inner): write(sign, inner)
        case .percent(let inner):
            write(inner)
            out += "%"
        case .spilled(let inner): around("_xlfn.ANCHORARRAY(", inner, suffix: "#")
        case .group(let inner):
            out += "("
            write(inner)
            out += ")"
        case .chain(let first, let operands): write(chain: first, operands)
        case .call(let function, let first, let count):
            let function = FunctionTable.shared[function]
            write(call: (isForFile ? function.filePrefix : "") + function.name, first, count)
        case .unknown(let name, let first, let count): write(call: string(name), first, count)
        case .bind(let first, let count): write(binding: first, count)
        }
    }

    private mutating func write(_ sign: Node.Prefix, _ inner: Int32) {
        switch sign {
        case .plus: out += "+"
        case .minus: out += "-"
        case .single:
            around("_xlfn.SINGLE(", inner, prefix: "@")
            return
        }
        write(inner)
    }

    private mutating func around(_ file: String, _ inner: Int32, prefix: String = "", suffix: String = "") {
        out += isForFile ? file : prefix
        write(inner)
        out += isForFile ? ")" : suffix
    }

    private mutating func write(chain first: Int32, _ operands: Int32) {
        write(link(first))
        for index in 1..<max(1, operands) {
            out += Operator(rawValue: link(first + index * 2 - 1))?.text ?? ""
            write(link(first + index * 2))
        }
    }

    private mutating func write(call name: String, _ first: Int32, _ count: Int32) {
        out += name + "("
        for index in 0..<count {
            if index > 0 { out += "," }
            write(link(first + index))
        }
        out += ")"
    }

    private mutating func write(binding first: Int32, _ count: Int32) {
        out += isForFile ? "_xlfn.LET(" : "LET("
        for index in 0..<count {
            if index > 0 { out += "," }
            if index % 2 == 0, index < count - 1 {
                out += (isForFile ? "_xlpm." : "") + string(link(first + index))
            } else {
                write(link(first + index))
            }
        }
        out += ")"
    }

    private mutating func write(text: String) {
        out += "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    private mutating func write(sheet: Int32) {
        if sheet >= 0 { out += CellName.sheet(expression.sheets[Int(sheet)]) + "!" }
    }

    /// Beyond the edge it counts on from the other one, as Excel shows shared formulas.
    private func column(_ cell: RelativeCell) -> String {
        let column = cell.column(at: base.column)
        let wrapped = (column % SyntaxLimits.columns + SyntaxLimits.columns) % SyntaxLimits.columns
        return (cell.isColumnAbsolute ? "$" : "") + CellName.letters(wrapped)
    }

    private func row(_ cell: RelativeCell) -> String {
        let row = cell.row(at: base.row)
        let wrapped = (row % SyntaxLimits.rows + SyntaxLimits.rows) % SyntaxLimits.rows
        return (cell.isRowAbsolute ? "$" : "") + "\(wrapped + 1)"
    }

    private mutating func write(_ cell: RelativeCell) { out += column(cell) + row(cell) }

    private mutating func write(_ area: AreaNode) {
        write(sheet: area.sheet)
        switch area.extent {
        case .cells: out += column(area.first) + row(area.first) + ":" + column(area.last) + row(area.last)
        case .columns: out += column(area.first) + ":" + column(area.last)
        case .rows: out += row(area.first) + ":" + row(area.last)
        }
    }

    private mutating func write(_ matrix: Matrix) {
        out += "{"
        for row in 0..<matrix.rows {
            if row > 0 { out += ";" }
            for column in 0..<matrix.columns {
                if column > 0 { out += "," }
                switch matrix[row, column] {
                case .text(let text): write(text: text)
                case .number(let value): out += NumberText.literal(value)
                case let value: out += value.text
                }
            }
        }
        out += "}"
    }

    private mutating func write(_ table: TableNode) {
        out += table.table.isEmpty ? ownTable : table.table
        var items: [String] = []
        for (part, name) in [(TableNode.Parts.headers, "#Headers"), (.data, "#Data"), (.totals, "#Totals")]
        where table.parts.contains(part) && table.parts.intersection(.all) != .all {
            items.append("[\(name)]")
        }
        if table.parts.isSuperset(of: .all) { items.append("[#All]") }
        if table.parts.contains(.thisRow) { items.append("[#This Row]") }
        if let first = table.firstColumn {
            items.append("[\(Self.escaped(first))]" + (table.lastColumn.map { ":[\(Self.escaped($0))]" } ?? ""))
        }
        let isPlain = items.count == 1 && table.lastColumn == nil
        out += isPlain ? items[0] : "[" + items.joined(separator: ",") + "]"
    }

    private static func escaped(_ column: String) -> String {
        column.reduce(into: "") { text, character in
            if "[]#'@".contains(character) { text.append("'") }
            text.append(character)
        }
    }
}

extension Expression {
    /// Without the leading `=`, as it stands in the cell at `base`. `forFile`: with the prefixes that XLSX files want
    /// before newer functions; `inTable`: the table that the cell belongs to, which files name in `[@Column]`.
    package func text(at base: CellPosition = .origin, forFile: Bool = false, inTable table: String? = nil) -> String {
        FormulaPrinter.text(self, at: base, forFile: forFile, inTable: table)
    }
}
