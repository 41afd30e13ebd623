/// A table of a slide or a report.
package struct Table: Sendable, Hashable, Codable {
    package struct Column: Sendable, Hashable, Codable {
        package var header: String
        package var type: ValueType
        /// `nil`: by type.
        package var alignment: Alignment?
        /// An Excel number format such as `#,##0.00` for cells that are numbers.
        package var numberFormat: String?

        package init(
            header: String, type: ValueType = .text, alignment: Alignment? = nil, numberFormat: String? = nil
        ) {
            self.header = header
            self.type = type
            self.alignment = alignment
            self.numberFormat = numberFormat
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            header = try container.decode(String.self, forKey: .header)
            type = try container.decodeIfPresent(ValueType.self, forKey: .type) ?? .text
            alignment = try container.decodeIfPresent(Alignment.self, forKey: .alignment)
            numberFormat = try container.decodeIfPresent(String.self, forKey: .numberFormat)
        }

        enum CodingKeys: String, CodingKey {
            case header, type, alignment
            case numberFormat = "number_format"
        }
    }

    package var columns: [Column]
    /// Each row has as many cells as there are columns. Dates are ISO 8601 text.
    package var rows: [[Scalar]]
    package var caption: String?

    package init(columns: [Column], rows: [[Scalar]], caption: String? = nil) {
        self.columns = columns
        self.rows = rows
        self.caption = caption
    }

    package func validate() -> [DocumentFault] {
        var inspection = DocumentInspection()
        inspect(&inspection)
        return inspection.faults
    }

    func inspect(_ inspection: inout DocumentInspection) {
        inspection.text(caption, "caption", limit: DocumentLimits.line)
        inspection.count(columns.count, "columns", in: 1...DocumentLimits.tableColumns)
        inspection.count(rows.count, "rows", in: 0...DocumentLimits.tableRows)
        inspection.each("columns", columns) { column, inspection in
            inspection.text(column.header, "header", limit: DocumentLimits.title)
            inspection.text(column.numberFormat, "number_format", limit: DocumentLimits.title)
        }
        inspection.each("rows", rows) { row, inspection in
            inspection.require(
                row.count == columns.count, "row_width",
                "The row has \(row.count) cells; the table has \(columns.count) columns.")
            for (index, cell) in row.enumerated() {
                guard case .text(let text) = cell else { continue }
                inspection.require(
                    text.utf16.count <= DocumentLimits.line, "too_long",
                    "The cell's text has more than \(DocumentLimits.line) characters.", at: "\(index)")
            }
        }
    }
}
