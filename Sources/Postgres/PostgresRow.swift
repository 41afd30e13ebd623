package import FoundationEssentials

/// What one statement answered.
package struct PostgresResult: Sendable {
    package let rows: [PostgresRow]
    /// Rows inserted, updated, deleted or selected; 0 for other commands.
    package let affected: Int
    /// The command tag without counts, such as `COMMIT`.
    let tag: String
}

/// A column by name (the first of that name) or by index from 0.
package enum PostgresColumn: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case name(String)
    case index(Int)

    package init(stringLiteral value: String) { self = .name(value) }
    package init(integerLiteral value: Int) { self = .index(value) }
}

/// Names and types of a result's columns, shared by all results of one prepared statement.
final class Columns: Sendable {
    let names: [String]
    let types: [UInt32]
    let positions: [String: Int]

    init(names: [String], types: [UInt32]) {
        self.names = names
        self.types = types
        positions = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
    }
}

/// The cells of a result in one buffer, in the server's binary format.
final class Table: Sendable {
    let columns: Columns
    private let bytes: [UInt8]
    /// Two entries a cell: start and end in `bytes`; a start of -1 is NULL.
    private let spans: [Int]

    init(columns: Columns, bytes: [UInt8], spans: [Int]) {
        self.columns = columns
        self.bytes = bytes
        self.spans = spans
    }

    func cell(row: Int, column: Int) -> ArraySlice<UInt8>? {
        let position = 2 * (row * columns.names.count + column)
        let start = spans[position]
        return start < 0 ? nil : bytes[start..<spans[position + 1]]
    }
}

/// One row. Accessors throw `PostgresError.decoding` if the column is missing or of another type; those without
/// `optional` also if it is NULL.
package struct PostgresRow: Sendable {
    let table: Table
    let index: Int

    package var columnNames: [String] { table.columns.names }

    package func isNull(_ column: PostgresColumn) throws(PostgresError) -> Bool { try cell(column).bytes == nil }

    package func bool(_ column: PostgresColumn) throws(PostgresError) -> Bool {
        try required(column, "bool", CellDecoder.bool)
    }
    package func optionalBool(_ column: PostgresColumn) throws(PostgresError) -> Bool? {
        try optional(column, "bool", CellDecoder.bool)
    }

    /// Any integer type, or `numeric` (the type of `sum(bigint)`) without a fraction.
    package func int(_ column: PostgresColumn) throws(PostgresError) -> Int {
        try required(column, "integer", CellDecoder.int)
    }
    package func optionalInt(_ column: PostgresColumn) throws(PostgresError) -> Int? {
        try optional(column, "integer", CellDecoder.int)
    }

    /// Any number.
    package func double(_ column: PostgresColumn) throws(PostgresError) -> Double {
        try required(column, "number", CellDecoder.double)
    }
    package func optionalDouble(_ column: PostgresColumn) throws(PostgresError) -> Double? {
        try optional(column, "number", CellDecoder.double)
    }

    /// Text, names, enums, `json`, `jsonb`, `uuid`, `numeric`. Cast other types in SQL: `started::text`.
    package func text(_ column: PostgresColumn) throws(PostgresError) -> String {
        try required(column, "text", CellDecoder.text)
    }
    package func optionalText(_ column: PostgresColumn) throws(PostgresError) -> String? {
        try optional(column, "text", CellDecoder.text)
    }

    package func bytes(_ column: PostgresColumn) throws(PostgresError) -> [UInt8] {
        try required(column, "bytea", CellDecoder.bytes)
    }
    package func optionalBytes(_ column: PostgresColumn) throws(PostgresError) -> [UInt8]? {
        try optional(column, "bytea", CellDecoder.bytes)
    }

    package func uuid(_ column: PostgresColumn) throws(PostgresError) -> UUID {
        try required(column, "uuid", CellDecoder.uuid)
    }
    package func optionalUUID(_ column: PostgresColumn) throws(PostgresError) -> UUID? {
        try optional(column, "uuid", CellDecoder.uuid)
    }

    /// `timestamptz`; `timestamp` and `date` are taken as UTC.
    package func timestamp(_ column: PostgresColumn) throws(PostgresError) -> Date {
        try required(column, "timestamp", CellDecoder.timestamp)
    }
    package func optionalTimestamp(_ column: PostgresColumn) throws(PostgresError) -> Date? {
        try optional(column, "timestamp", CellDecoder.timestamp)
    }

    /// The UTF-8 of a `json` or `jsonb` column, ready for a decoder.
    package func json(_ column: PostgresColumn) throws(PostgresError) -> [UInt8] {
        try required(column, "json", CellDecoder.json)
    }
    package func optionalJSON(_ column: PostgresColumn) throws(PostgresError) -> [UInt8]? {
        try optional(column, "json", CellDecoder.json)
    }

    package func uuids(_ column: PostgresColumn) throws(PostgresError) -> [UUID] {
        try required(column, "uuid[]") { CellDecoder.array($0, $1, CellDecoder.uuid) }
    }
    package func texts(_ column: PostgresColumn) throws(PostgresError) -> [String] {
        try required(column, "text[]") { CellDecoder.array($0, $1, CellDecoder.text) }
    }
    package func ints(_ column: PostgresColumn) throws(PostgresError) -> [Int] {
        try required(column, "integer[]") { CellDecoder.array($0, $1, CellDecoder.int) }
    }
    package func byteArrays(_ column: PostgresColumn) throws(PostgresError) -> [[UInt8]] {
        try required(column, "bytea[]") { CellDecoder.array($0, $1, CellDecoder.bytes) }
    }
    package func timestamps(_ column: PostgresColumn) throws(PostgresError) -> [Date] {
        try required(column, "timestamptz[]") { CellDecoder.array($0, $1, CellDecoder.timestamp) }
    }

    /// pgvector's `vector`.
    package func vector(_ column: PostgresColumn) throws(PostgresError) -> [Float] {
        try required(column, "vector", CellDecoder.vector)
    }

    private typealias Cell = (name: String, type: UInt32, bytes: ArraySlice<UInt8>?)

    private func cell(_ column: PostgresColumn) throws(PostgresError) -> Cell {
        let position: Int
        switch column {
        case .index(let index):
            guard table.columns.names.indices.contains(index) else {
                throw PostgresError(.decoding, "no column \(index); there are \(table.columns.names.count)")
            }
            position = index
        case .name(let name):
            guard let found = table.columns.positions[name] else {
                throw PostgresError(.decoding, "no column \(name) among \(table.columns.names.joined(separator: ", "))")
            }
            position = found
        }
        return (
            table.columns.names[position], table.columns.types[position], table.cell(row: index, column: position)
        )
    }

    private func optional<Value>(
        _ column: PostgresColumn, _ expected: String, _ decode: (UInt32, ArraySlice<UInt8>) -> Value?
    ) throws(PostgresError) -> Value? {
        let cell = try cell(column)
        guard let bytes = cell.bytes else { return nil }
        guard let value = decode(cell.type, bytes) else {
            throw PostgresError(.decoding, "column \(cell.name) (type \(cell.type)) cannot be read as \(expected)")
        }
        return value
    }

    private func required<Value>(
        _ column: PostgresColumn, _ expected: String, _ decode: (UInt32, ArraySlice<UInt8>) -> Value?
    ) throws(PostgresError) -> Value {
        guard let value = try optional(column, expected, decode) else {
            throw PostgresError(.decoding, "column \(try cell(column).name) is NULL, expected \(expected)")
        }
        return value
    }
}
