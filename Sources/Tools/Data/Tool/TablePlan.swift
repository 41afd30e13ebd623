/// A question to tables without SQL: filter, join, group, sort, pivot.
package struct TablePlan: Codable, Sendable, Hashable {
    package struct Join: Codable, Sendable, Hashable {
        package var table: String
        /// `inner` (the default) or `left`.
        package var kind: String?
        /// Columns of the tables so far to columns of the joined table.
        package var on: [String: String]
    }

    package struct Aggregate: Codable, Sendable, Hashable {
        /// `count`, `count_distinct`, `sum`, `avg`, `min` or `max`.
        package var function: String
        /// Not needed by `count`.
        package var column: String?
        package var name: String?

        enum CodingKeys: String, CodingKey {
            case function, column
            case name = "as"
        }
    }

    package struct Order: Codable, Sendable, Hashable {
        package var column: String
        package var descending: Bool?
    }

    package struct Pivot: Codable, Sendable, Hashable {
        /// Columns that name the rows of the result.
        package var rows: [String]
        /// The column whose values become columns.
        package var column: String
        package var value: String?
        /// As in `Aggregate`; `sum` by default, `count` without `value`.
        package var function: String?
    }

    package var from: String?
    package var joins: [Join]?
    package var filter: TableFilter?
    package var select: [String]?
    package var distinct: Bool?
    package var groupBy: [String]?
    package var aggregates: [Aggregate]?
    /// Over the columns of the grouped result.
    package var having: TableFilter?
    package var pivot: Pivot?
    package var sort: [Order]?
    package var limit: Int?
    package var offset: Int?

    enum CodingKeys: String, CodingKey {
        case from, joins, filter, select, distinct, aggregates, having, pivot, sort, limit, offset
        case groupBy = "group_by"
    }
}
