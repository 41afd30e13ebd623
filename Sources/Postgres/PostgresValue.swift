package import FoundationEssentials

/// A parameter of a statement.
///
/// `null`, `bool`, `int`, `double` and `text` are sent untyped, like literals: the server takes their type from where they
/// stand (`$1::bigint` where nothing tells). All other cases carry their type.
package enum PostgresValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    /// Must not contain NUL, which Postgres cannot store in text.
    case text(String)
    case bytes([UInt8])
    case uuid(UUID)
    /// `timestamptz`, to the microsecond.
    case timestamp(Date)
    /// JSON text, taken as `json` or `jsonb` as the statement asks; `json` keeps `\\u0000`, which `jsonb` refuses.
    case json(String)
    case uuids([UUID?])
    case texts([String?])
    /// `bigint[]`
    case ints([Int?])
    /// `boolean[]`
    case bools([Bool?])
    /// `double precision[]`
    case doubles([Double?])
    /// `bytea[]`
    case byteArrays([[UInt8]?])
    /// `timestamptz[]`
    case timestamps([Date?])
    /// `json[]`
    case jsons([String?])

    /// `make(value)`, or `null` for nil: `.optional(name, PostgresValue.text)`.
    package static func optional<Value>(_ value: Value?, _ make: (Value) -> PostgresValue) -> PostgresValue {
        value.map(make) ?? .null
    }
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(nilLiteral: ()) { self = .null }
}

/// SQL text with its parameters `$1`, `$2`, …
package struct PostgresStatement: Sendable, Hashable {
    package var sql: String
    package var values: [PostgresValue]

    package init(_ sql: String, _ values: [PostgresValue] = []) {
        self.sql = sql
        self.values = values
    }
}

/// Type numbers of `pg_type.dat`, fixed for every server.
enum TypeOID {
    static let unspecified: UInt32 = 0
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let xid: UInt32 = 28
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let date: UInt32 = 1082
    static let timestamp: UInt32 = 1114
    static let timestamptz: UInt32 = 1184
    static let interval: UInt32 = 1186
    static let numeric: UInt32 = 1700
    static let uuid: UInt32 = 2950
    static let json: UInt32 = 114
    static let jsonb: UInt32 = 3802
    static let xid8: UInt32 = 5069
    static let boolArray: UInt32 = 1000
    static let byteaArray: UInt32 = 1001
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
    static let float8Array: UInt32 = 1022
    static let timestamptzArray: UInt32 = 1185
    static let uuidArray: UInt32 = 2951
    static let jsonArray: UInt32 = 199
    static let jsonbArray: UInt32 = 3807
}

/// Timestamps on the wire: microseconds since 2000-01-01 UTC (PostgreSQL, `timestamp_send`).
enum WireTime {
    /// Seconds from Postgres's epoch to Foundation's reference date, 2001-01-01.
    static let referenceOffset = 366.0 * 86_400

    static func microseconds(_ date: Date) -> Int64? {
        if date == .distantFuture { return Int64.max }
        if date == .distantPast { return Int64.min }
        let value = ((date.timeIntervalSinceReferenceDate + referenceOffset) * 1_000_000).rounded()
        return Int64(exactly: value)
    }

    /// `infinity` and `-infinity` are Foundation's distant dates.
    static func date(microseconds: Int64) -> Date {
        switch microseconds {
        case .max: .distantFuture
        case .min: .distantPast
        default: Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - referenceOffset)
        }
    }
}

/// The parameters of one statement as libpq wants them: one buffer, and where in it each value stands.
struct EncodedParameters {
    /// The protocol counts parameters in 16 bits.
    static let limit = 65_535

    private(set) var types: [UInt32] = []
    private(set) var formats: [Int32] = []
    private(set) var lengths: [Int32] = []
    private var starts: [Int?] = []
    private var bytes: [UInt8] = []

    init(_ values: [PostgresValue]) throws(PostgresError) {
        guard values.count <= Self.limit else {
            throw PostgresError(.invalidParameter, "\(values.count) parameters; the limit is \(Self.limit)")
        }
        for (index, value) in values.enumerated() {
            do throws(Fault) {
                try append(value)
            } catch {
                throw PostgresError(.invalidParameter, "parameter $\(index + 1) \(error.reason)")
            }
        }
    }

    var count: Int { types.count }

