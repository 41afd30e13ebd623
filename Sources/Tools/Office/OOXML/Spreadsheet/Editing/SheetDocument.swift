import DocumentModel
import Formula

/// A worksheet's bytes with the places of its rows and cells. Cells that nobody changes are written as they were.
struct SheetDocument {
    struct CellSpan {
        var column: Int
        /// The whole element.
        var range: Range<Int>
        var style: Int
        var isShared = false
        var formula: FormulaSpan?
    }

    /// `<f>` of a cell.
    struct FormulaSpan {
        var text: String
        /// `shared`, `array`, `dataTable`; `nil`: a plain one.
        var kind: String?
        var group: Int?
        var area: CellArea?
        /// The whole element.
        var range = 0..<0
    }

    struct RowSpan {
        var row: Int
        var tag: Range<Int>
        var isEmpty: Bool
        var cells: [CellSpan] = []
        /// Begin and end of `</row>`; both the end of an empty tag.
        var contentEnd: Int
        var end: Int
    }

    /// What a cell becomes.
    struct Change {
        var value: CellValue
        var formula: String?
        /// `nil`: the one that it has.
        var style: Int?
        /// Whether the cell's formula stays as it is written, and only its value changes.
        var keepsFormula = false
    }

    private(set) var bytes: [UInt8]
    private(set) var rows: [RowSpan] = []
    /// Where rows can be put: the inside of `<sheetData>`, or the whole of `<sheetData/>`.
    private var data = 0..<0
    private var isEmptyData = false
    /// Ranges of formulas that fill many cells at once.
    private var arrays: [CellArea] = []
    /// `x:` where the sheet's elements have a prefix.
    private var prefix = ""
    private var changes: [Int: [Int: Change]] = [:]

    init(_ bytes: [UInt8]) throws(OOXMLError) {
        self.bytes = bytes
        try locate()
    }

    private mutating func locate() throws(OOXMLError) {
        let scanner = try XMLScanner(bytes)
        var previous = -1
        var found = false
        while case let event = try scanner.next(), event != .done {
            if event == .start, scanner.depth == 1, !scanner.prefix.isEmpty { prefix = scanner.prefix + ":" }
            if event == .start, scanner.isNamed("sheetData"), scanner.depth == 2 {
                found = true
                data = scanner.range
                isEmptyData = scanner.isEmptyElement
                if !isEmptyData { data = scanner.range.upperBound..<scanner.range.upperBound }
            } else if event == .start, scanner.isNamed("row"), scanner.depth == 3 {
                let row = (scanner.integer("r") ?? previous + 2) - 1
                guard row > previous, row < DocumentLimits.sheetRows else {
                    throw OOXMLError("sheet_invalid", "The sheet's rows are out of order.")
                }
                previous = row
                let span = try readRow(scanner, row)
                for cell in span.cells {
                    if let formula = cell.formula, formula.kind != "shared", let area = formula.area {
                        arrays.append(area)
                    }
                }
                rows.append(span)
            } else if event == .end, scanner.isNamed("sheetData"), scanner.depth == 1, !isEmptyData {
                data = data.lowerBound..<scanner.range.lowerBound
            }
        }
        guard found else { throw OOXMLError("sheet_invalid", "The sheet has no place for cells.") }
    }

    private func readRow(_ scanner: XMLScanner, _ row: Int) throws(OOXMLError) -> RowSpan {
        var span = RowSpan(
            row: row, tag: scanner.range, isEmpty: scanner.isEmptyElement,
            contentEnd: scanner.range.upperBound, end: scanner.range.upperBound)
        var column = -1
        while case let event = try scanner.next(), event != .done {
            if event == .start, scanner.isNamed("c"), scanner.depth == 4 {
                if let name = try scanner.value("r") {
                    guard let place = CellReference.parse(name), place.column > column else {
                        throw OOXMLError("sheet_invalid", "The cells of row \(row + 1) are out of order.")
                    }
                    column = place.column
                } else {
                    column += 1
                }
                span.cells.append(try readCell(scanner, column))
            } else if event == .end, scanner.isNamed("row"), scanner.depth == 2 {
                if !span.isEmpty { (span.contentEnd, span.end) = (scanner.range.lowerBound, scanner.range.upperBound) }
                return span
            }
        }
        return span
    }

