/// A spreadsheet of typed columns.
package struct Workbook: Sendable, Hashable, Codable {
    package var title: String
    package var author: String
    package var language: String
    package var sheets: [Sheet]
    /// By the names that sheets call them.
    package var styles: [String: CellStyle]
    package var names: [WorkbookName]

    package init(
        title: String, author: String, language: String = "en", sheets: [Sheet], styles: [String: CellStyle] = [:],
        names: [WorkbookName] = []
    ) {
        self.title = title
        self.author = author
        self.language = language
        self.sheets = sheets
        self.styles = styles
        self.names = names
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        title = try container.decode(String.self, forKey: .title)
        author = try container.decodeIfPresent(String.self, forKey: .author) ?? ""
        language = try container.decodeIfPresent(String.self, forKey: .language) ?? "en"
        sheets = try container.decode([Sheet].self, forKey: .sheets)
        styles = try container.decodeIfPresent([String: CellStyle].self, forKey: .styles) ?? [:]
        names = try container.decodeIfPresent([WorkbookName].self, forKey: .names) ?? []
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case title, author, language, sheets, styles, names }

    /// Everything that is wrong; empty means the workbook can be written. Formulas are checked when it is written.
    package func validate() -> [DocumentFault] {
        var inspection = DocumentInspection()
        inspection.text(title, "title", limit: DocumentLimits.title, required: true)
        inspection.text(author, "author", limit: DocumentLimits.title)
        inspection.count(sheets.count, "sheets", in: 1...DocumentLimits.sheets)
        var names: Set<String> = []
        var cells = 0
        inspection.each("sheets", sheets) { sheet, inspection in
            sheet.inspect(&inspection)
            sheet.inspect(styles: Set(styles.keys), &inspection)
            inspection.require(
                names.insert(sheet.name.lowercased()).inserted, "duplicate", "Two sheets have this name.", at: "name")
            cells = sheet.rows.reduce(cells) { $0 + $1.count } + sheet.cells.count
        }
        for (name, style) in styles.sorted(by: { $0.key < $1.key }) {
            inspection.within("styles") { inspection in inspection.within(name) { style.inspect(&$0) } }
        }
        inspection.each("names", self.names) { name, inspection in
            inspection.text(name.name, "name", limit: 255, required: true)
            inspection.text(name.refersTo, "refers_to", limit: DocumentLimits.formulaCharacters, required: true)
        }
        let tables = sheets.compactMap { $0.table?.name.lowercased() }
        inspection.require(
            Set(tables).count == tables.count, "duplicate", "Two tables have the same name.", at: "sheets")
        inspection.require(
            cells <= DocumentLimits.workbookCells, "too_large",
            "The workbook has \(cells) cells; \(DocumentLimits.workbookCells) are allowed.")
        return inspection.faults
    }
}