    func withPointers<Result>(_ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
        bytes.withUnsafeBytes { buffer in
            body(
                starts.map { start in
                    start.flatMap { buffer.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
                })
        }
    }

    private struct Fault: Error { let reason: String }

    private mutating func append(_ value: PostgresValue) throws(Fault) {
        switch value {
        case .null: appendNull()
        case .bool(let value): try appendText(value ? "t" : "f")
        case .int(let value): try appendText(String(value))
        case .double(let value): try appendText(Self.literal(value))
        case .text(let value): try appendText(value)
        case .json(let value): try appendText(value)
        case .bytes(let value): try appendBinary(TypeOID.bytea, value)
        case .uuid(let value): try appendBinary(TypeOID.uuid, Self.wire(value))
        case .timestamp(let value): try appendBinary(TypeOID.timestamptz, Self.wire(value))
        default: try appendArray(value)
        }
    }

    private mutating func appendArray(_ value: PostgresValue) throws(Fault) {
        switch value {
        case .uuids(let list): try appendArray(TypeOID.uuidArray, TypeOID.uuid, list, Self.wire)
        case .texts(let list): try appendArray(TypeOID.textArray, TypeOID.text, list, Self.wire(text:))
        case .ints(let list): try appendArray(TypeOID.int8Array, TypeOID.int8, list) { Self.bigEndian(Int64($0)) }
        case .bools(let list): try appendArray(TypeOID.boolArray, TypeOID.bool, list) { [$0 ? 1 : 0] }
        case .doubles(let list):
            try appendArray(TypeOID.float8Array, TypeOID.float8, list) { Self.bigEndian($0.bitPattern) }
        case .byteArrays(let list): try appendArray(TypeOID.byteaArray, TypeOID.bytea, list) { $0 }
        case .timestamps(let list): try appendArray(TypeOID.timestamptzArray, TypeOID.timestamptz, list, Self.wire)
        case .jsons(let list):
            try appendArray(TypeOID.jsonArray, TypeOID.json, list, Self.wire(text:))
        default: appendNull()
        }
    }

    private mutating func appendNull() {
        types.append(TypeOID.unspecified)
        formats.append(0)
        lengths.append(0)
        starts.append(nil)
    }

    private mutating func appendText(_ text: String, type: UInt32 = TypeOID.unspecified) throws(Fault) {
        try append(type: type, format: 0, Self.wire(text: text))
    }

    private mutating func appendBinary(_ type: UInt32, _ value: [UInt8]) throws(Fault) {
        try append(type: type, format: 1, value)
    }

    private mutating func append(type: UInt32, format: Int32, _ value: [UInt8]) throws(Fault) {
        guard let length = Int32(exactly: value.count) else { throw Fault(reason: "is larger than 2 GiB") }
        types.append(type)
        formats.append(format)
        lengths.append(length)
        starts.append(bytes.count)
        bytes.append(contentsOf: value)
        // Text format is read up to NUL, and an empty value still needs an address.
        bytes.append(0)
    }

    /// Binary array (PostgreSQL, `array_send`): dimensions, null flag, element type, then length and lower bound.
    private mutating func appendArray<Element>(
        _ type: UInt32, _ elementType: UInt32, _ list: [Element?], _ encode: (Element) throws(Fault) -> [UInt8]
    ) throws(Fault) {
        guard let count = Int32(exactly: list.count) else { throw Fault(reason: "has too many elements") }
        var value: [UInt8] = []
        value += Self.bigEndian(Int32(list.isEmpty ? 0 : 1))
        value += Self.bigEndian(Int32(list.contains { $0 == nil } ? 1 : 0))
        value += Self.bigEndian(elementType)
        if !list.isEmpty {
            value += Self.bigEndian(count)
            value += Self.bigEndian(Int32(1))
        }
        for element in list {
            guard let element else {
                value += Self.bigEndian(Int32(-1))
                continue
            }
            let encoded = try encode(element)
            guard let length = Int32(exactly: encoded.count) else { throw Fault(reason: "is larger than 2 GiB") }
            value += Self.bigEndian(length)
            value += encoded
        }
        try appendBinary(type, value)
    }

    private static func literal(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return value.description
    }

    private static func wire(text: String) throws(Fault) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard !bytes.contains(0) else { throw Fault(reason: "contains NUL, which Postgres text cannot hold") }
        return bytes
    }

    private static func wire(_ value: UUID) -> [UInt8] { withUnsafeBytes(of: value.uuid) { Array($0) } }

    private static func wire(_ value: Date) throws(Fault) -> [UInt8] {
        guard let microseconds = WireTime.microseconds(value) else {
            throw Fault(reason: "is not a representable date")
        }
        return bigEndian(microseconds)
    }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
