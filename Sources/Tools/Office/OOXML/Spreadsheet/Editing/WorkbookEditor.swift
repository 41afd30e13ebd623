package import DocumentModel
package import Formula

/// Edits an XLSX file in place: parts and cells that are not named stay byte for byte as they are.
package final class WorkbookEditor {
    package struct Result: Sendable {
        package var bytes: [UInt8]
        /// Formulas whose value is an error.
        package var faults: [FormulaReport]
        /// Cells whose values followed from the changes.
        package var recalculated: Int
    }

    let editor: PackageEditor
    let main: String
    let dateSystem: DateSystem
    private let original: [UInt8]
    private(set) var sheets: [(name: String, part: String)]
    private var documents: [String: SheetDocument] = [:]
    private var styles: StyleEditor
    /// Rows and columns that were put in or taken out, by part, in order.
    private var moves: [String: [(rows: Bool, at: Int, count: Int)]] = [:]
    /// Cells of one call: more is a new workbook.
    private static let mostCells = 1_000_000

    package init(_ bytes: [UInt8], limits: PackageLimits = PackageLimits()) throws(OOXMLError) {
        let reader = try WorkbookReader(bytes, limits: limits)
        original = bytes
        editor = PackageEditor(reader.package)
        main = reader.main
        dateSystem = reader.dateSystem
        sheets = reader.sheets.map { ($0.name, $0.part) }
        styles = StyleEditor(editor, part: try reader.part("styles"), formats: try reader.formats())
    }

    package var sheetNames: [String] { sheets.map(\.name) }

    package func apply(_ edits: [WorkbookEdit]) throws(OOXMLError) {
        for (index, edit) in edits.enumerated() {
            do throws(OOXMLError) { try apply(edit) } catch {
                throw OOXMLError(error.code, "Edit \(index + 1): \(error.message)")
            }
        }
    }

    private func apply(_ edit: WorkbookEdit) throws(OOXMLError) {
        switch edit {
        case .set(let sheet, let cell, let value):
            let place = try self.place(cell)
            try put([[value]], try self.sheet(sheet), place.row, place.column, like: nil, clearing: true)
        case .fill(let sheet, let cell, let rows):
            let place = try self.place(cell)
            try put(rows, try self.sheet(sheet), place.row, place.column, like: nil, clearing: false)
        case .append(let table, let rows): try append(rows, toTable: table)
        case .appendRows(let sheet, let rows):
            let part = try self.sheet(sheet).part
            let last = try document(part).lastRow
            try put(rows, try self.sheet(sheet), last + 1, 0, like: last >= 0 ? last : nil, clearing: false)
        case .insertRows(let sheet, let row, let count): try move(sheet, rows: true, row - 1, count, sign: 1)
        case .deleteRows(let sheet, let row, let count): try move(sheet, rows: true, row - 1, count, sign: -1)
        case .insertColumns(let sheet, let column, let count):
            try move(sheet, rows: false, try self.place(column + "1").column, count, sign: 1)
        case .deleteColumns(let sheet, let column, let count):
            try move(sheet, rows: false, try self.place(column + "1").column, count, sign: -1)
        case .addSheet(let name, let rows): try addSheet(name, rows)
        case .renameSheet(let sheet, let name): try rename(sheet, to: name)
        case .deleteSheet(let sheet): try delete(sheet)
        }
    }

    // MARK: Cells

    private func sheet(_ name: String) throws(OOXMLError) -> (name: String, part: String) {
        guard let sheet = sheets.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            let names = sheets.map { "'\($0.name)'" }.joined(separator: ", ")
            throw OOXMLError("sheet_missing", "There is no sheet '\(name)'; there are \(names).")
        }
        return sheet
    }

    private func place(_ cell: String) throws(OOXMLError) -> (row: Int, column: Int) {
        guard let place = CellReference.parse(cell) else {
            throw OOXMLError("range_invalid", "'\(cell)' is not a cell.")
        }
        return place
    }

    private func document(_ part: String) throws(OOXMLError) -> SheetDocument {
        if let document = documents[part] { return document }
        let document = try SheetDocument(editor.bytes(part))
        documents[part] = document
        return document
    }

    /// Writes what is changed into the parts.
    func flush() throws(OOXMLError) {
        for (part, document) in documents where document.isChanged { editor.set(part, document.result().bytes) }
        documents = [:]
    }

    /// `like`: a row whose looks and formulas the new cells take over.
    private func put(
        _ rows: [[Cell]], _ sheet: (name: String, part: String), _ row: Int, _ column: Int, like: Int?, clearing: Bool
    ) throws(OOXMLError) {
        let widest = rows.map(\.count).max() ?? 0
        guard row + rows.count <= DocumentLimits.sheetRows, column + widest <= DocumentLimits.sheetColumns,
            rows.count * widest <= Self.mostCells
        else { throw OOXMLError("too_large", "The rows do not fit into the sheet.") }
        var document = try self.document(sheet.part)
        documents[sheet.part] = nil
        defer { documents[sheet.part] = document }
        let model = like.flatMap { document.row($0) }
        let tables = try self.tables(of: sheet.part)
        for (line, cells) in rows.enumerated() {
            for (offset, cell) in cells.enumerated() {
                if case .empty = cell, !clearing { continue }
                let (place, spot) = (row + line, column + offset)
                let old = document.cell(place, spot)
                if old?.formula?.kind == "shared" { try document.unshare() }
                let style = old?.style ?? model?.cells.first { $0.column == spot }?.style ?? 0
                let table = tables.first { $0.area.contains(place, spot) }?.name
                try document.set(place, spot, try change(cell, place, spot, style, inTable: table))
            }
        }
    }

    private func change(
        _ cell: Cell, _ row: Int, _ column: Int, _ style: Int, inTable table: String?
    ) throws(OOXMLError)
        -> SheetDocument.Change
    {
        switch cell {
        case .formula(let text):
            let base = CellPosition(row: row, column: column)
            let expression: Expression
            do throws(SyntaxFault) { expression = try FormulaParser.parse(text, at: base) } catch {
                throw OOXMLError(
                    "formula_invalid",
                    "\(base.name): The formula '\(text.prefix(80))' cannot be read: \(error.description).")
            }
            if let name = expression.unknownFunctions.first {
                throw OOXMLError("formula_invalid", "\(base.name): \(name) is no function that can be computed here.")
            }
            return .init(value: .blank, formula: expression.text(at: base, forFile: true, inTable: table), style: style)
        case .date(let text):
            guard let date = SerialDate.parse(text) else { return .init(value: .text(text), style: style) }
            // The 1904 system counts from 1,462 days later.
            let serial = dateSystem == .year1904 ? date.serial - 1_462 : date.serial
            return .init(value: .number(serial), style: try styles.date(like: style, timed: date.hasTime))
        case .text(let text) where text.utf16.count > DocumentLimits.cellCharacters:
            throw OOXMLError("too_long", "A cell holds at most \(DocumentLimits.cellCharacters) characters.")
        default: return .init(value: cell.stored, style: style)
        }
    }

    // MARK: Tables

    private func append(_ rows: [[Cell]], toTable name: String) throws(OOXMLError) {
        try flush()
        guard let (sheet, table) = try table(name) else {
            throw OOXMLError("table_missing", "There is no table '\(name)'.")
        }
        guard !rows.isEmpty else { return }
        guard rows.allSatisfy({ $0.count <= table.area.columns.count }) else {
            throw OOXMLError("row_width", "A row has more cells than the table has columns.")
        }
        let end = table.hasTotals ? table.area.rows.upperBound - 1 : table.area.rows.upperBound
        let document = try self.document(sheet.part)
        let isFree = !document.hasCells(
            in: CellArea(rows: end + 1...end + rows.count, columns: table.area.columns))
        if table.hasTotals || !isFree { try move(sheet.name, rows: true, end + 1, rows.count, sign: 1) }
        let area = CellArea(
            rows: table.area.rows.lowerBound...table.area.rows.upperBound + rows.count, columns: table.area.columns)
        let filter = CellArea(rows: area.rows.lowerBound...end + rows.count, columns: area.columns)
        try editor.change(table.part) { (scanner, patch) throws(OOXMLError) in
            if scanner.isNamed("table") { patch.set([("ref", area.name)], inTag: scanner.range) }
            if scanner.isNamed("autoFilter") { patch.set([("ref", filter.name)], inTag: scanner.range) }
        }
        let full = try filledDown(rows, table, sheet.part, end)
        try put(full, sheet, end + 1, table.area.columns.lowerBound, like: end, clearing: false)
    }

    /// Rows with the formulas of the columns that they leave empty, as the row above has them.
    private func filledDown(
        _ rows: [[Cell]], _ table: Table, _ part: String, _ above: Int
    ) throws(OOXMLError) -> [[Cell]] {
        let formulas = try document(part).formulas().filter { $0.row == above }
        return rows.enumerated().map { index, row in
            var cells = row + [Cell](repeating: .empty, count: table.area.columns.count - row.count)
            for formula in formulas where table.area.columns.contains(formula.column) {
                let offset = formula.column - table.area.columns.lowerBound
                guard cells[offset] == .empty, formula.span.kind != "array" else { continue }
                let base = CellPosition(row: above, column: formula.column)
                // One that cannot be read is not filled down.
                guard let expression = try? FormulaParser.parse(formula.text, at: base) else { continue }
                cells[offset] = .formula(
                    expression.text(at: CellPosition(row: above + 1 + index, column: formula.column)))
            }
            return cells
        }
    }

    private struct Table {
        var name: String
        var part: String
        var area: CellArea
        var hasTotals: Bool
    }

    private func tables(of sheet: String) throws(OOXMLError) -> [Table] {
        var tables: [Table] = []
        for relationship in try editor.relationships(of: sheet)
        where relationship.kind == "table" && editor.contains(relationship.target) {
            let root = try XMLElement(parsing: editor.bytes(relationship.target))
            guard let area = root["ref"].flatMap({ CellArea($0) }) else { continue }
            tables.append(
                Table(
                    name: root["displayName"] ?? root["name"] ?? "", part: relationship.target, area: area,
                    hasTotals: (root.integer("totalsRowCount") ?? 0) > 0))
        }
        return tables
    }

    private func table(_ name: String) throws(OOXMLError) -> (sheet: (name: String, part: String), table: Table)? {
        for sheet in sheets {
            if let table = try tables(of: sheet.part).first(where: { $0.name.lowercased() == name.lowercased() }) {
                return (sheet, table)
            }
        }
        return nil
    }

    // MARK: Structure

    private func move(_ name: String, rows: Bool, _ at: Int, _ count: Int, sign: Int) throws(OOXMLError) {
        let limit = rows ? DocumentLimits.sheetRows : DocumentLimits.sheetColumns
        guard at >= 0, count >= 1, at + count <= limit else {
            throw OOXMLError("out_of_range", "The sheet has no such \(rows ? "rows" : "columns").")
        }
        let sheet = try self.sheet(name)
        let last = try document(sheet.part).last(rows: rows)
        guard sign < 0 || last < at || last + count < limit else {
            throw OOXMLError("too_large", "Cells would be pushed out of the sheet.")
        }
        let change: StructureChange =
            rows
            ? .rows(sheet: sheet.name, at: at, count: count * sign)
            : .columns(sheet: sheet.name, at: at, count: count * sign)
        try restructure(change)
        moves[sheet.part, default: []].append((rows, at, count * sign))
    }

    func restructure(_ change: StructureChange) throws(OOXMLError) {
        try flush()
        for sheet in sheets {
            var document = try SheetDocument(editor.bytes(sheet.part))
            try document.unshare()
            if document.bytes != (try editor.bytes(sheet.part)) { editor.set(sheet.part, document.bytes) }
        }
        try StructureEditor(editor: editor, main: main, sheets: sheets, change: change).run()
    }

    func setSheets(_ sheets: [(name: String, part: String)]) { self.sheets = sheets }

    /// Where a cell stood in the file that was opened; `nil`: it is new.
    func origin(_ part: String, _ row: Int, _ column: Int) -> (row: Int, column: Int)? {
        var (row, column) = (row, column)
        for move in (moves[part] ?? []).reversed() {
            var line = move.rows ? row : column
            if move.count > 0 {
                if (move.at..<move.at + move.count).contains(line) { return nil }
                if line >= move.at + move.count { line -= move.count }
            } else if line >= move.at {
                line -= move.count
            }
            if move.rows { row = line } else { column = line }
        }
        return (row, column)
    }

    // MARK: The result

    /// Computes what follows from the changes and puts the file together.
    /// - Parameter now: serial number of the present day and time, for formulas that ask.
    package func finish(now: Double) throws(OOXMLError) -> Result {
        try flush()
        guard editor.isChanged else { return Result(bytes: original, faults: [], recalculated: 0) }
        let calculation = Recalculation(self, original: original, now: now)
        let outcome = try calculation.run()
        try finishParts(outcome.sharedUses, hasFormulas: outcome.hasFormulas)
        return Result(bytes: try editor.archive(), faults: outcome.faults, recalculated: outcome.count)
    }

    private func finishParts(_ uses: Int, hasFormulas: Bool) throws(OOXMLError) {
        let relationships = try editor.relationships(of: main)
        if let chain = relationships.first(where: { $0.kind == "calcChain" && editor.contains($0.target) }) {
            // The order of the last calculation: Excel makes it anew, and repairs a file whose chain is wrong.
            try editor.remove(chain.target, from: main)
        }
        if let strings = relationships.first(where: { $0.kind == "sharedStrings" && editor.contains($0.target) }) {
            try editor.change(strings.target) { (scanner, patch) throws(OOXMLError) in
                guard scanner.isNamed("sst"), let count = scanner.integer("count"), count != uses else { return }
                patch.set([("count", "\(uses)")], inTag: scanner.range)
            }
        }
        guard hasFormulas else { return }
        try editor.change(main) { (scanner, patch) throws(OOXMLError) in
            if scanner.isNamed("calcPr") { patch.set([("fullCalcOnLoad", "1")], inTag: scanner.range) }
        }
    }
}

extension SheetDocument {
    /// -1: there is none.
    var lastRow: Int { max(rows.last { !$0.cells.isEmpty }?.row ?? -1, changedCells.keys.max() ?? -1) }

    func last(rows isRows: Bool) -> Int {
        isRows ? lastRow : rows.reduce(-1) { max($0, $1.cells.last?.column ?? -1) }
    }

    func hasCells(in area: CellArea) -> Bool {
        rows.contains { row in
            area.rows.contains(row.row) && row.cells.contains { area.columns.contains($0.column) }
        }
    }
}
