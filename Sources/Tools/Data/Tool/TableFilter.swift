package import Domain
import JSONSchema

/// Which rows count: one condition, or several joined.
package indirect enum TableFilter: Codable, Sendable, Hashable {
    case all([TableFilter])
    case any([TableFilter])
    case not(TableFilter)
    case condition(column: String, operation: String, value: JSONValue)

    package static let operations = [
        "=", "!=", "<", "<=", ">", ">=", "contains", "starts_with", "ends_with", "in", "not_in", "between", "is_null",
        "not_null",
    ]

    private enum CodingKeys: String, CodingKey {
        case all, any, not, column, value
        case operation = "op"
    }

    package init(from decoder: any Decoder) throws {
        // A list stands for "all of these".
        if let list = try? [TableFilter](from: decoder) {
            self = .all(list)
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let list = try container.decodeIfPresent([TableFilter].self, forKey: .all) {
            self = .all(list)
        } else if let list = try container.decodeIfPresent([TableFilter].self, forKey: .any) {
            self = .any(list)
        } else if let inner = try container.decodeIfPresent(TableFilter.self, forKey: .not) {
            self = .not(inner)
        } else {
            self = .condition(
                column: try container.decode(String.self, forKey: .column),
                operation: try container.decodeIfPresent(String.self, forKey: .operation) ?? "=",
                value: try container.decodeIfPresent(JSONValue.self, forKey: .value) ?? .null)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .all(let list): try container.encode(list, forKey: .all)
        case .any(let list): try container.encode(list, forKey: .any)
        case .not(let inner): try container.encode(inner, forKey: .not)
        case .condition(let column, let operation, let value):
            try container.encode(column, forKey: .column)
            try container.encode(operation, forKey: .operation)
            try container.encode(value, forKey: .value)
        }
    }
}

/// It contains itself, in a list or by name, which nobody finds out by watching it read.
extension TableFilter: SchemaDescribed {
    package static let schema: JSONValue = [
        "description": "A condition {column, op, value}, a list of such that must all hold, or {all}, {any}, {not}.",
        "anyOf": [
            ["type": "array", "items": ["type": "object"]],
            [
                "type": "object",
                "properties": [
                    "all": ["type": "array"], "any": ["type": "array"], "not": ["type": ["object", "array"]],
                    "column": ["type": "string"], "op": ["enum": .array(operations.map { .string($0) })],
                    "value": [:],
                ],
            ],
        ],
    ]
    package static let schemaSample: JSONValue = []
}
