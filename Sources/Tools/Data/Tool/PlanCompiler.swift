import Domain
import SQLite
import ToolKit

/// From a plan to one SELECT, its names quoted and its values bound.
struct PlanCompiler {
    struct Table {
        var name: String
        var columns: [String]
    }

    /// Values of a pivot's column that become columns.
    static let mostPivotColumns = 200
    /// Values of one `in`, and members of one `all` or `any`.
    static let mostValues = 1_000

    let tables: [Table]
    private(set) var values: [SQLValue] = []
    private var scope: [Table] = []

    init(_ tables: [Table]) { self.tables = tables }

    /// `pivotValues` are the values of the pivot's column, which `pivotQuery` finds.
    mutating func sql(_ plan: TablePlan, pivotValues: [SQLValue] = []) throws(ToolFailure) -> String {
        values = []
        let source = try source(plan)
        let list = try list(plan, pivotValues)
        var text = "SELECT \(plan.distinct == true ? "DISTINCT " : "")\(list.joined(separator: ", ")) FROM \(source)"
        if let filter = plan.filter { text += " WHERE \(try condition(filter))" }
        let keys = plan.pivot?.rows ?? plan.groupBy ?? []
        var groups: [String] = []
        for key in keys { groups.append(try column(key)) }
        if !groups.isEmpty { text += " GROUP BY \(groups.joined(separator: ", "))" }
        // Everything after the grouping speaks of the result's columns.
        text = "SELECT * FROM (\(text))"
        let names = resultNames(plan, pivotValues)
        if let having = plan.having {
            text +=
                " WHERE \(try condition(having, depth: 0) { name throws(ToolFailure) in try Self.result(name, names) })"
        }
        var orders: [String] = []
        for order in plan.sort ?? [] {
            orders.append(try Self.result(order.column, names) + (order.descending == true ? " DESC" : ""))
        }
        if !orders.isEmpty { text += " ORDER BY \(orders.joined(separator: ", "))" }
        return text
    }

    /// Finds the values of the pivot's column, one more than may be.
    mutating func pivotQuery(_ plan: TablePlan, _ pivot: TablePlan.Pivot) throws(ToolFailure) -> String {
        values = []
        let source = try source(plan)
        var text = "SELECT DISTINCT \(try column(pivot.column)) FROM \(source)"
        if let filter = plan.filter { text += " WHERE \(try condition(filter))" }
        return text + " ORDER BY 1 LIMIT \(Self.mostPivotColumns + 1)"
    }

    private mutating func source(_ plan: TablePlan) throws(ToolFailure) -> String {
        let first = try table(plan.from ?? tables.first?.name ?? "")
        scope = [first]
        var text = SQLDatabase.quoted(first.name)
        for join in plan.joins ?? [] {
            let next = try table(join.table)
            guard !scope.contains(where: { $0.name == next.name }) else {
                throw Self.invalid("'\(join.table)' is joined twice; use SQL with aliases for that")
            }
            guard ["inner", "left"].contains(join.kind ?? "inner"), !join.on.isEmpty else {
                throw Self.invalid("a join has 'kind' inner or left, and 'on' with at least one pair of columns")
            }
            var pairs: [String] = []
            for (left, right) in join.on.sorted(by: { $0.key < $1.key }) {
                pairs.append("\(try column(left)) = \(try Self.column(right, in: [next]))")
            }
            text += " \(join.kind == "left" ? "LEFT" : "INNER") JOIN \(SQLDatabase.quoted(next.name))"
            text += " ON \(pairs.joined(separator: " AND "))"
            scope.append(next)
        }
        return text
    }

