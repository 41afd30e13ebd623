package import Domain
import OOXML
package import ToolKit

/// Answers what stands in a workbook: an overview, a range, a native table, with conditions upon columns.
package struct WorkbookQuery: Tool {
    package struct Condition: Codable, Sendable, Hashable {
        package enum Comparison: String, Codable, Sendable, Hashable, CaseIterable {
            case equal, less, greater, contains, empty
            case notEqual = "not_equal"
            case lessOrEqual = "less_or_equal"
            case greaterOrEqual = "greater_or_equal"
            case notEmpty = "not_empty"
        }

        /// A column's name, or its letter.
        package var column: String
        package var comparison: Comparison
        package var value: JSONValue?

        package init(column: String, comparison: Comparison, value: JSONValue? = nil) {
            self.column = column
            self.comparison = comparison
            self.value = value
        }
    }

    package struct Input: Codable, Sendable {
        package var file: WorkspaceFile
        package var sheet: String?
        /// `B2:D9`; `nil`: all that is filled.
        package var range: String?
        /// Name of a native table, instead of sheet and range.
        package var table: String?
        /// Whether the first row names the columns; `nil`: it does.
        package var header: Bool?
        /// All must hold.
        package var conditions: [Condition]?
        /// Names or letters of the columns that are wanted, in order; `nil`: all.
        package var columns: [String]?
        package var offset: Int?
        /// `nil`: as many as an answer holds.
        package var limit: Int?
        /// Whether the answer lists formulas.
        package var formulas: Bool?

        package init(
            file: WorkspaceFile, sheet: String? = nil, range: String? = nil, table: String? = nil,
            header: Bool? = nil, conditions: [Condition]? = nil, columns: [String]? = nil, offset: Int? = nil,
            limit: Int? = nil, formulas: Bool? = nil
        ) {
            self.file = file
            self.sheet = sheet
            self.range = range
            self.table = table
            self.header = header
            self.conditions = conditions
            self.columns = columns
            self.offset = offset
            self.limit = limit
            self.formulas = formulas
        }
    }

    package struct Output: Codable, Sendable, Hashable {
        package struct SheetEntry: Codable, Sendable, Hashable {
            package var name: String
            package var hidden: Bool
            package var tables: [String]
        }

        package struct Column: Codable, Sendable, Hashable {
            package var name: String
            /// `A`
            package var letter: String
            /// `text`, `number`, `date`, `boolean`, `mixed`, or `empty`.
            package var type: String
        }

        package struct FormulaEntry: Codable, Sendable, Hashable {
            package var cell: String
            package var formula: String
        }

        package var sheets: [SheetEntry]
        /// The sheet that the rows are from.
        package var sheet: String
        package var columns: [Column]
        /// JSON scalars; dates are ISO 8601 text, errors their text: `#DIV/0!`.
        package var rows: [[JSONValue]]
        /// The row in the sheet of each of `rows`, from 1.
        package var numbers: [Int]
        /// Rows that fulfil the conditions.
        package var rowCount: Int
        package var truncated: Bool
        package var formulas: [FormulaEntry]

        enum CodingKeys: String, CodingKey {
            case sheets, sheet, columns, rows, numbers, truncated, formulas
            case rowCount = "row_count"
        }
    }

    /// Bytes of the file: it is held in memory.
    private static let maximumFile = 64 * 1024 * 1024
    /// Formulas in an answer.
    static let maximumFormulas = 2_000

    package static let descriptor = ToolDescriptor(
        name: "workbook.query",
        summary: "Reads a spreadsheet (XLSX): sheets and tables, ranges as typed rows, with conditions and formulas.",
        effect: .read, timeoutSeconds: 120)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let bytes = try WorkspaceFiles(directory: context.directory).read(input.file.path, limit: Self.maximumFile)
        return try DocumentFile.writing {
            let reader = try WorkbookReader(bytes)
            var sheets: [Output.SheetEntry] = []
            var tables: [WorkbookReader.TableEntry] = []
            for (index, sheet) in reader.sheets.enumerated() {
                let own = try reader.tables(of: index)
                tables += own
                sheets.append(.init(name: sheet.name, hidden: sheet.isHidden, tables: own.map(\.name)))
            }
            var selection = try CellSelection(input, reader, tables)
            try selection.run(reader)
            try Task.checkCancellation()
            return selection.output(sheets, reader)
        }
    }
}