    private func readCell(_ scanner: XMLScanner, _ column: Int) throws(OOXMLError) -> CellSpan {
        var cell = CellSpan(column: column, range: scanner.range, style: scanner.integer("s") ?? 0)
        cell.isShared = try scanner.value("t") == "s"
        var isFormula = false
        while case let event = try scanner.next(), event != .done {
            if event == .start, scanner.isNamed("f") {
                isFormula = true
                cell.formula = FormulaSpan(
                    text: "", kind: try scanner.value("t"), group: scanner.integer("si"),
                    area: try scanner.value("ref").flatMap { CellArea($0) })
                cell.formula?.range = scanner.range
                if cell.formula?.kind == "normal" { cell.formula?.kind = nil }
            } else if event == .text, isFormula {
                cell.formula?.text += try scanner.text()
            } else if event == .end {
                if scanner.isNamed("f"), let start = cell.formula?.range.lowerBound {
                    isFormula = false
                    cell.formula?.range = start..<max(scanner.range.upperBound, start)
                }
                if scanner.isNamed("c"), scanner.depth == 3 { break }
            }
        }
        cell.range = cell.range.lowerBound..<scanner.range.upperBound
        return cell
    }

    // MARK: Looking

    func cell(_ row: Int, _ column: Int) -> CellSpan? {
        self.row(row)?.cells.first { $0.column == column }
    }

    func row(_ row: Int) -> RowSpan? {
        let place = place(of: row)
        return rows.indices.contains(place) && rows[place].row == row ? rows[place] : nil
    }

