import Domain
import FoundationEssentials

/// Finds schemas by letting types read; remembers each type's.
final class SchemaDeriver {
    struct Derived {
        var schema: JSONValue
        var value: any Decodable
    }

    /// A type that contains itself, met again while it is being read.
    struct Recursion: Error {
        var reference: JSONValue
    }

    private(set) var definitions: [String: JSONValue] = [:]
    private var known: [ObjectIdentifier: Derived] = [:]
    private var open: [ObjectIdentifier: String] = [:]
    private var referred: Set<String> = []

    func derive<Value: Decodable>(_ type: Value.Type) throws -> (schema: JSONValue, value: Value) {
        if let fixed = Self.fixed(type) as? (JSONValue, Value) { return fixed }
        if let cases = EnumerationCases(type), let value = cases.values[0] as? Value { return (cases.schema, value) }
        let id = ObjectIdentifier(type)
        if let known = known[id], let value = known.value as? Value { return (known.schema, value) }
        if let name = open[id] {
            referred.insert(name)
            throw Recursion(reference: ["$ref": .string("#/$defs/\(name)")])
        }
        if let list = type as? any ListType.Type, let found = try derive(list: list) as? (JSONValue, Value) {
            return found
        }
        let name = String(describing: type)
        open[id] = name
        defer { open[id] = nil }
        var (schema, value) = try sampled(type) ?? alternatives(type)
        if referred.contains(name) {
            definitions[name] = schema
            schema = ["$ref": .string("#/$defs/\(name)")]
        }
        known[id] = Derived(schema: schema, value: value)
        return (schema, value)
    }

    private func sampled<Value: Decodable>(_ type: Value.Type) throws -> (JSONValue, Value)? {
        guard let described = type as? any SchemaDescribed.Type else { return nil }
        return (described.schema, try described.schemaSample.decode(type))
    }

    /// Offers one kind of value after another until the type takes no more.
    private func alternatives<Value: Decodable>(_ type: Value.Type) throws -> (JSONValue, Value) {
        var schemas: [JSONValue] = []
        var first: Value?
        var refused: Set<JSONKind> = []
        var reason: (any Error)?
        while true {
            let trace = SchemaTrace(deriver: self, refused: refused)
            do {
                let value = try Value(from: trace)
                guard let kind = trace.kind else { break }
                first = first ?? value
                schemas.append(kind == .object ? try object(type, trace) : trace.schema)
                guard refused.insert(kind).inserted else { break }
            } catch {
                reason = error
                break
            }
        }
        guard let first else {
            if let recursion = reason as? Recursion { throw recursion }
            if let deeper = reason as? SchemaDerivationError { throw deeper }
            throw SchemaDerivationError(
                type: "\(type)", reason: "it refuses what it is offered (\(reason.map { "\($0)" } ?? "nothing read"))")
        }
        return (Self.union(schemas), first)
    }

    /// An object's members; where one of them is an enumeration that decides about the others, one object a choice.
    private func object<Value: Decodable>(_ type: Value.Type, _ trace: SchemaTrace) throws -> JSONValue {
        let words = (type as? any SchemaAnnotated.Type)?.schemaWords ?? [:]
        for (key, choices) in trace.choices.sorted(by: { $0.key < $1.key }) where choices.count > 1 {
            var variants: [SchemaTrace] = []
            for index in choices.indices {
                let variant = SchemaTrace(deriver: self, refused: trace.refused, chosen: [key: index])
                guard (try? Value(from: variant)) != nil else { continue }  // a choice that nothing goes with
                variants.append(variant)
            }
            if variants.count == choices.count, variants.contains(where: { $0.members != trace.members }) {
                return [
                    "oneOf": .array(
                        zip(variants, choices).map { $0.object(words, constant: (key, $1)) })
                ]
            }
        }
        return trace.object(words)
    }

    private func derive<List: ListType>(list: List.Type) throws -> Any? {
        do {
            let (schema, item) = try derive(List.Element.self)
            return (["type": "array", "items": schema] as JSONValue, List(oneItem: item))
        } catch let recursion as Recursion {
            return (["type": "array", "items": recursion.reference] as JSONValue, List(oneItem: nil))
        }
    }

    /// Types whose own way of reading says nothing.
    private static func fixed(_ type: any Decodable.Type) -> Any? {
        switch type {
        case is JSONValue.Type: (JSONValue.schema, JSONValue.null)
        case is UUID.Type: (["type": "string", "format": "uuid"] as JSONValue, UUID())
        case is Data.Type: (["type": "string", "contentEncoding": "base64"] as JSONValue, Data())
        default: nil
        }
    }

    /// One schema, types side by side where that is all they are: `{"type": ["string", "null"]}`.
    static func union(_ schemas: [JSONValue]) -> JSONValue {
        guard schemas.count > 1 else { return schemas.first ?? [:] }
        let plain = schemas.compactMap { $0.object?.count == 1 ? $0["type"]?.string : nil }
        let rest = schemas.filter { $0 != ["type": "null"] }
        if plain.count == schemas.count { return ["type": .array(plain.map { .string($0) })] }
        if rest.count == 1, schemas.count == 2, case .object(var words) = rest[0], let kind = words["type"]?.string,
            words["enum"] == nil
        {
            words["type"] = [.string(kind), "null"]
            return .object(words)
        }
        return ["anyOf": .array(schemas)]
    }
}

/// What a type is read from.
enum JSONKind: Hashable {
    case null, boolean, integer, number, string, object, array
    /// Another type in its place.
    case wrapped
}

/// Lists, which may hold the type that they stand in.
protocol ListType: Decodable {
    associatedtype Element: Decodable
    init(oneItem: Element?)
}

extension Array: ListType where Element: Decodable {
    init(oneItem: Element?) { self = oneItem.map { [$0] } ?? [] }
}

extension Set: ListType where Element: Decodable {
    init(oneItem: Element?) { self = oneItem.map { [$0] } ?? [] }
}
