import FoundationEssentials

/// Readers of the server's binary formats (PostgreSQL sources, the `…_send` functions); nil if the type does not fit.
enum CellDecoder {
    private static let notText: Set<UInt32> = [
        TypeOID.bool, TypeOID.bytea, TypeOID.int2, TypeOID.int4, TypeOID.int8, TypeOID.oid, TypeOID.xid, TypeOID.xid8,
        TypeOID.float4, TypeOID.float8, TypeOID.date, TypeOID.timestamp, TypeOID.timestamptz, TypeOID.interval,
        TypeOID.boolArray, TypeOID.byteaArray, TypeOID.textArray, TypeOID.int8Array, TypeOID.float8Array,
        TypeOID.timestamptzArray, TypeOID.uuidArray, TypeOID.jsonArray, TypeOID.jsonbArray,
    ]

    static func bool(_ type: UInt32, _ bytes: ArraySlice<UInt8>) -> Bool? {
        guard type == TypeOID.bool, let byte = bytes.first else { return nil }
        return byte != 0
    }

    static func int(_ type: UInt32, _ bytes: ArraySlice<UInt8>) -> Int? {
        switch type {
        case TypeOID.int8, TypeOID.xid8: integer(bytes, Int64.self).map { Int($0) }
        case TypeOID.int4: integer(bytes, Int32.self).map { Int($0) }
        case TypeOID.int2: integer(bytes, Int16.self).map { Int($0) }
        case TypeOID.oid, TypeOID.xid: integer(bytes, UInt32.self).map { Int($0) }
        case TypeOID.numeric: numeric(bytes).flatMap { Int($0) }
        default: nil
        }
    }

    static func double(_ type: UInt32, _ bytes: ArraySlice<UInt8>) -> Double? {
        switch type {
        case TypeOID.float8: integer(bytes, UInt64.self).map { Double(bitPattern: $0) }
        case TypeOID.float4: integer(bytes, UInt32.self).map { Double(Float(bitPattern: $0)) }
        case TypeOID.numeric: numeric(bytes).flatMap { Double($0) }
        default: int(type, bytes).map { Double($0) }
        }
    }

    static func text(_ type: UInt32, _ bytes: ArraySlice<UInt8>) -> String? {
        switch type {
        case TypeOID.numeric: numeric(bytes)
        case TypeOID.uuid: uuid(type, bytes)?.uuidString.lowercased()
        case TypeOID.jsonb: String(validating: bytes.dropFirst(), as: UTF8.self)
        case _ where notText.contains(type): nil
        default: String(validating: bytes, as: UTF8.self)
        }
    }

    static func bytes(_ type: UInt32, _ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        type == TypeOID.bytea ? Array(bytes) : nil
    }

    static func json(_ type: UInt32, _ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        switch type {
        case TypeOID.jsonb: Array(bytes.dropFirst())
        case TypeOID.json: Array(bytes)
        default: nil
        }
    }

    static func uuid(_ type: UInt32, _ bytes: ArraySlice<UInt8>) -> UUID? {
        guard type == TypeOID.uuid, bytes.count == 16 else { return nil }
        var value = UUID().uuid
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: bytes) }
        return UUID(uuid: value)
    }

    static func timestamp(_ type: UInt32, _ bytes: ArraySlice<UInt8>) -> Date? {
        switch type {
        case TypeOID.timestamptz, TypeOID.timestamp:
            integer(bytes, Int64.self).map { WireTime.date(microseconds: $0) }
        case TypeOID.date:
            integer(bytes, Int32.self).map {
                Date(timeIntervalSinceReferenceDate: Double($0) * 86_400 - WireTime.referenceOffset)
            }
        default: nil
        }
    }

    /// One-dimensional array without NULLs (`array_send`).
    static func array<Element>(
        _ type: UInt32, _ bytes: ArraySlice<UInt8>, _ decode: (UInt32, ArraySlice<UInt8>) -> Element?
    ) -> [Element]? {
        var rest = bytes
        guard let dimensions = take(&rest, Int32.self), take(&rest, Int32.self) != nil,
            let elementType = take(&rest, UInt32.self), type != TypeOID.bytea
        else { return nil }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = take(&rest, Int32.self), take(&rest, Int32.self) != nil else { return nil }
        var list: [Element] = []
        for _ in 0..<max(count, 0) {
            guard let length = take(&rest, Int32.self), length >= 0, rest.count >= Int(length),
                let element = decode(elementType, rest.prefix(Int(length)))
            else { return nil }
            list.append(element)
            rest = rest.dropFirst(Int(length))
        }
        return list
    }

    /// pgvector's `vector_send`: dimensions and a reserved word of 16 bits each, then 4-byte floats.
    static func vector(_ type: UInt32, _ bytes: ArraySlice<UInt8>) -> [Float]? {
        /// Types below are built in; pgvector's number differs from database to database.
        let firstExtensionType: UInt32 = 16_384
        var rest = bytes
        guard type >= firstExtensionType, let count = take(&rest, UInt16.self), take(&rest, UInt16.self) != nil,
            rest.count == 4 * Int(count)
        else { return nil }
        var list: [Float] = []
        while let bits = take(&rest, UInt32.self) { list.append(Float(bitPattern: bits)) }
        return list
    }

    /// `numeric_send`: digits in base 10,000 with a weight, a sign and a display scale.
    static func numeric(_ bytes: ArraySlice<UInt8>) -> String? {
        var rest = bytes
        guard let count = take(&rest, Int16.self), let weight = take(&rest, Int16.self),
            let sign = take(&rest, UInt16.self), let scale = take(&rest, Int16.self)
        else { return nil }
        switch sign {
        case 0xC000: return "NaN"
        case 0xD000: return "Infinity"
        case 0xF000: return "-Infinity"
        default: break
        }
        var digits: [Int] = []
        for _ in 0..<max(count, 0) {
            guard let digit = take(&rest, Int16.self) else { return nil }
            digits.append(Int(digit))
        }
        func group(_ position: Int) -> Int { digits.indices.contains(position) ? digits[position] : 0 }
        func padded(_ value: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, 4 - text.count)) + text
        }
        var whole = weight < 0 ? "0" : String(group(0))
        if weight > 0 { for position in 1...Int(weight) { whole += padded(group(position)) } }
        var fraction = ""
        var position = Int(weight) + 1
        while fraction.count < Int(scale) {
            fraction += padded(group(position))
            position += 1
        }
        let text = scale > 0 ? whole + "." + fraction.prefix(Int(scale)) : whole
        return sign == 0x4000 ? "-" + text : text
    }

    private static func integer<Value: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, _ type: Value.Type) -> Value? {
        guard bytes.count == MemoryLayout<Value>.size else { return nil }
        return bytes.reduce(Value.zero) { ($0 << 8) | Value(truncatingIfNeeded: $1) }
    }

    private static func take<Value: FixedWidthInteger>(_ bytes: inout ArraySlice<UInt8>, _ type: Value.Type) -> Value? {
        let size = MemoryLayout<Value>.size
        guard bytes.count >= size else { return nil }
        defer { bytes = bytes.dropFirst(size) }
        return integer(bytes.prefix(size), type)
    }
}
