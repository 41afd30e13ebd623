import Domain
import SQLite
import ToolKit
import Workspaces

/// How the result of a query is given.
package struct TableOutput: Codable, Sendable, Hashable {
    /// `json` (the default), `jsonl` (into files alone), `csv` or `markdown`.
    package var format: String?
    /// A file for the whole result; the answer then shows its first rows.
    package var path: String?
    package var publish: Bool?
    /// Rows of the answer.
    package var maxRows: Int?

    enum CodingKeys: String, CodingKey {
        case format, path, publish
        case maxRows = "max_rows"
    }
}

/// Takes a statement's rows to the answer and to a file.
struct TableWriter {
    /// Rows of an answer.
    static let mostRows = 5_000
    static let usualRows = 1_000
    /// Rows of an answer that only shows what a file holds.
    static let shownRows = 20
    /// Bytes of texts in an answer.
    static let mostText = 2 * 1024 * 1024
    /// Rows and bytes of a file.
    static let mostFileRows = 5_000_000
    static let mostFileBytes = 512 * 1024 * 1024

    private enum Format: String { case json, jsonl, csv, markdown }

    private let format: Format
    private let shown: Int
    private let statement: SQLStatement
    private let draft: WorkspaceDraft?

    init(_ output: TableOutput, _ statement: SQLStatement, in workspace: Workspace) throws(ToolFailure) {
        guard let format = Format(rawValue: output.format ?? Self.format(of: output.path)) else {
            throw Self.invalid("'format' must be json, jsonl, csv or markdown.")
        }
        guard format != .jsonl || output.path != nil else { throw Self.invalid("'jsonl' needs a 'path'.") }
        let usual = output.path == nil ? Self.usualRows : Self.shownRows
        guard (1...Self.mostRows).contains(output.maxRows ?? usual) else {
            throw Self.invalid("'max_rows' must be from 1 to \(Self.mostRows).")
        }
        self.format = format
        shown = output.maxRows ?? usual
        self.statement = statement
        draft = try output.path.map { text throws(ToolFailure) in
            try WorkspaceDraft(for: try WorkspacePath(text), in: workspace)
        }
    }

    private static func format(of path: String?) -> String {
        switch path?.split(separator: ".").last?.lowercased() {
        case "csv": "csv"
        case "md": "markdown"
        case "jsonl", "ndjson": "jsonl"
        default: "json"
        }
    }

