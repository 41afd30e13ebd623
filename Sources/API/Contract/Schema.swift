package import Domain

/// The shape of a JSON value: what OpenAPI publishes and what request bodies are held to, one source for both
/// (JSON Schema 2020-12, the subset that the contract needs).
package indirect enum Schema: Sendable {
    case object([Member])
    case array(of: Schema, most: Int = Limits.arrayItems)
    case string(StringRule = StringRule())
    case integer(ClosedRange<Int64> = Int64.min...Int64.max)
    case number
    case boolean
    /// Any JSON value: free-form input, graph state.
    case any
    case map(of: Schema)
    case nullable(Schema)
    /// Fits where one of them fits.
    case either([Schema])
    /// Published once under `components/schemas` and referred to by name.
    case named(String, Schema)

    package struct Member: Sendable {
        let name: String
        let schema: Schema
        let isRequired: Bool
        let note: String?
    }

    package struct StringRule: Sendable {
        var length: ClosedRange<Int> = 0...Limits.stringLength
        var format: Format?
        var choices: [String]?
    }

    package enum Format: String, Sendable {
        case uuid, email, uri
        case dateTime = "date-time"
        /// Lower-case letters, digits and hyphens, 1 to 63, not beginning with a hyphen.
        case slug
    }

    package enum Limits {
        /// Items in one request's array.
        package static let arrayItems = 10_000
        /// Characters of a string that says no other bound.
        package static let stringLength = 1_000_000
    }
}

extension Schema {
    package static func required(_ name: String, _ schema: Schema, _ note: String? = nil) -> Member {
        Member(name: name, schema: schema, isRequired: true, note: note)
    }

    package static func optional(_ name: String, _ schema: Schema, _ note: String? = nil) -> Member {
        Member(name: name, schema: schema, isRequired: false, note: note)
    }

    package static func text(_ length: ClosedRange<Int>) -> Schema { .string(StringRule(length: length)) }
    package static func format(_ format: Format) -> Schema { .string(StringRule(length: 0...2_000, format: format)) }
    package static func choice(_ choices: [String]) -> Schema { .string(StringRule(choices: choices)) }
    package static let id = format(.uuid)
    package static let time = format(.dateTime)

    /// `{"data": [item…], "next_cursor": "…"|null}`
    package static func page(of item: Schema) -> Schema {
        .object([required("data", .array(of: item)), required("next_cursor", .nullable(.string()))])
    }
}

extension Schema {
    /// JSON Schema text for OpenAPI; named schemas become references and are gathered in `components`.
    package func document(gathering components: inout [String: JSONValue]) -> JSONValue {
        switch self {
        case .object(let members):
            var properties: [String: JSONValue] = [:]
            for member in members {
                var property = member.schema.document(gathering: &components)
                if let note = member.note, case .object(var fields) = property {
                    fields["description"] = .string(note)
                    property = .object(fields)
                }
                properties[member.name] = property
            }
            let required = members.filter(\.isRequired).map { JSONValue.string($0.name) }
            return [
                "type": "object", "properties": .object(properties), "required": .array(required),
                "additionalProperties": false,
            ]
        case .array(let item, let most):
            return ["type": "array", "items": item.document(gathering: &components), "maxItems": .int(Int64(most))]
        case .string(let rule): return rule.document
        case .integer(let range):
            return ["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound)]
        case .number: return ["type": "number"]
        case .boolean: return ["type": "boolean"]
        case .any: return [:]
        case .map(let value):
            return ["type": "object", "additionalProperties": value.document(gathering: &components)]
        case .nullable(let schema):
            return ["anyOf": [schema.document(gathering: &components), ["type": "null"]]]
        case .either(let schemas):
            return ["anyOf": .array(schemas.map { $0.document(gathering: &components) })]
        case .named(let name, let schema):
            if components[name] == nil {
                components[name] = .null  // breaks the cycle of a schema that names itself
                components[name] = schema.document(gathering: &components)
            }
            return ["$ref": .string("#/components/schemas/\(name)")]
        }
    }
}

extension Schema.StringRule {
    fileprivate var document: JSONValue {
        var fields: [String: JSONValue] = ["type": "string"]
        if let choices { fields["enum"] = .array(choices.map { .string($0) }) }
        if length.lowerBound > 0 { fields["minLength"] = .int(Int64(length.lowerBound)) }
        if length.upperBound < Schema.Limits.stringLength { fields["maxLength"] = .int(Int64(length.upperBound)) }
        switch format {
        case .slug: fields["pattern"] = "^[a-z0-9][a-z0-9-]{0,62}$"
        case .some(let format): fields["format"] = .string(format.rawValue)
        case nil: break
        }
        return .object(fields)
    }
}
