import DocumentModel
import Formula

/// Has all references of a workbook follow a change of its structure.
struct StructureEditor {
    let editor: PackageEditor
    let main: String
    /// Name and part of each sheet, as they are before the change.
    let sheets: [(name: String, part: String)]
    let change: StructureChange

    func run() throws(OOXMLError) {
        for sheet in sheets {
            try formulas(sheet.part, own: sheet.name)
            for relationship in try editor.relationships(of: sheet.part) where editor.contains(relationship.target) {
                switch relationship.kind {
                case "table": try formulas(relationship.target, own: sheet.name)
                case "drawing":
                    for chart in try editor.relationships(of: relationship.target)
                    where chart.kind == "chart" && editor.contains(chart.target) { try formulas(chart.target, own: "") }
                case "pivotTable": try pivotSources(relationship.target)
                default: break
                }
            }
        }
        try formulas(main, own: "")
        guard let target = sheets.first(where: { $0.name.lowercased() == name.lowercased() }) else { return }
        switch change {
        case .rows(_, let at, let count): try lines(target.part, rows: true, at, count)
        case .columns(_, let at, let count): try lines(target.part, rows: false, at, count)
        case .renamed, .deleted: break
        }
    }

    private var name: String {
        switch change {
        case .rows(let sheet, _, _), .columns(let sheet, _, _), .renamed(let sheet, _), .deleted(let sheet): sheet
        }
    }

    // MARK: Formulas

    private static let formulaElements: Set<String> = [
        "f", "formula", "formula1", "formula2", "definedName", "calculatedColumnFormula", "totalsRowFormula",
    ]

    private func formulas(_ part: String, own: String) throws(OOXMLError) {
        let bytes = try editor.bytes(part)
        let scanner = try XMLScanner(bytes)
        var patch = XMLPatch(bytes)
        var start = 0
        var text: String?
        while case let event = try scanner.next(), event != .done {
            switch event {
            case .start:
                text = Self.formulaElements.contains(scanner.name) ? "" : nil
                start = scanner.range.upperBound
                if scanner.isNamed("hyperlink"), let place = try scanner.value("location"),
                    let moved = ReferenceRewriter.rewrite(place, onSheet: own, change)
                {
                    patch.set([("location", moved)], inTag: scanner.range)
                }
            case .text: text? += try scanner.text()
            case .end:
                if let formula = text, !formula.isEmpty,
                    let moved = ReferenceRewriter.rewrite(formula, onSheet: own, change)
                {
                    patch.replace(start..<scanner.range.lowerBound, StartTag.escaped(moved))
                }
                text = nil
            case .done: break
            }
        }
        if !patch.isEmpty { editor.set(part, patch.result) }
    }

    private func pivotSources(_ table: String) throws(OOXMLError) {
        for cache in try editor.relationships(of: table)
        where cache.kind == "pivotCacheDefinition" && editor.contains(cache.target) {
            try editor.change(cache.target) { (scanner, patch) throws(OOXMLError) in
                guard scanner.isNamed("worksheetSource"),
                    try scanner.value("sheet")?.lowercased() == name.lowercased()
                else { return }
                if case .renamed(_, let new) = change { patch.set([("sheet", new)], inTag: scanner.range) }
                if let area = try scanner.value("ref"), let moved = moved(area) {
                    patch.set([("ref", moved)], inTag: scanner.range)
                }
            }
        }
    }

    // MARK: Rows and columns

    private func lines(_ part: String, rows: Bool, _ at: Int, _ count: Int) throws(OOXMLError) {
        try ranges(part, rows: rows, at, count)
        var document = try SheetDocument(editor.bytes(part))
        let move = { (line: Int) in StructureChange.moved(line, at: at, count: count) }
        try document.move(rows: rows ? move : { $0 }, columns: rows ? { $0 } : move)
        editor.set(part, document.bytes)
        for relationship in try editor.relationships(of: part) where editor.contains(relationship.target) {
            switch relationship.kind {
            case "table": try ranges(relationship.target, rows: rows, at, count)
            case "comments": try ranges(relationship.target, rows: rows, at, count)
            case "drawing": try numbers(relationship.target, rows ? ["row"] : ["col"], at, count)
            case "vmlDrawing": try numbers(relationship.target, rows ? ["Row"] : ["Column"], at, count)
            default: break
            }
        }
    }

