import DocumentModel

/// One pass over a worksheet.
struct WorksheetWalk {
    let part: String
    var order = 0
    private(set) var sharedUses = 0
    private(set) var merges: [CellArea] = []
    private(set) var filter: CellArea?
    private(set) var tableParts = 0
    /// Of cells that hold their text themselves, by row and column: the headers of tables are among them.
    private(set) var inlineTexts: [Int: [Int: String]] = [:]
    private var row = -1
    private var column = -1
    private var type = "n"
    private var value = ""
    private var inline = ""
    private var element = ""
    private var hyperlinks: Set<String> = []
    /// Overlaps are looked for among this many merges; more are compared with their neighbours only.
    private static let mostMerges = 2_000
    private static let headerRows = 1_000

    init(part: String) { self.part = part }

    mutating func start(
        _ scanner: XMLScanner, _ depth: Int, _ context: WorkbookContext, _ lint: inout OfficeLint
    ) throws(OOXMLError) {
        element = scanner.name
        switch element {
        case "row": startRow(scanner, &lint)
        case "c": try startCell(scanner, context, &lint)
        case "mergeCell": try area("ref", scanner, &lint) { walk, area, _ in walk.merges.append(area) }
        case "autoFilter" where depth == 2: try area("ref", scanner, &lint) { walk, area, _ in walk.filter = area }
        case "dimension": try area("ref", scanner, &lint) { _, _, _ in }
        case "hyperlink":
            try area("ref", scanner, &lint) { walk, area, lint in
                lint.require(
                    walk.hyperlinks.insert(area.name).inserted, walk.part, "hyperlink_duplicate",
                    "\(area.name) has two links.")
            }
        case "conditionalFormatting", "dataValidation", "selection", "ignoredError", "protectedRange":
            try areas(scanner, &lint)
        case "cfRule":
            if let id = scanner.integer("dxfId") {
                lint.require(
                    id < context.differentialFormats, part, "style_reference", "There is no differential format \(id).")
            }
        case "tablePart": tableParts += 1
        case "col": columns(scanner, &lint)
        default: break
        }
    }

    mutating func text(_ scanner: XMLScanner) throws(OOXMLError) {
        if element == "v" { value += try scanner.text() }
        if element == "t" { inline += try scanner.text() }
    }

    mutating func end(_ scanner: XMLScanner, _ context: WorkbookContext, _ lint: inout OfficeLint) throws(OOXMLError) {
        if scanner.isNamed("c") { endCell(context, &lint) }
        element = ""
    }

    mutating func finish(_ lint: inout OfficeLint) {
        let sorted = merges.sorted {
            ($0.rows.lowerBound, $0.columns.lowerBound) < ($1.rows.lowerBound, $1.columns.lowerBound)
        }
        for (index, first) in sorted.enumerated() {
            let last = sorted.count > Self.mostMerges ? min(sorted.count, index + 2) : sorted.count
            for second in sorted[min(index + 1, last)..<last] where first.overlaps(second) {
                lint.report(part, "merge_overlap", "\(first.name) and \(second.name) are merged and overlap.")
            }
        }
    }

    // MARK: Rows and cells

    private mutating func startRow(_ scanner: XMLScanner, _ lint: inout OfficeLint) {
        let number = scanner.integer("r") ?? row + 2
        lint.require(
            number - 1 > row && number <= DocumentLimits.sheetRows, part, "row_order",
            "Row \(number) stands after row \(row + 1), or beyond the sheet.")
        row = number - 1
        column = -1
    }

    private mutating func startCell(
        _ scanner: XMLScanner, _ context: WorkbookContext, _ lint: inout OfficeLint
    ) throws(OOXMLError) {
        type = try scanner.value("t") ?? "n"
        value = ""
        inline = ""
        if let name = try scanner.value("r") {
            if let place = CellReference.parse(name) {
                lint.require(place.row == row, part, "cell_order", "\(name) stands in row \(row + 1).")
                lint.require(place.column > column, part, "cell_order", "\(name) stands too late in its row.")
                column = place.column
            } else {
                lint.report(part, "reference", "'\(name)' is not a cell of a sheet.")
            }
        } else {
            column += 1
        }
        let style = scanner.integer("s") ?? 0
        lint.require(style < context.cellFormats, part, "style_reference", "There is no cell format \(style).")
        if !["n", "s", "str", "b", "e", "inlineStr", "d"].contains(type) {
            lint.report(part, "cell_type", "'\(type)' is not a type of a cell.")
        }
    }

    private mutating func endCell(_ context: WorkbookContext, _ lint: inout OfficeLint) {
        let name = CellReference.name(row: max(0, row), column: max(0, column))
        switch type {
        case "s":
            sharedUses += 1
            let index = Int(value) ?? -1
            lint.require(
                (0..<context.strings).contains(index), part, "shared_string",
                "\(name) uses string \(value), which is not there.")
        case "n":
            let isNumber = Double(value).map(\.isFinite) ?? value.isEmpty
            lint.require(isNumber, part, "cell_value", "\(name) holds '\(value.prefix(20))', which is no number.")
        case "b":
            lint.require(
                ["0", "1", "true", "false"].contains(value), part, "cell_value", "\(name) is neither 0 nor 1.")
        case "e":
            let known = [
                "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!",
                "#CALC!",
            ]
            lint.require(
                known.contains(value), part, "cell_value", "\(name) holds the unknown error '\(value.prefix(20))'.")
        default: break
        }
        let length = max(value.utf16.count, inline.utf16.count)
        lint.require(
            length <= DocumentLimits.cellCharacters, part, "cell_length", "\(name) holds \(length) characters.")
        if type == "inlineStr", row < Self.headerRows { inlineTexts[row, default: [:]][column] = inline }
    }

    // MARK: Ranges

    private mutating func area(
        _ key: StaticString, _ scanner: XMLScanner, _ lint: inout OfficeLint,
        _ body: (inout WorksheetWalk, CellArea, inout OfficeLint) -> Void
    ) throws(OOXMLError) {
        let text = try scanner.value(key) ?? ""
        if let area = CellArea(text) {
            body(&self, area, &lint)
        } else {
            lint.report(part, "reference", "'\(text)' is not a range.")
        }
    }

    private func areas(_ scanner: XMLScanner, _ lint: inout OfficeLint) throws(OOXMLError) {
        guard let list = try scanner.value("sqref") else { return }
        for text in list.split(separator: " ") where CellArea(text) == nil {
            lint.report(part, "reference", "'\(text)' is not a range.")
        }
    }

    private mutating func columns(_ scanner: XMLScanner, _ lint: inout OfficeLint) {
        let first = scanner.integer("min") ?? 0
        let last = scanner.integer("max") ?? 0
        lint.require(
            first > lastColumn && last >= first && last <= DocumentLimits.sheetColumns, part, "column_order",
            "The columns \(first) to \(last) overlap others, or lie beyond the sheet.")
        lastColumn = last
    }

    private var lastColumn = 0
}