/// A sheet: row 1 holds the headers, data starts in row 2, the totals row follows the data.
package struct Sheet: Sendable, Hashable, Codable {
    package struct Column: Sendable, Hashable, Codable {
        package var header: String
        package var type: ValueType
        /// An Excel number format; `nil`: by type.
        package var numberFormat: String?
        /// In characters of the default font; `nil`: by content.
        package var width: Double?
        /// A formula over the column's data in the totals row.
        package var total: Aggregate?
        /// Name of one of the workbook's styles, for the data.
        package var style: String?
        package var hidden: Bool?

        package init(
            header: String, type: ValueType = .text, numberFormat: String? = nil, width: Double? = nil,
            total: Aggregate? = nil, style: String? = nil
        ) {
            self.style = style
            self.header = header
            self.type = type
            self.numberFormat = numberFormat
            self.width = width
            self.total = total
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            header = try container.decode(String.self, forKey: .header)
            type = try container.decodeIfPresent(ValueType.self, forKey: .type) ?? .text
            numberFormat = try container.decodeIfPresent(String.self, forKey: .numberFormat)
            width = try container.decodeIfPresent(Double.self, forKey: .width)
            total = try container.decodeIfPresent(Aggregate.self, forKey: .total)
            style = try container.decodeIfPresent(String.self, forKey: .style)
            hidden = try container.decodeIfPresent(Bool.self, forKey: .hidden)
        }

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case header, type, width, total, style, hidden
            case numberFormat = "number_format"
        }
    }

    package enum Aggregate: String, Sendable, Hashable, Codable, CaseIterable {
        case sum, average, min, max, count
    }

    /// At most 31 characters, none of `[]:*?/\`, no apostrophe at either end, not "History".
    package var name: String
    package var columns: [Column]
    package var rows: [[Cell]]
    package var freezeHeader: Bool
    package var autofilter: Bool
    /// First cell of the totals row, which exists where a column has a total; `nil`: "Total".
    package var totalsLabel: String?
    package var charts: [SheetChart]
    package var cells: [PlacedCell] = []
    package var formats: [RangeStyle] = []
    package var merges: [String] = []
    package var validations: [DataValidation] = []
    package var conditional: [ConditionalFormat] = []
    package var links: [CellLink] = []
    package var notes: [CellNote] = []
    package var images: [SheetImage] = []
    package var rowHeights: [RowHeight] = []
    /// `nil`: columns and rows are plain cells.
    package var table: SheetTable?
    /// `nil`: as `freezeHeader` says.
    package var freeze: FrozenPanes?
    package var protection: SheetProtection?
    package var print: PrintSetup?
    /// `RRGGBB`.
    package var tabColor: String?
    package var hidden: Bool?
    package var rightToLeft: Bool?
    /// `nil`: no.
    package var gridlines: Bool?
    /// In percent, 10 to 400.
    package var zoom: Int?

    package init(
        name: String, columns: [Column], rows: [[Cell]], freezeHeader: Bool = true, autofilter: Bool = true,
        totalsLabel: String? = nil, charts: [SheetChart] = []
    ) {
        self.name = name
        self.columns = columns
        self.rows = rows
        self.freezeHeader = freezeHeader
        self.autofilter = autofilter
        self.totalsLabel = totalsLabel
        self.charts = charts
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        columns = try container.decodeIfPresent([Column].self, forKey: .columns) ?? []
        rows = try container.decodeIfPresent([[Cell]].self, forKey: .rows) ?? []
        freezeHeader = try container.decodeIfPresent(Bool.self, forKey: .freezeHeader) ?? true
        autofilter = try container.decodeIfPresent(Bool.self, forKey: .autofilter) ?? true
        totalsLabel = try container.decodeIfPresent(String.self, forKey: .totalsLabel)
        charts = try container.decodeIfPresent([SheetChart].self, forKey: .charts) ?? []
        cells = try container.decodeIfPresent([PlacedCell].self, forKey: .cells) ?? []
        formats = try container.decodeIfPresent([RangeStyle].self, forKey: .formats) ?? []
        merges = try container.decodeIfPresent([String].self, forKey: .merges) ?? []
        validations = try container.decodeIfPresent([DataValidation].self, forKey: .validations) ?? []
        conditional = try container.decodeIfPresent([ConditionalFormat].self, forKey: .conditional) ?? []
        links = try container.decodeIfPresent([CellLink].self, forKey: .links) ?? []
        notes = try container.decodeIfPresent([CellNote].self, forKey: .notes) ?? []
        images = try container.decodeIfPresent([SheetImage].self, forKey: .images) ?? []
        rowHeights = try container.decodeIfPresent([RowHeight].self, forKey: .rowHeights) ?? []
        table = try container.decodeIfPresent(SheetTable.self, forKey: .table)
        freeze = try container.decodeIfPresent(FrozenPanes.self, forKey: .freeze)
        protection = try container.decodeIfPresent(SheetProtection.self, forKey: .protection)
        print = try container.decodeIfPresent(PrintSetup.self, forKey: .print)
        tabColor = try container.decodeIfPresent(String.self, forKey: .tabColor)
        hidden = try container.decodeIfPresent(Bool.self, forKey: .hidden)
        rightToLeft = try container.decodeIfPresent(Bool.self, forKey: .rightToLeft)
        gridlines = try container.decodeIfPresent(Bool.self, forKey: .gridlines)
        zoom = try container.decodeIfPresent(Int.self, forKey: .zoom)
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name, columns, rows, autofilter, charts, cells, formats, merges, validations, conditional, links, notes
        case images, table, freeze, protection, print, hidden, gridlines, zoom
        case rowHeights = "row_heights"
        case tabColor = "tab_color"
        case rightToLeft = "right_to_left"
        case freezeHeader = "freeze_header"
        case totalsLabel = "totals_label"
    }

    package var hasTotals: Bool { columns.contains { $0.total != nil } }

    /// The cells of a column's data as `A2:A9`; for charts and formulas. `nil` without rows.
    package func dataRange(ofColumn index: Int) -> String? {
        guard !rows.isEmpty, columns.indices.contains(index) else { return nil }
        let letters = CellReference.letters(ofColumn: index)
        return "\(letters)2:\(letters)\(rows.count + 1)"
    }

    /// A legal sheet name near `text`: forbidden characters become spaces, the length is cut, empty gives "Sheet".
    package static func legalName(_ text: String) -> String {
        var cleaned = String(text.map { "[]:*?/\\".contains($0) || $0.isNewline ? " " : $0 })
        while cleaned.utf16.count > DocumentLimits.sheetNameCharacters { cleaned.removeLast() }
        cleaned = String(cleaned.drop { $0 == "'" || $0 == " " })
        while let last = cleaned.last, last == "'" || last == " " { cleaned.removeLast() }
        return cleaned.isEmpty || cleaned.lowercased() == "history" ? "Sheet" : cleaned
    }
}