    private mutating func list(_ plan: TablePlan, _ pivotValues: [SQLValue]) throws(ToolFailure) -> [String] {
        var list: [String] = []
        if let pivot = plan.pivot {
            guard plan.groupBy == nil, plan.aggregates == nil, plan.select == nil else {
                throw Self.invalid("a pivot stands alone: leave out 'select', 'group_by' and 'aggregates'")
            }
            for row in pivot.rows { list.append("\(try column(row)) AS \(SQLDatabase.quoted(row))") }
            let key = try column(pivot.column)
            for value in pivotValues {
                values.append(value)
                let cell = pivot.value == nil ? "1" : try column(pivot.value ?? "")
                let function = try Self.opening(pivot.function ?? (pivot.value == nil ? "count" : "sum"))
                list.append(
                    "\(function)CASE WHEN \(key) IS ? THEN \(cell) END) AS \(SQLDatabase.quoted(Self.text(value)))")
            }
            guard !list.isEmpty else { throw Self.invalid("the pivot has no rows and no columns") }
            return list
        }
        let keys = plan.groupBy ?? []
        let aggregates = plan.aggregates ?? []
        guard !keys.isEmpty || !aggregates.isEmpty else {
            for name in plan.select ?? [] { list.append("\(try column(name)) AS \(SQLDatabase.quoted(name))") }
            return list.isEmpty ? try everything() : list
        }
        guard plan.select == nil else { throw Self.invalid("with 'group_by' or 'aggregates' leave out 'select'") }
        for key in keys { list.append("\(try column(key)) AS \(SQLDatabase.quoted(key))") }
        for aggregate in aggregates {
            let function = try Self.opening(aggregate.function)
            guard aggregate.column != nil || aggregate.function == "count" else {
                throw Self.invalid("'\(aggregate.function)' needs a 'column'")
            }
            let cell = try aggregate.column.map { name throws(ToolFailure) in try column(name) } ?? "*"
            list.append("\(function)\(cell)) AS \(SQLDatabase.quoted(Self.name(of: aggregate)))")
        }
        return list
    }

    /// All columns; of joined tables with the table's name where one occurs twice.
    private func everything() throws(ToolFailure) -> [String] {
        resultColumns().map {
            "\(SQLDatabase.quoted($0.table)).\(SQLDatabase.quoted($0.column)) AS \(SQLDatabase.quoted($0.name))"
        }
    }

    private func resultColumns() -> [(table: String, column: String, name: String)] {
        var seen: Set<String> = []
        return scope.flatMap { table in
            table.columns.map { column in
                let isFirst = seen.insert(column.lowercased()).inserted
                return (table.name, column, isFirst ? column : "\(table.name).\(column)")
            }
        }
    }

    private func resultNames(_ plan: TablePlan, _ pivotValues: [SQLValue]) -> [String] {
        if let pivot = plan.pivot { return pivot.rows + pivotValues.map { Self.text($0) } }
        if plan.groupBy != nil || plan.aggregates != nil {
            return (plan.groupBy ?? []) + (plan.aggregates ?? []).map { Self.name(of: $0) }
        }
        // Rows that are not grouped may be sorted by columns that are not shown only through SQL.
        return plan.select ?? resultColumns().map(\.name)
    }

    private static func name(of aggregate: TablePlan.Aggregate) -> String {
        aggregate.name ?? aggregate.column.map { "\(aggregate.function)_\($0)" } ?? aggregate.function
    }

