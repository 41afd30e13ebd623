/// A spreadsheet of typed columns.
package struct Workbook: Sendable, Hashable, Codable {
    package var title: String
    package var author: String
    package var language: String
    package var sheets: [Sheet]

    package init(title: String, author: String, language: String = "en", sheets: [Sheet]) {
        self.title = title
        self.author = author
        self.language = language
        self.sheets = sheets
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        title = try container.decode(String.self, forKey: .title)
        author = try container.decodeIfPresent(String.self, forKey: .author) ?? ""
        language = try container.decodeIfPresent(String.self, forKey: .language) ?? "en"
        sheets = try container.decode([Sheet].self, forKey: .sheets)
    }

    enum CodingKeys: String, CodingKey { case title, author, language, sheets }

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
            inspection.require(
                names.insert(sheet.name.lowercased()).inserted, "duplicate", "Two sheets have this name.", at: "name")
            cells = sheet.rows.reduce(cells) { $0 + $1.count }
        }
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

        package init(
            header: String, type: ValueType = .text, numberFormat: String? = nil, width: Double? = nil,
            total: Aggregate? = nil
        ) {
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
        }

        enum CodingKeys: String, CodingKey {
            case header, type, width, total
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
        columns = try container.decode([Column].self, forKey: .columns)
        rows = try container.decode([[Cell]].self, forKey: .rows)
        freezeHeader = try container.decodeIfPresent(Bool.self, forKey: .freezeHeader) ?? true
        autofilter = try container.decodeIfPresent(Bool.self, forKey: .autofilter) ?? true
        totalsLabel = try container.decodeIfPresent(String.self, forKey: .totalsLabel)
        charts = try container.decodeIfPresent([SheetChart].self, forKey: .charts) ?? []
    }

    enum CodingKeys: String, CodingKey {
        case name, columns, rows, autofilter, charts
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

/// A chart upon a sheet, drawn from its cells.
package struct SheetChart: Sendable, Hashable, Codable {
    package struct Series: Sendable, Hashable, Codable {
        package var name: String
        /// Cells of the same sheet, `B2:B9`, or of another, `'Q 1'!B2:B9`.
        package var values: String

        package init(name: String, values: String) {
            self.name = name
            self.values = values
        }
    }

    package var kind: Chart.Kind
    package var title: String?
    /// `A2:A9`, as in `Series.values`; for a scatter chart the abscissae.
    package var categories: String
    package var series: [Series]
    package var categoryAxisTitle: String?
    package var valueAxisTitle: String?
    package var numberFormat: String?
    /// Cell of the upper left corner; `nil`: to the right of the data.
    package var anchor: String?

    package init(
        kind: Chart.Kind, title: String? = nil, categories: String, series: [Series],
        categoryAxisTitle: String? = nil, valueAxisTitle: String? = nil, numberFormat: String? = nil,
        anchor: String? = nil
    ) {
        self.kind = kind
        self.title = title
        self.categories = categories
        self.series = series
        self.categoryAxisTitle = categoryAxisTitle
        self.valueAxisTitle = valueAxisTitle
        self.numberFormat = numberFormat
        self.anchor = anchor
    }

    enum CodingKeys: String, CodingKey {
        case kind, title, categories, series, anchor
        case categoryAxisTitle = "category_axis_title"
        case valueAxisTitle = "value_axis_title"
        case numberFormat = "number_format"
    }
}
