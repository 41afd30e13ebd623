package import Domain
import SQLite
package import ToolKit
import Workspaces

/// Asks tables a question: in SQL, or by a plan.
package struct TableQuery: Tool {
    package struct Input: Codable, Sendable {
        package var tables: [TableReference]
        /// One SELECT; reads alone.
        package var sql: String?
        /// Values of the statement's `?`.
        package var parameters: [JSONValue]?
        /// In place of SQL. Without either, the tables are described.
        package var query: TablePlan?
        package var output: TableOutput?
    }

    package struct Output: Codable, Sendable {
        package struct Table: Codable, Sendable {
            package var name: String
            package var columns: [Column]
            package var rowCount: Int
            /// Rows or columns of the file were left out.
            package var truncated: Bool

            enum CodingKeys: String, CodingKey {
                case name, columns, truncated
                case rowCount = "row_count"
            }
        }

        package struct Column: Codable, Sendable {
            package var name: String
            /// `text`, `integer`, `number`, `date` or `boolean`.
            package var type: String
        }

        package var tables: [Table]
        package var columns: [Column]
        /// With `json`; at most `max_rows` of them.
        package var rows: [[JSONValue]]?
        /// With `csv` and `markdown`.
        package var text: String?
        /// Rows of the result as far as it was read.
        package var rowCount: Int
        package var truncated: Bool
        package var file: WorkspaceFile?

        enum CodingKeys: String, CodingKey {
            case tables, columns, rows, text, truncated, file
            case rowCount = "row_count"
        }
    }

    package static let descriptor = ToolDescriptor(
        name: "table.query",
        summary: """
            Queries CSV, TSV, JSON, JSONL and XLSX files of the workspace, or inline rows, as tables: by 'sql' (SQLite's \
            SELECT with joins, windows, CTEs) or by 'query' (from, joins, filter, group_by, aggregates, pivot, sort, \
            limit). Without either it describes tables and columns. Answers as JSON, CSV or Markdown, or into a file.
            """,
        effect: .read, timeoutSeconds: 120)

    private let workbook: WorkbookReading

    package init(workbook: @escaping WorkbookReading = { try SheetReader.sheets(of: $0) }) { self.workbook = workbook }

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        guard input.sql == nil || input.query == nil else {
            throw ToolFailure(.invalidInput, code: "input_invalid", "Give 'sql' or 'query', not both.")
        }
        let workspace = Workspace(directory: context.directory)
        let workbook = workbook
        let output = try await BlockingWork.run(until: context.deadline) { work in
            do {
                let loader = TableLoader(workspace: workspace, workbook: workbook, work: work)
                return try Self.answer(input, try loader.load(input.tables), workspace, work)
            } catch let fault as SQLFault {
                try work.check()
                throw ToolFailure(fault)
            }
        }
        if let file = output.file, input.output?.publish == true { context.publish(file) }
        return output
    }

    private static func answer(
        _ input: Input, _ loaded: [TableLoader.Loaded], _ workspace: Workspace, _ work: BlockingWork
    ) throws -> Output {
        let described = loaded.map { each in
            Output.Table(
                name: each.name, columns: each.table.columns.map { .init(name: $0.name, type: $0.type.rawValue) },
                rowCount: each.table.rows.count, truncated: each.table.isTruncated)
        }
        var output = Output(tables: described, columns: [], rowCount: 0, truncated: false)
        guard input.sql != nil || input.query != nil else { return output }
        let database = try SQLDatabase { work.isOver }
        for each in loaded {
            try database.create(each.name, columns: each.table.columns.map { ($0.name, $0.type.declared) })
            var rows = each.table.rows.makeIterator()
            try database.fill(each.name, width: each.table.columns.count) { rows.next() }
        }
        database.seal()
        let statement = try statement(input, loaded, on: database)
        let writer = try TableWriter(input.output ?? TableOutput(), statement, in: workspace)
        try writer.run(work, into: &output)
        return output
    }

    private static func statement(
        _ input: Input, _ loaded: [TableLoader.Loaded], on database: SQLDatabase
    ) throws -> SQLStatement {
        if let sql = input.sql {
            var values: [SQLValue] = []
            for value in input.parameters ?? [] { values.append(try PlanCompiler.scalar(value)) }
            return try database.query(sql, values)
        }
        let plan = input.query ?? TablePlan()
        var compiler = PlanCompiler(loaded.map { .init(name: $0.name, columns: $0.table.columns.map(\.name)) })
        var pivotValues: [SQLValue] = []
        if let pivot = plan.pivot {
            let found = try database.query(try compiler.pivotQuery(plan, pivot), compiler.values)
            while let row = try found.next() { pivotValues += row }
            guard pivotValues.count <= PlanCompiler.mostPivotColumns else {
                throw ToolFailure(
                    .invalidInput, code: "query_invalid",
                    "'\(pivot.column)' has more than \(PlanCompiler.mostPivotColumns) values; a pivot makes a column of each."
                )
            }
        }
        var sql = try compiler.sql(plan, pivotValues: pivotValues)
        for (name, value) in [("LIMIT", plan.limit ?? (plan.offset == nil ? nil : -1)), ("OFFSET", plan.offset)] {
            if let value { sql += " \(name) \(value)" }
        }
        return try database.query(sql, compiler.values)
    }
}

extension ToolFailure {
    init(_ fault: SQLFault) {
        let kind: Kind = fault.code == .failed ? .permanent : .invalidInput
        self.init(fault.code == .interrupted ? .permanent : kind, code: fault.code.rawValue, "\(fault.message).")
    }
}