    private static func text(_ value: SQLValue) -> String {
        switch value {
        case .null: "(none)"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let text): text.isEmpty ? "(empty)" : text
        }
    }

    /// An aggregate up to its argument.
    private static func opening(_ name: String) throws(ToolFailure) -> String {
        switch name {
        case "count", "sum", "avg", "min", "max": return "\(name)("
        case "count_distinct": return "count(DISTINCT "
        default: throw invalid("'\(name.prefix(40))' is no aggregate; use count, count_distinct, sum, avg, min or max")
        }
    }

    private func table(_ name: String) throws(ToolFailure) -> Table {
        guard let found = tables.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            let names = tables.map { "'\($0.name)'" }.joined(separator: ", ")
            throw Self.invalid("there is no table '\(name.prefix(60))'; there are \(names)")
        }
        return found
    }

    private func column(_ name: String) throws(ToolFailure) -> String { try Self.column(name, in: scope) }

    /// `column`, or `table.column`.
    private static func column(_ name: String, in scope: [Table]) throws(ToolFailure) -> String {
        for table in scope {
            if let found = table.columns.first(where: { $0.lowercased() == name.lowercased() }) {
                return "\(SQLDatabase.quoted(table.name)).\(SQLDatabase.quoted(found))"
            }
        }
        for table in scope where name.lowercased().hasPrefix("\(table.name.lowercased()).") {
            let rest = name.dropFirst(table.name.count + 1).lowercased()
            if let found = table.columns.first(where: { $0.lowercased() == rest }) {
                return "\(SQLDatabase.quoted(table.name)).\(SQLDatabase.quoted(found))"
            }
        }
        let known = scope.flatMap { table in table.columns.map { scope.count == 1 ? $0 : "\(table.name).\($0)" } }
        throw invalid("there is no column '\(name.prefix(60))'; there are \(known.prefix(60).joined(separator: ", "))")
    }

    private static func result(_ name: String, _ names: [String]) throws(ToolFailure) -> String {
        guard let found = names.first(where: { $0.lowercased() == name.lowercased() }) else {
            throw invalid(
                "the result has no column '\(name.prefix(60))'; it has \(names.prefix(60).joined(separator: ", "))")
        }
        return SQLDatabase.quoted(found)
    }

    private mutating func condition(_ filter: TableFilter) throws(ToolFailure) -> String {
        let scope = scope
        return try condition(filter, depth: 0) { name throws(ToolFailure) in try Self.column(name, in: scope) }
    }

    private mutating func condition(
        _ filter: TableFilter, depth: Int, _ column: (String) throws(ToolFailure) -> String
    ) throws(ToolFailure) -> String {
        guard depth < 20 else { throw Self.invalid("filters nest at most 20 deep") }
        switch filter {
        case .all(let list), .any(let list):
            let isAll = if case .all = filter { true } else { false }
            guard list.count <= Self.mostValues else {
                throw Self.invalid("a filter has at most \(Self.mostValues) parts")
            }
            var parts: [String] = []
            for inner in list { parts.append(try condition(inner, depth: depth + 1, column)) }
            return parts.isEmpty ? (isAll ? "1" : "0") : "(\(parts.joined(separator: isAll ? " AND " : " OR ")))"
        case .not(let inner): return "NOT (\(try condition(inner, depth: depth + 1, column)))"
        case .condition(let name, let operation, let value):
            return try comparison(try column(name), operation, value)
        }
    }

    private mutating func comparison(_ column: String, _ operation: String, _ value: JSONValue) throws(ToolFailure)
        -> String
    {
        switch operation {
        case "=", "==":
            values.append(try Self.scalar(value))
            return "\(column) IS ?"
        case "!=", "<>":
            values.append(try Self.scalar(value))
            return "\(column) IS NOT ?"
        case "<", "<=", ">", ">=":
            values.append(try Self.scalar(value))
            return "\(column) \(operation) ?"
        case "contains", "starts_with", "ends_with":
            guard let text = value.string else { throw Self.invalid("'\(operation)' needs a text") }
            let plain = text.replacingLikeMarks()
            values.append(
                .text((operation == "starts_with" ? "" : "%") + plain + (operation == "ends_with" ? "" : "%")))
            return "\(column) LIKE ? ESCAPE '\\'"
        case "in", "not_in", "between":
            guard let list = value.array, list.count <= Self.mostValues, operation != "between" || list.count == 2
            else {
                throw Self.invalid("'\(operation)' needs a list\(operation == "between" ? " of two values" : "")")
            }
            for item in list { values.append(try Self.scalar(item)) }
            if operation == "between" { return "\(column) BETWEEN ? AND ?" }
            let holes = [String](repeating: "?", count: list.count).joined(separator: ", ")
            return "\(column) \(operation == "in" ? "IN" : "NOT IN") (\(holes))"
        case "is_null": return "\(column) IS NULL"
        case "not_null": return "\(column) IS NOT NULL"
        default:
            throw Self.invalid(
                "'\(operation.prefix(20))' is no comparison; use \(TableFilter.operations.joined(separator: ", "))")
        }
    }

    static func scalar(_ value: JSONValue) throws(ToolFailure) -> SQLValue {
        switch value {
        case .null: return .null
        case .bool(let value): return .integer(value ? 1 : 0)
        case .int(let value): return .integer(value)
        case .double(let value): return .real(value)
        case .string(let text): return .text(text)
        case .array, .object: throw invalid("a comparison takes a text, a number, true, false or null")
        }
    }

    private static func invalid(_ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "query_invalid", "\(message.prefix(1).uppercased())\(message.dropFirst()).")
    }
}

extension String {
    /// `%` and `_` stand for themselves (SQLite, LIKE with ESCAPE).
    fileprivate func replacingLikeMarks() -> String {
        String(flatMap { "%_\\".contains($0) ? ["\\", $0] : [$0] })
    }
}
