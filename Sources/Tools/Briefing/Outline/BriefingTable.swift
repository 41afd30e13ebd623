package import DocumentModel

/// A table that came with the request: the answer of `table.read`.
package struct BriefingTable: Sendable, Hashable, Codable {
    package struct Column: Sendable, Hashable, Codable {
        package var name: String
        package var type: ValueType

        package init(name: String, type: ValueType) {
            self.name = name
            self.type = type
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name) ?? ""
            let type = try container.decodeIfPresent(String.self, forKey: .type) ?? ""
            self.type = ValueType(rawValue: type) ?? .text
        }

        enum CodingKeys: String, CodingKey { case name, type }
    }

    /// The file's name.
    package var name: String
    package var columns: [Column]
    package var rows: [[Scalar]]
    /// Whether the file has more rows than these.
    package var truncated: Bool

    package init(name: String, columns: [Column], rows: [[Scalar]], truncated: Bool = false) {
        self.name = name
        self.columns = columns
        self.rows = rows
        self.truncated = truncated
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name) ?? ""
        columns = try container.decode([Column].self, forKey: .columns)
        rows = try container.decode([[Scalar]].self, forKey: .rows)
        truncated = try container.decodeIfPresent(Bool.self, forKey: .truncated) ?? false
    }

    enum CodingKeys: String, CodingKey { case name, columns, rows, truncated }

    /// Columns that a briefing shows; wider tables are cut.
    private static let maximumColumns = 64
    /// Rows that a briefing takes into its workbook.
    private static let maximumRows = 100_000

    /// With named columns and rows of their width, within the bounds; `nil` where there is nothing to show.
    func normalized() -> BriefingTable? {
        guard !columns.isEmpty, !rows.isEmpty else { return nil }
        var table = self
        table.name = Clip.clip(Clip.line(name), to: 100)
        if table.name.isEmpty { table.name = "table" }
        table.columns = columns.prefix(Self.maximumColumns).enumerated().map { index, column in
            let name = Clip.clip(Clip.line(column.name), to: 80)
            return Column(name: name.isEmpty ? "Column \(index + 1)" : name, type: column.type)
        }
        let width = table.columns.count
        table.rows = rows.prefix(Self.maximumRows).map { row in
            let cells = row.prefix(width).map(Self.bounded)
            return cells + Array(repeating: .null, count: width - cells.count)
        }
        table.truncated = truncated || rows.count > Self.maximumRows
        return table
    }

    private static func bounded(_ cell: Scalar) -> Scalar {
        switch cell {
        case .text(let text): .text(Clip.clip(text, to: 1_000))
        case .number(let value) where !value.isFinite: .null
        case .null, .bool, .integer, .number: cell
        }
    }
}