    private static func invalid(_ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "input_invalid", message)
    }

    func run(_ work: BlockingWork, into output: inout TableQuery.Output) throws {
        var types = statement.columns.map { SourceTable.ColumnType(declared: $0.declaredType) }
        var head: [[JSONValue]] = []
        var room = Self.mostText
        var lines = TableLines(columns: statement.columns.map(\.name))
        var isFirst = true
        while let row = try statement.next() {
            try work.check()
            output.rowCount += 1
            for (index, value) in row.enumerated() where types[index] == nil { types[index] = Self.type(of: value) }
            let cells = zip(row, statement.columns).map { Self.json($0, $1.declaredType) }
            if head.count < shown, room > 0 {
                head.append(cells)
                room -= cells.reduce(0) { $0 + ($1.string?.utf8.count ?? 8) }
            } else if draft == nil {
                // One more row was read to know that there is more.
                output.truncated = true
                output.rowCount -= 1
                break
            }
            try write(cells, isFirst, &lines)
            isFirst = false
            guard output.rowCount < Self.mostFileRows else {
                output.truncated = true
                break
            }
        }
        output.columns = zip(statement.columns, types).map { .init(name: $0.name, type: ($1 ?? .text).rawValue) }
        try finish(isFirst, lines, &output)
        switch format {
        case .json, .jsonl: output.rows = head
        case .csv: output.text = lines.csv(head)
        case .markdown: output.text = lines.markdown(head)
        }
    }

    private func write(_ cells: [JSONValue], _ isFirst: Bool, _ lines: inout TableLines) throws {
        guard let draft else { return }
        switch format {
        case .csv: try draft.write(Array(((isFirst ? lines.csvHeader : "") + lines.csvLine(cells)).utf8))
        case .markdown: try draft.write(Array(((isFirst ? lines.markdownHeader : "") + lines.markdownLine(cells)).utf8))
        case .jsonl: try draft.write(try lines.object(cells) + [0x0A])
        case .json: try draft.write(Array((isFirst ? "[\n" : ",\n").utf8) + (try lines.object(cells)))
        }
        guard draft.size <= Self.mostFileBytes else {
            throw ToolFailure(
                .invalidInput, code: "data_too_large", "The result has more than \(Self.mostFileBytes) bytes.")
        }
    }

    private func finish(_ isEmpty: Bool, _ lines: TableLines, _ output: inout TableQuery.Output) throws {
        guard let draft else { return }
        switch format {
        case .json: try draft.write(Array((isEmpty ? "[]\n" : "\n]\n").utf8))
        case .csv where isEmpty: try draft.write(Array(lines.csvHeader.utf8))
        case .markdown where isEmpty: try draft.write(Array(lines.markdownHeader.utf8))
        default: break
        }
        try draft.commit()
        let types: [Format: String] = [
            .json: "application/json", .jsonl: "application/jsonl", .csv: "text/csv", .markdown: "text/markdown",
        ]
        output.file = WorkspaceFile(
            path: draft.path.description, name: draft.path.name, mediaType: types[format] ?? "text/plain",
            size: draft.size)
    }

    private static func type(of value: SQLValue) -> SourceTable.ColumnType? {
        switch value {
        case .null: nil
        case .integer: .integer
        case .real: .number
        case .text: .text
        }
    }

    private static func json(_ value: SQLValue, _ declared: String?) -> JSONValue {
        switch value {
        case .null: .null
        case .integer(let value):
            SourceTable.ColumnType(declared: declared) == .boolean && (value == 0 || value == 1)
                ? .bool(value == 1) : .int(value)
        // SQLite's infinities, as of 1e999, have no form in JSON.
        case .real(let value): value.isFinite ? .double(value) : .string("\(value)")
        case .text(let text): .string(text)
        }
    }
}

/// Rows as lines of text.
struct TableLines {
    let columns: [String]

    var csvHeader: String { csvLine(columns.map { .string($0) }) }

    /// RFC 4180, with LF.
    func csvLine(_ cells: [JSONValue]) -> String {
        cells.map { cell in
            let text = Self.text(cell)
            let isPlain = !text.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
            return isPlain ? text : "\"" + String(text.flatMap { $0 == "\"" ? ["\"", "\""] : [$0] }) + "\""
        }.joined(separator: ",") + "\n"
    }

    func csv(_ rows: [[JSONValue]]) -> String { csvHeader + rows.map { csvLine($0) }.joined() }

    var markdownHeader: String {
        markdownLine(columns.map { .string($0) }) + "|" + columns.map { _ in " --- |" }.joined() + "\n"
    }

    func markdownLine(_ cells: [JSONValue]) -> String {
        "|"
            + cells.map { cell in
                let text = Self.text(cell).unicodeScalars.map { scalar -> String in
                    switch scalar {
                    case "|": "\\|"
                    case "\n", "\r": " "
                    default: String(Character(scalar))
                    }
                }
                return " \(text.joined()) |"
            }.joined() + "\n"
    }

    func markdown(_ rows: [[JSONValue]]) -> String { markdownHeader + rows.map { markdownLine($0) }.joined() }

    func object(_ cells: [JSONValue]) throws -> [UInt8] {
        Array(try JSONValue.object(Dictionary(zip(columns, cells)) { _, last in last }).canonicalBytes())
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let text): text
        case .array, .object: ""
        }
    }
}
