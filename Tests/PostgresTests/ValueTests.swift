import FoundationEssentials
import Postgres
import Testing

@Suite(.timeLimit(.minutes(10))) struct ValueTests {
    @Test func valuesComeBackAsTheyWent() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            let id = UUID()
            let date = Date(timeIntervalSinceReferenceDate: 812_345_678.123456)
            let row = try #require(
                await connection.query(
                    """
                    SELECT $1::bool AS flag, $2::bigint AS large, $3::int AS small, $4::float8 AS real, $5::text AS text,
                        $6 AS bytes, $7 AS id, $8 AS at, $9::json AS json, $10::text AS nothing
                    """,
                    [
                        true, .int(.max), -5, 0.1, "grüße 👋", .bytes([0, 255, 1]), .uuid(id), .timestamp(date),
                        .json(#"{"a": [1, null]}"#), nil,
                    ]
                ).first)
            #expect(try row.bool("flag"))
            #expect(try row.int("large") == .max)
            #expect(try row.int(2) == -5)
            #expect(try row.double("real") == 0.1)
            #expect(try row.text("text") == "grüße 👋")
            #expect(try row.bytes("bytes") == [0, 255, 1])
            #expect(try row.uuid("id") == id)
            #expect(abs(try row.timestamp("at").timeIntervalSince(date)) < 0.000_001)
            #expect(try row.json("json") == Array(#"{"a": [1, null]}"#.utf8))
            #expect(try row.optionalText("nothing") == nil)
            #expect(try row.isNull("nothing"))
        }
    }

    @Test func arraysComeBackAsTheyWent() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            let ids = [UUID(), UUID()]
            let dates = [Date(timeIntervalSinceReferenceDate: 0), Date.distantFuture]
            let row = try #require(
                await connection.query(
                    "SELECT $1 AS ids, $2 AS texts, $3 AS ints, $4 AS blobs, $5 AS dates, $6 AS none",
                    [
                        .uuids(ids), .texts(["a", "", "\"{},\\"]), .ints([1, -1, .min]), .byteArrays([[], [0]]),
                        .timestamps(dates), .texts([]),
                    ]
                ).first)
            #expect(try row.uuids("ids") == ids)
            #expect(try row.texts("texts") == ["a", "", "\"{},\\"])
            #expect(try row.ints("ints") == [1, -1, .min])
            #expect(try row.byteArrays("blobs") == [[], [0]])
            #expect(try row.timestamps("dates") == dates)
            #expect(try row.texts("none") == [])
            let pairs = try await connection.query(
                "SELECT * FROM unnest($1, $2, $3, $4) AS pair (name, n, flag, body)",
                [.texts(["x", nil]), .ints([nil, 2]), .bools([true, false]), .jsons(["{}", nil])])
            #expect(try pairs.map { try $0.optionalText("name") } == ["x", nil])
            #expect(try pairs.map { try $0.optionalInt("n") } == [nil, 2])
        }
    }

    @Test(arguments: [
        "0", "1", "-1", "10000", "12345678901234567890.000100", "0.0001", "-0.05", "100000000", "NaN", "1.50",
    ])
    func numericIsReadAsItsText(text: String) async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            let row = try #require(await connection.query("SELECT $1::numeric AS n", [.text(text)]).first)
            #expect(try row.text("n") == text)
        }
    }

    @Test func sumsNamesEnumsAndDatesAreReadable() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            try await connection.execute("CREATE TYPE mood AS ENUM ('calm')")
            let row = try #require(
                await connection.query(
                    """
                    SELECT sum(n) AS sum, 'calm'::mood AS mood, date '2001-01-02' AS day, current_user AS who,
                        1.5::float4 AS half, '42'::xid8 AS xid, '[1,2.5]'::vector AS vector
                    FROM generate_series(1, 4::bigint) AS n
                    """
                ).first)
            #expect(try row.int("sum") == 10)
            #expect(try row.text("mood") == "calm")
            #expect(try row.timestamp("day") == Date(timeIntervalSinceReferenceDate: 86_400))
            #expect(try !row.text("who").isEmpty)
            #expect(try row.double("half") == 1.5)
            #expect(try row.int("xid") == 42)
            #expect(try row.vector("vector") == [1, 2.5])
        }
    }

    @Test(arguments: [
        PostgresValue.text("a\0b"), .json("\"\0\""), .texts(["fine", "\0"]),
        .timestamp(Date(timeIntervalSinceReferenceDate: .infinity)),
        .timestamp(Date(timeIntervalSinceReferenceDate: 1e300)),
    ])
    func valueThatPostgresCannotHoldIsRefusedBeforeSending(value: PostgresValue) async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            let error = try await #require(throws: PostgresError.self) {
                try await connection.query("SELECT $1::bool, $2", [true, value])
            }
            #expect(error.code == .invalidParameter)
            #expect(error.message.contains("$2"))
            #expect(try await connection.query("SELECT 1 AS n").first?.int("n") == 1)
        }
    }

    @Test func wrongReadsThrow() async throws {
        try await Database.with { database in
            let connection = try await database.connect()
            let row = try #require(await connection.query("SELECT 1 AS n, NULL::text AS nothing").first)
            #expect(throws: PostgresError.self) { try row.text("n") }
            #expect(throws: PostgresError.self) { try row.uuid("n") }
            #expect(throws: PostgresError.self) { try row.texts("n") }
            #expect(throws: PostgresError.self) { try row.text("nothing") }
            #expect(throws: PostgresError.self) { try row.int("absent") }
            #expect(throws: PostgresError.self) { try row.int(2) }
            #expect(throws: PostgresError.self) { try row.int(-1) }
        }
    }
}