    private func moved(_ text: String) -> String? {
        var at = 0
        var count = 0
        var isRows = true
        switch change {
        case .rows(_, let line, let number): (at, count) = (line, number)
        case .columns(_, let line, let number): (at, count, isRows) = (line, number, false)
        case .renamed, .deleted: return nil
        }
        return Self.moved(text, rows: isRows, at, count)
    }

    /// A list of ranges; `nil`: none of them is left, or nothing changes.
    private static func moved(_ text: String, rows: Bool, _ at: Int, _ count: Int) -> String {
        text.split(separator: " ").compactMap { item in
            guard let area = CellArea(item) else { return String(item) }
            let lines = StructureChange.moved(rows ? area.rows : area.columns, at: at, count: count)
            guard let lines else { return nil }
            let result = CellArea(rows: rows ? lines : area.rows, columns: rows ? area.columns : lines)
            return result.name
        }.joined(separator: " ")
    }

    /// Elements that hold a place, and go where nothing of it is left.
    private static let holders: Set<String> = [
        "mergeCell", "hyperlink", "conditionalFormatting", "dataValidation", "protectedRange", "ignoredError",
        "comment",
    ]
    private static let places: Set<String> = ["autoFilter", "dimension", "selection", "table", "sortState", "f"]

    private func ranges(_ part: String, rows: Bool, _ at: Int, _ count: Int) throws(OOXMLError) {
        try editor.change(part) { (scanner, patch) throws(OOXMLError) in
            let element = scanner.name
            if !rows, element == "col" { return columnWidths(scanner, &patch, at, count) }
            guard Self.holders.contains(element) || Self.places.contains(element) else { return }
            var changes: [(String, String?)] = []
            for key in ["ref", "sqref", "activeCell"] as [StaticString] {
                guard let text = try scanner.value(key) else { continue }
                let moved = Self.moved(text, rows: rows, at, count)
                if moved.isEmpty, Self.holders.contains(element) {
                    return try PackageEditor.drop(scanner, &patch)
                }
                if moved != text { changes.append(("\(key)", moved.isEmpty ? "A1" : moved)) }
            }
            if !changes.isEmpty { patch.set(changes, inTag: scanner.range) }
        }
    }

    private func columnWidths(_ scanner: XMLScanner, _ patch: inout XMLPatch, _ at: Int, _ count: Int) {
        guard let first = scanner.integer("min"), let last = scanner.integer("max"), first >= 1, last >= first else {
            return
        }
        guard let moved = StructureChange.moved(first - 1...last - 1, at: at, count: count) else {
            patch.replace(scanner.range, "")
            return
        }
        let end = min(moved.upperBound, DocumentLimits.sheetColumns - 1)
        patch.set([("min", "\(moved.lowerBound + 1)"), ("max", "\(end + 1)")], inTag: scanner.range)
    }

    /// Elements whose text is the number of a row or column, from 0.
    private func numbers(_ part: String, _ names: Set<String>, _ at: Int, _ count: Int) throws(OOXMLError) {
        let bytes = try editor.bytes(part)
        let scanner = try XMLScanner(bytes)
        var patch = XMLPatch(bytes)
        while case let event = try scanner.next(), event != .done {
            guard event == .start, names.contains(scanner.name), try scanner.next() == .text else { continue }
            guard let line = Int(try scanner.text()) else { continue }
            // What stood upon a line that went stands upon the next one.
            let moved = StructureChange.moved(line, at: at, count: count) ?? at
            if moved != line { patch.replace(scanner.range, "\(moved)") }
        }
        if !patch.isEmpty { editor.set(part, patch.result) }
    }
}