    /// The first row that is not before `row`.
    private func place(of row: Int) -> Int {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].row < row { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// All formulas with the text of each; those that are shared are written out.
    func formulas() -> [(row: Int, column: Int, span: FormulaSpan, text: String)] {
        var masters: [Int: Expression] = [:]
        var all: [(row: Int, column: Int, span: FormulaSpan, text: String)] = []
        for row in rows {
            for cell in row.cells {
                guard let span = cell.formula else { continue }
                var text = span.text
                let base = CellPosition(row: row.row, column: cell.column)
                if span.kind == "shared", let group = span.group {
                    if text.isEmpty {
                        text = masters[group]?.text(at: base, forFile: true) ?? ""
                    } else {
                        // A formula that cannot be read leaves its followers with their values.
                        masters[group] = try? FormulaParser.parse(text, at: base)
                    }
                }
                all.append((row.row, cell.column, span, text))
            }
        }
        return all
    }

    // MARK: Changing

    /// Sets what a cell holds. The value of a formula that stays may change within arrays, too.
    mutating func set(_ row: Int, _ column: Int, _ change: Change) throws(OOXMLError) {
        if change.keepsFormula {
            changes[row, default: [:]][column] = change
            return
        }
        let name = CellReference.name(row: row, column: column)
        for area in arrays where area.count > 1 && area.contains(row, column) {
            throw OOXMLError(
                "array_formula", "\(name) is part of an array formula in \(area.name), which only changes as a whole.")
        }
        changes[row, default: [:]][column] = change
    }

    var isChanged: Bool { !changes.isEmpty }
    var changedCells: [Int: [Int: Change]] { changes }

    /// Formulas that many cells share, each written into its own cell: before one of them changes.
    mutating func unshare() throws(OOXMLError) {
        var patch = XMLPatch(bytes)
        for formula in formulas() where formula.span.kind == "shared" && !formula.text.isEmpty {
            guard let cell = cell(formula.row, formula.column) else { continue }
            let scanner = try XMLScanner(Array(bytes[cell.range]))
            var start: Int?
            while case let event = try scanner.next(), event != .done {
                if event == .start, scanner.isNamed("f") { start = scanner.range.lowerBound }
                if event == .end, scanner.isNamed("f"), let start {
                    let offset = cell.range.lowerBound
                    let prefix = scanner.prefix.isEmpty ? "" : scanner.prefix + ":"
                    patch.replace(
                        offset + start..<offset + scanner.range.upperBound,
                        "<\(prefix)f>\(StartTag.escaped(formula.text))</\(prefix)f>")
                }
            }
        }
        guard !patch.isEmpty else { return }
        let kept = changes
        self = try SheetDocument(patch.result)
        changes = kept
    }

    /// Moves rows: `map` says where each goes, or that it goes away.
    mutating func move(rows map: (Int) -> Int?, columns: (Int) -> Int?) throws(OOXMLError) {
        var patch = XMLPatch(bytes)
        for row in rows {
            guard let target = map(row.row) else {
                patch.replace(row.tag.lowerBound..<row.end, "")
                continue
            }
            if target != row.row { patch.set([("r", "\(target + 1)"), ("spans", nil)], inTag: row.tag) }
            for cell in row.cells {
                guard let column = columns(cell.column) else {
                    patch.replace(cell.range, "")
                    continue
                }
                guard target != row.row || column != cell.column else { continue }
                let end = try tagEnd(cell.range)
                patch.set([("r", CellReference.name(row: target, column: column))], inTag: cell.range.lowerBound..<end)
            }
        }
        if !patch.isEmpty { self = try SheetDocument(patch.result) }
    }

    private func tagEnd(_ range: Range<Int>) throws(OOXMLError) -> Int {
        let scanner = try XMLScanner(Array(bytes[range]))
        _ = try scanner.next()
        return range.lowerBound + scanner.range.upperBound
    }

    // MARK: The result

    /// The sheet with its changes, and how many cells use shared strings no more.
    func result() -> (bytes: [UInt8], unshared: Int) {
        var patch = XMLPatch(bytes)
        var unshared = 0
        var inserted: [Int: String] = [:]
        for (row, cells) in changes.sorted(by: { $0.key < $1.key }) {
            if let span = self.row(row) {
                unshared += change(span, cells, &patch)
            } else {
                let text = cells.sorted { $0.key < $1.key }.map {
                    Self.text(row, $0.key, $0.value, $0.value.style ?? 0)
                }
                inserted[row] = "<\(prefix)row r=\"\(row + 1)\">\(qualified(text.joined()))</\(prefix)row>"
            }
        }
        for (row, text) in inserted.sorted(by: { $0.key < $1.key }) where !isEmptyData {
            let place = place(of: row)
            patch.insert(text, at: place < rows.count ? rows[place].tag.lowerBound : data.upperBound)
        }
        if isEmptyData, !inserted.isEmpty {
            let all = inserted.sorted { $0.key < $1.key }.map(\.value).joined()
            patch.replace(data, "<\(prefix)sheetData>\(all)</\(prefix)sheetData>")
        }
        return (patch.result, unshared)
    }

    private func qualified(_ text: String) -> String {
        guard !prefix.isEmpty else { return text }
        return ["c", "v", "f", "is", "t"].reduce(text) { text, name in
            ["<\(name)>", "<\(name) ", "</\(name)>"].reduce(text) {
                $0.replacing(
                    $1, with: $1.hasPrefix("</") ? "</\(prefix)" + $1.dropFirst(2) : "<\(prefix)" + $1.dropFirst())
            }
        }
    }

    private func change(_ span: RowSpan, _ cells: [Int: Change], _ patch: inout XMLPatch) -> Int {
        var unshared = 0
        var added = ""
        for (column, change) in cells.sorted(by: { $0.key < $1.key }) {
            if let old = span.cells.first(where: { $0.column == column }) {
                let text = qualified(Self.text(span.row, column, change, change.style ?? old.style))
                if change.keepsFormula, let formula = old.formula {
                    // `<c …>`, the formula's own bytes, and the value.
                    let kept = String(decoding: bytes[formula.range], as: UTF8.self)
                    let open = text.firstIndex(of: ">").map { text.index(after: $0) } ?? text.endIndex
                    patch.replace(old.range, String(text[..<open]) + kept + String(text[open...]))
                } else {
                    patch.replace(old.range, text)
                }
                if old.isShared { unshared += 1 }
                continue
            }
            let text = qualified(Self.text(span.row, column, change, change.style ?? 0))
            if span.isEmpty {
                added += text
            } else if let next = span.cells.first(where: { $0.column > column }) {
                patch.insert(text, at: next.range.lowerBound)
            } else {
                patch.insert(text, at: span.contentEnd)
            }
        }
        if !added.isEmpty {
            var tag = Array(bytes[span.tag])
            while let last = tag.last, last == UInt8(ascii: ">") || last == UInt8(ascii: "/") { tag.removeLast() }
            patch.replace(span.tag, String(decoding: tag, as: UTF8.self) + ">\(added)</\(prefix)row>")
        } else if !span.isEmpty, cells.keys.contains(where: { column in !span.cells.contains { $0.column == column } })
        {
            patch.set([("spans", nil)], inTag: span.tag)
        }
        return unshared
    }

    private static func text(_ row: Int, _ column: Int, _ change: Change, _ style: Int) -> String {
        var xml = XMLBuffer(fragment: ())
        let type: String? =
            switch change.value {
            case .blank, .number: nil
            case .text: change.formula == nil && !change.keepsFormula ? "inlineStr" : "str"
            case .boolean: "b"
            case .error: "e"
            }
        let name = CellReference.name(row: row, column: column)
        let look = style == 0 ? nil : "\(style)"
        guard change.formula != nil || change.keepsFormula || !change.value.isBlank else {
            xml.element("c", ["r": name, "s": look])
            return String(decoding: xml.bytes, as: UTF8.self)
        }
        xml.element("c", ["r": name, "s": look, "t": type]) { xml in
            if let formula = change.formula { xml.element("f", text: formula) }
            switch change.value {
            case .blank: if change.formula != nil || change.keepsFormula { xml.element("v", text: "0") }
            case .number(let value): xml.element("v", text: NumberText.plain(value))
            case .boolean(let flag): xml.element("v", text: flag ? "1" : "0")
            case .error(let error): xml.element("v", text: error.text)
            case .text(let text) where change.formula != nil || change.keepsFormula:
                xml.element("v", text: XString.escaped(text))
            case .text(let text):
                xml.element("is") { $0.element("t", ["xml:space": "preserve"], text: XString.escaped(text)) }
            }
        }
        return String(decoding: xml.bytes, as: UTF8.self)
    }
}
