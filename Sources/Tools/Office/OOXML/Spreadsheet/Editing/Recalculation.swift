import Formula

/// Computes an edited workbook, and writes those values that follow from the edits: what a formula elsewhere holds stays
/// as the program left it that wrote the file.
struct Recalculation {
    struct Outcome {
        var faults: [FormulaReport]
        var count: Int
        var sharedUses: Int
        var hasFormulas: Bool
    }

    private let workbook: WorkbookEditor
    private let original: [UInt8]
    private let now: Double

    init(_ workbook: WorkbookEditor, original: [UInt8], now: Double) {
        self.workbook = workbook
        self.original = original
        self.now = now
    }

    /// A workbook with its formulas, by the parts of its sheets.
    private struct Loaded {
        var book = FormulaWorkbook()
        var parts: [String: Int] = [:]
        var formulas: [(part: String, row: Int, column: Int, span: SheetDocument.FormulaSpan)] = []
        /// Formulas that cannot be computed here keep their values.
        var opaque: Set<CellAddress> = []
        var sharedUses = 0
    }

    func run() throws(OOXMLError) -> Outcome {
        let after = try load(workbook.editor.archive())
        var outcome = Outcome(
            faults: after.book.reports, count: 0, sharedUses: after.sharedUses, hasFormulas: !after.formulas.isEmpty)
        guard !after.formulas.isEmpty else { return outcome }
        let before = try load(original)
        let reader = try WorkbookReader(workbook.editor.archive())
        var documents: [String: SheetDocument] = [:]
        var cached: [String: [Int: [Int: CellValue]]] = [:]
        for (index, sheet) in reader.sheets.enumerated() {
            let rows = Set(after.formulas.lazy.filter { $0.part == sheet.part }.map(\.row))
            var lines: [Int: [Int: CellValue]] = [:]
            try reader.rows(of: index) { (row, cells) throws(OOXMLError) in
                if rows.contains(row) {
                    lines[row] = Dictionary(cells.map { ($0.column, $0.value) }) { first, _ in first }
                }
                return true
            }
            cached[sheet.part] = lines
        }
        for formula in after.formulas {
            guard let sheet = after.parts[formula.part] else { continue }
            let area = formula.span.kind == "array" ? formula.span.area : nil
            let cells =
                area.map { area in area.rows.flatMap { row in area.columns.map { (row, $0) } } }
                ?? [(formula.row, formula.column)]
            for (row, column) in cells.prefix(FormulaLimits().arrayCells) {
                let address = CellAddress(sheet: sheet, row: row, column: column)
                guard !after.opaque.contains(address) else { continue }
                let value = after.book.value(at: address)
                let held = cached[formula.part]?[row]?[column]
                if Self.agree(value, held ?? .blank), held != nil || row != formula.row || column != formula.column {
                    continue
                }
                if held != nil, isUntouched(address, formula.part, value, before) { continue }
                if documents[formula.part] == nil {
                    documents[formula.part] = try SheetDocument(workbook.editor.bytes(formula.part))
                }
                let isFormula = row == formula.row && column == formula.column
                try documents[formula.part]?.set(
                    row, column, .init(value: value, style: nil, keepsFormula: isFormula || area != nil))
                outcome.count += 1
            }
        }
        for (part, document) in documents { workbook.editor.set(part, document.result().bytes) }
        return outcome
    }

    /// Whether the evaluator found the same for the cell before the edits.
    private func isUntouched(_ address: CellAddress, _ part: String, _ value: CellValue, _ before: Loaded) -> Bool {
        guard let sheet = before.parts[part], let place = workbook.origin(part, address.row, address.column) else {
            return false
        }
        let former = CellAddress(sheet: sheet, row: place.row, column: place.column)
        guard before.book.formula(at: former) != nil else { return false }
        return Self.agree(before.book.value(at: former), value)
    }

    /// To 12 digits.
    private static func agree(_ one: CellValue, _ two: CellValue) -> Bool {
        if case .number(let a) = one, case .number(let b) = two {
            return a == b || (a - b).magnitude <= max(a.magnitude, b.magnitude) * 1e-12
        }
        return one == two
    }

    // MARK: Loading

    private func load(_ bytes: [UInt8]) throws(OOXMLError) -> Loaded {
        let reader = try WorkbookReader(bytes)
        var loaded = Loaded()
        loaded.book = FormulaWorkbook(system: reader.dateSystem)
        do throws(FormulaFailure) {
            for (index, sheet) in reader.sheets.enumerated() {
                try loaded.book.addSheet(sheet.name)
                loaded.parts[sheet.part] = index
            }
        } catch { throw OOXMLError(error.code.rawValue, error.message) }
        for sheet in reader.sheets.indices {
            for table in try reader.tables(of: sheet) {
                let area = Area(sheet: sheet, rows: table.rows, columns: table.columns)
                // A table that cannot be defined makes its formulas errors, which are reported.
                try? loaded.book.define(
                    FormulaTable(
                        name: table.name, area: area, columns: table.headers, hasHeaders: table.hasHeaders,
                        hasTotals: table.hasTotals))
            }
        }
        for name in reader.names where !name.name.hasPrefix("_xlnm.") {
            // Names of macros and of other files mean nothing here.
            try? loaded.book.define(name.name, as: name.refersTo, onSheet: name.sheet)
        }
        for sheet in reader.sheets.indices { try fill(&loaded, reader, sheet) }
        do throws(FormulaFailure) { try loaded.book.calculate(Surroundings(now: now, seed: 1)) } catch {
            throw OOXMLError(error.code.rawValue, error.message)
        }
        return loaded
    }

    private func fill(_ loaded: inout Loaded, _ reader: WorkbookReader, _ sheet: Int) throws(OOXMLError) {
        let part = reader.sheets[sheet].part
        let document = try SheetDocument(reader.package.bytes(part))
        loaded.sharedUses += document.rows.reduce(0) { $0 + $1.cells.count(where: \.isShared) }
        var book = loaded.book
        loaded.book = FormulaWorkbook()
        try reader.rows(of: sheet) { (row, cells) throws(OOXMLError) in
            for cell in cells {
                do throws(FormulaFailure) {
                    try book.set(cell.value, at: CellAddress(sheet: sheet, row: row, column: cell.column))
                } catch { throw OOXMLError(error.code.rawValue, error.message) }
            }
            return true
        }
        for formula in document.formulas() {
            let address = CellAddress(sheet: sheet, row: formula.row, column: formula.column)
            loaded.formulas.append((part, formula.row, formula.column, formula.span))
            let mode: FormulaMode =
                formula.span.kind == "array"
                ? .array(rows: formula.span.area?.rows.count ?? 1, columns: formula.span.area?.columns.count ?? 1)
                : .single
            // What cannot be read or computed here, such as links to other files, keeps its value.
            guard formula.span.kind != "dataTable", !formula.text.isEmpty,
                let expression = try? FormulaParser.parse(formula.text, at: address.position),
                expression.unknownFunctions.isEmpty, (try? book.setFormula(expression, at: address, mode: mode)) != nil
            else {
                loaded.opaque.insert(address)
                continue
            }
        }
        loaded.book = book
    }
}
