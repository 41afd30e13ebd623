import Domain

/// Members of an object that is being read.
struct TracedMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let trace: SchemaTrace
    var codingPath: [any CodingKey] { [] }

    /// Asked for by what reads every member there is: it is offered one.
    var allKeys: [Key] {
        trace.isReadAsMap()
        return [Key(stringValue: "*")].compactMap { $0 }
    }

    /// Asked before everything that may be absent.
    func contains(_ key: Key) -> Bool {
        trace.mayBeAbsent(key.stringValue)
        return true
    }

    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try trace.value(type, of: key.stringValue)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        trace.mayBeAbsent(key.stringValue)
        do {
            return try trace.value(type, of: key.stringValue)
        } catch is SchemaDeriver.Recursion {
            return nil
        }
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try trace.value(type, of: key.stringValue) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try trace.value(type, of: key.stringValue) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try trace.value(type, of: key.stringValue) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try trace.value(type, of: key.stringValue) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try trace.value(type, of: key.stringValue) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try trace.value(type, of: key.stringValue) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try trace.value(type, of: key.stringValue) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try trace.value(type, of: key.stringValue) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try trace.value(type, of: key.stringValue) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try trace.value(type, of: key.stringValue) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try trace.value(type, of: key.stringValue) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try trace.value(type, of: key.stringValue) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try trace.value(type, of: key.stringValue) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try trace.value(type, of: key.stringValue) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw SchemaTrace.Refused() }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw SchemaTrace.Refused() }
    func superDecoder() throws -> any Decoder { throw SchemaTrace.Refused() }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw SchemaTrace.Refused() }
}

/// Items of a list that is being read: one is offered.
struct TracedItems: UnkeyedDecodingContainer {
    let trace: SchemaTrace
    var codingPath: [any CodingKey] { [] }
    let count: Int? = 1
    private(set) var currentIndex = 0
    var isAtEnd: Bool { currentIndex > 0 }

    init(trace: SchemaTrace) { self.trace = trace }

    func decodeNil() throws -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (schema, value) = try trace.deriver.derive(type)
        trace.noteItems(schema)
        currentIndex += 1
        return value
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        throw SchemaTrace.Refused()
    }

    func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw SchemaTrace.Refused() }
    func superDecoder() throws -> any Decoder { throw SchemaTrace.Refused() }
}

/// A scalar that is being read.
struct TracedScalar: SingleValueDecodingContainer {
    let trace: SchemaTrace
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { (try? trace.offer(.null, ["type": "null"])) != nil }  // refused: not null this time

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (schema, value) = try trace.deriver.derive(type)
        try trace.offer(.wrapped, schema)
        return value
    }

    func decode(_ type: Bool.Type) throws -> Bool { try scalar(false, .boolean, "boolean") }
    func decode(_ type: String.Type) throws -> String { try scalar("", .string, "string") }
    func decode(_ type: Double.Type) throws -> Double { try scalar(0, .number, "number") }
    func decode(_ type: Float.Type) throws -> Float { try scalar(0, .number, "number") }
    func decode(_ type: Int.Type) throws -> Int { try scalar(0, .integer, "integer") }
    func decode(_ type: Int64.Type) throws -> Int64 { try scalar(0, .integer, "integer") }
    func decode(_ type: Int8.Type) throws -> Int8 { try whole() }
    func decode(_ type: Int16.Type) throws -> Int16 { try whole() }
    func decode(_ type: Int32.Type) throws -> Int32 { try whole() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try whole() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try whole() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try whole() }

    func decode(_ type: UInt.Type) throws -> UInt {
        try trace.offer(.integer, ["type": "integer", "minimum": 0])
        return 0
    }

    func decode(_ type: UInt64.Type) throws -> UInt64 {
        try trace.offer(.integer, ["type": "integer", "minimum": 0])
        return 0
    }

    private func scalar<Value>(_ value: Value, _ kind: JSONKind, _ name: String) throws -> Value {
        try trace.offer(kind, ["type": .string(name)])
        return value
    }

    private func whole<Value: FixedWidthInteger>() throws -> Value {
        try trace.offer(
            .integer,
            ["type": "integer", "minimum": .int(Int64(Value.min)), "maximum": .int(Int64(Value.max))])
        return 0
    }
}
