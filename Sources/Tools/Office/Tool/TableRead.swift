import CSV
package import Domain
import JSONSchema
package import ToolKit

/// Reads a CSV attachment as a typed table.
package struct TableRead: Tool {
    package struct Input: Codable, Sendable, SchemaAnnotated {
        package var file: WorkspaceFile

        package static let schemaWords: [String: JSONValue] = [
            "file": ["description": "A CSV file of the run: an attachment of email.read, for one."]
        ]

        package init(file: WorkspaceFile) { self.file = file }
    }

    package struct Output: Codable, Sendable, Hashable {
        package struct Column: Codable, Sendable, Hashable {
            package var name: String
            /// `text`, `integer`, `number`, `date` or `boolean`.
            package var type: String
        }

        package var name: String
        package var delimiter: String
        package var encoding: String
        package var columns: [Column]
        /// JSON scalars; dates are ISO 8601 text.
        package var rows: [[JSONValue]]
        /// Of the file, as far as it was read.
        package var rowCount: Int
        package var truncated: Bool

        enum CodingKeys: String, CodingKey {
            case name, delimiter, encoding, columns, rows, truncated
            case rowCount = "row_count"
        }
    }

    /// Rows in the answer: it travels as JSON and stands in the run's state.
    package static let maximumRows = 5_000
    /// Cells in the answer, for the same reason: a frame holds 16 MiB.
    package static let maximumCells = 200_000
    /// UTF-8 bytes of all text in the answer.
    package static let maximumText = 4 * 1024 * 1024

    package static let descriptor = ToolDescriptor(
        name: "table.read",
        summary: "Reads a CSV file into typed columns and rows. Finds delimiter, encoding and types by itself.",
        effect: .read, timeoutSeconds: 60, keywords: ["spreadsheet", "import", "parse", "data", "comma separated"])

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let bytes = try WorkspaceFiles(directory: context.directory).read(input.file.path, limit: CSVLimits().bytes)
        let table: CSVTable
        do {
            table = try CSVTable(parsing: bytes)
        } catch {
            throw ToolFailure(.invalidInput, code: error.code, "'\(input.file.name)': \(error.message)")
        }
        var room = Self.maximumText
        var rows: [[JSONValue]] = []
        let most = min(Self.maximumRows, Self.maximumCells / max(1, table.columns.count))
        for row in table.rows.prefix(most) {
            room -= row.reduce(0) { $0 + Self.length($1) }
            guard room >= 0 else { break }
            rows.append(row.map(Self.json))
        }
        return Output(
            name: input.file.name, delimiter: table.delimiter, encoding: table.encoding.rawValue,
            columns: table.columns.map { .init(name: $0.name, type: $0.type.rawValue) }, rows: rows,
            rowCount: table.rows.count, truncated: table.truncated || rows.count < table.rows.count)
    }

    private static func length(_ value: CSVValue) -> Int {
        if case .text(let text) = value { return text.utf8.count }
        return 0
    }

    private static func json(_ value: CSVValue) -> JSONValue {
        switch value {
        case .empty: .null
        case .text(let text), .date(let text): .string(text)
        case .integer(let value): .int(value)
        case .number(let value): .double(value)
        case .boolean(let value): .bool(value)
        }
    }
}
