import Domain
import Postgres

/// Events that commit together are one row of `run_event_batches`.
enum EventBatch {
    /// Columns kinds, nodes and data of several batches as arrays: of arrays' text forms, which the statement casts,
    /// since an array of arrays of different lengths is none.
    static func values(_ batches: [[RunEvent]]) throws -> [PostgresValue] {
        [
            .texts(batches.map { literal($0.map(\.kind.rawValue)) }), .texts(batches.map { literal($0.map(\.node)) }),
            .jsons(try batches.map(data)),
        ]
    }

    /// An insertion of one batch, `at` the database's own clock.
    static func insertion(_ key: [PostgresValue], last seq: Int, _ events: [RunEvent]) throws -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO run_event_batches (tenant_id, run_id, seq, kinds, nodes, data) VALUES ($1, $2, $3, $4, $5, $6)
            """,
            key + [
                .int(seq), .texts(events.map(\.kind.rawValue)), .texts(events.map(\.node)), .json(try data(events)),
            ])
    }

    private static func data(_ events: [RunEvent]) throws -> String {
        var writer = JSONWriter(capacity: 64 * (events.count + 1))
        writer.raw("[")
        for (index, event) in events.enumerated() {
            if index > 0 { writer.raw(",") }
            try writer.value(event.data)
        }
        writer.raw("]")
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// A one-dimensional array (PostgreSQL, Arrays, Array Input and Output Syntax); each element quoted.
    private static func literal(_ items: [String?]) -> String {
        var text: [UInt8] = [UInt8(ascii: "{")]
        text.reserveCapacity(24 * items.count + 2)
        for item in items {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            guard let item else {
                text += "NULL".utf8
                continue
            }
            text.append(UInt8(ascii: "\""))
            for byte in item.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "}"))
        return String(decoding: text, as: UTF8.self)
    }
}
