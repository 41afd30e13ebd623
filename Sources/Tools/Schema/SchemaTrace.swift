import Domain

/// A decoder that notes how one type reads, offering the first kind of value that it asks for and that is not refused.
final class SchemaTrace: Decoder {
    struct Member: Hashable {
        var schema: JSONValue
        var isOptional: Bool
    }

    let deriver: SchemaDeriver
    let refused: Set<JSONKind>
    /// Which case an enumeration of the type's own members is to be.
    let chosen: [String: Int]
    var codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    private(set) var kind: JSONKind?
    private(set) var schema: JSONValue = [:]
    private(set) var members: [String: Member] = [:]
    /// The cases of members that are enumerations.
    private(set) var choices: [String: [JSONValue]] = [:]
    private var isMap = false

    init(deriver: SchemaDeriver, refused: Set<JSONKind>, chosen: [String: Int] = [:]) {
        self.deriver = deriver
        self.refused = refused
        self.chosen = chosen
    }

    struct Refused: Error {}

    func offer(_ kind: JSONKind, _ schema: JSONValue) throws {
        guard !refused.contains(kind) else { throw Refused() }
        self.kind = kind
        self.schema = schema
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try offer(.object, [:])
        return KeyedDecodingContainer(TracedMembers<Key>(trace: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try offer(.array, ["type": "array"])
        return TracedItems(trace: self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { TracedScalar(trace: self) }

    // MARK: What members and items tell

    func note(_ name: String, _ schema: JSONValue) {
        members[name, default: Member(schema: schema, isOptional: false)].schema = schema
    }

    func mayBeAbsent(_ name: String) {
        members[name, default: Member(schema: [:], isOptional: true)].isOptional = true
    }

    /// Where all names are read, a member is any member.
    func isReadAsMap() { isMap = true }

    func noteItems(_ schema: JSONValue) { self.schema = ["type": "array", "items": schema] }

    func value<Value: Decodable>(_ type: Value.Type, of name: String) throws -> Value {
        if let cases = EnumerationCases(type) {
            choices[name] = cases.json
            note(name, cases.schema)
            if let value = cases.values[chosen[name] ?? 0] as? Value { return value }
        }
        do {
            let (schema, value) = try deriver.derive(type)
            note(name, schema)
            return value
        } catch let recursion as SchemaDeriver.Recursion {
            note(name, recursion.reference)
            throw recursion
        }
    }

    /// The object that was read, with its annotations, and with one member held to a constant.
    func object(_ words: [String: JSONValue], constant: (name: String, value: JSONValue)? = nil) -> JSONValue {
        if isMap, members.count == 1, let any = members.first?.value {
            return ["type": "object", "additionalProperties": any.schema]
        }
        var properties: [String: JSONValue] = [:]
        for (name, member) in members {
            var schema = member.isOptional ? SchemaDeriver.union([member.schema, ["type": "null"]]) : member.schema
            if let constant, constant.name == name { schema = ["const": constant.value] }
            if let more = words[name]?.object {
                schema = .object((schema.object ?? [:]).merging(more) { _, own in own })
            }
            properties[name] = schema
        }
        let required = members.filter { !$0.value.isOptional }.keys.sorted()
        return [
            "type": "object", "properties": .object(properties),
            "required": .array(required.map { .string($0) }),
        ]
    }
}

/// The cases of an enumeration, as values and as JSON.
struct EnumerationCases {
    let values: [Any]
    let json: [JSONValue]

    /// `nil` where the type is none whose cases are known.
    init?(_ type: any Decodable.Type) {
        guard let cases = type as? any CaseIterable.Type else { return nil }
        func list<Cases: CaseIterable>(_ type: Cases.Type) -> [Any] { Array(type.allCases) }
        let all = list(cases)
        let json = all.compactMap { value -> JSONValue? in
            guard let raw = (value as? any RawRepresentable)?.rawValue else { return nil }
            return (raw as? String).map { .string($0) } ?? (raw as? Int).map { .int(Int64($0)) }
        }
        guard !all.isEmpty, json.count == all.count else { return nil }
        values = all
        self.json = json
    }

    var schema: JSONValue { ["enum": .array(json)] }
}
