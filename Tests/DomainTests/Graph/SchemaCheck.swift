import Domain
import FoundationEssentials

/// The keywords of JSON Schema 2020-12 that the graph's schema uses; meets any other with a fault, so that none is
/// passed over in silence.
struct SchemaCheck {
    let root: JSONValue

    /// Pointers of what does not fit, each with the keyword.
    func faults(_ value: JSONValue, _ schema: JSONValue? = nil, at pointer: String = "") -> [String] {
        let schema = schema ?? root
        if let isAllowed = schema.bool { return isAllowed ? [] : ["\(pointer) is not allowed"] }
        return (schema.object ?? [:]).sorted { $0.key < $1.key }.flatMap { keyword, rule in
            faults(value, keyword, rule, schema, pointer)
        }
    }

    private func fits(_ value: JSONValue, _ schema: JSONValue) -> Bool { faults(value, schema).isEmpty }

    private func faults(
        _ value: JSONValue, _ keyword: String, _ rule: JSONValue, _ schema: JSONValue, _ pointer: String
    ) -> [String] {
        let fault = ["\(pointer) \(keyword)"]
        switch keyword {
        case "$schema", "$defs", "title", "description", "then": return []
        case "$ref":
            let name = rule.string?.split(separator: "/").last.map(String.init) ?? ""
            return faults(value, root["$defs"]?[name] ?? false, at: pointer)
        case "type":
            let types = rule.array ?? [rule]
            return types.contains { $0.string.map { Self.isOf($0, value) } ?? false } ? [] : fault
        case "const": return value == rule ? [] : fault
        case "enum": return rule.array?.contains(value) == true ? [] : fault
        case "not": return fits(value, rule) ? fault : []
        case "anyOf": return rule.array?.contains { fits(value, $0) } == true ? [] : fault
        case "oneOf": return rule.array?.filter { fits(value, $0) }.count == 1 ? [] : fault
        case "allOf": return (rule.array ?? []).flatMap { faults(value, $0, at: pointer) }
        case "if": return fits(value, rule) ? faults(value, schema["then"] ?? true, at: pointer) : []
        default: return sizeFaults(value, keyword, rule, schema, pointer)
        }
    }

    private func sizeFaults(
        _ value: JSONValue, _ keyword: String, _ rule: JSONValue, _ schema: JSONValue, _ pointer: String
    ) -> [String] {
        let fault = ["\(pointer) \(keyword)"]
        let bound = rule.int ?? 0
        switch (keyword, value) {
        case ("required", .object(let members)):
            return (rule.array ?? []).allSatisfy { members[$0.string ?? ""] != nil } ? [] : fault
        case ("properties", .object(let members)):
            return members.flatMap { name, member in
                rule[name].map { faults(member, $0, at: "\(pointer)/\(name)") } ?? []
            }
        case ("additionalProperties", .object(let members)):
            let known = schema["properties"]?.object ?? [:]
            return members.filter { known[$0.key] == nil }.flatMap {
                faults($0.value, rule, at: "\(pointer)/\($0.key)")
            }
        case ("propertyNames", .object(let members)):
            return members.keys.flatMap { faults(.string($0), rule, at: "\(pointer)/\($0)") }
        case ("minProperties", .object(let members)): return members.count >= bound ? [] : fault
        case ("maxProperties", .object(let members)): return members.count <= bound ? [] : fault
        case ("items", .array(let items)):
            return items.enumerated().flatMap { faults($1, rule, at: "\(pointer)/\($0)") }
        case ("minItems", .array(let items)): return items.count >= bound ? [] : fault
        case ("maxItems", .array(let items)): return items.count <= bound ? [] : fault
        case ("minLength", .string(let text)): return text.count >= bound ? [] : fault
        case ("maxLength", .string(let text)): return text.count <= bound ? [] : fault
        case ("minimum", .int(let number)): return number >= bound ? [] : fault
        case ("maximum", .int(let number)): return number <= bound ? [] : fault
        case ("pattern", .string(let text)):
            guard let regex = rule.string.flatMap({ try? Regex($0) }) else { return ["\(pointer) has no pattern"] }
            return text.firstMatch(of: regex) != nil ? [] : fault
        case ("required", _), ("properties", _), ("additionalProperties", _), ("propertyNames", _),
            ("minProperties", _), ("maxProperties", _), ("items", _), ("minItems", _), ("maxItems", _),
            ("minLength", _), ("maxLength", _), ("minimum", _), ("maximum", _), ("pattern", _):
            return []
        default: return ["\(pointer): the keyword '\(keyword)' is not known here"]
        }
    }

    private static func isOf(_ type: String, _ value: JSONValue) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("integer", .int), ("string", .string), ("array", .array),
            ("object", .object):
            true
        default: false
        }
    }
}
