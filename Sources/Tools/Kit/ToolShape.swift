package import Domain

/// Calls that a person takes for the same kind: one tool, the same members with the same kinds of values, to the same
/// places. Texts and numbers may differ; hosts of addresses, recipients of mail, what is switched on or off, and members
/// that say what is done (`method`, `action`, …) may not.
package struct ToolShape: Sendable, Hashable {
    package let tool: String
    /// Canonical JSON.
    package let text: String

    /// Longest shape that is remembered, in bytes: a call beyond it is asked about each time.
    package static let longest = 8 * 1024
    private static let deepest = 16
    /// Members whose words decide what happens.
    private static let telling: Set<String> = [
        "method", "action", "operation", "mode", "kind", "type", "verb", "command", "program", "to", "cc", "bcc",
        "host",
    ]

    /// `nil` for an input that has no shape that can be remembered.
    package init?(tool: String, input: JSONValue) {
        guard let shape = Self.shape(of: input, member: nil, depth: 0),
            let bytes = try? shape.canonicalBytes(), bytes.count <= Self.longest  // a number that is none: no shape
        else { return nil }
        self.tool = tool
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// As it was stored.
    package init(tool: String, text: String) {
        self.tool = tool
        self.text = text
    }

    private static func shape(of value: JSONValue, member: String?, depth: Int) -> JSONValue? {
        guard depth < deepest else { return nil }
        switch value {
        case .null: return .null
        case .bool: return value
        case .int, .double: return "number"
        case .string(let text): return .string(shape(of: text, member: member))
        case .array(let items):
            var kinds: Set<JSONValue> = []
            for item in items {
                guard let kind = shape(of: item, member: member, depth: depth + 1) else { return nil }
                kinds.insert(kind)
            }
            // Numbers that are none have no bytes to be ordered by: they were refused above.
            let sorted = kinds.map { ((try? $0.canonicalBytes()).map(Array.init) ?? [], $0) }
                .sorted { $0.0.lexicographicallyPrecedes($1.0) }
            return .array(sorted.map(\.1))
        case .object(let members):
            var shapes: [String: JSONValue] = [:]
            for (name, value) in members {
                guard let kind = shape(of: value, member: name, depth: depth + 1) else { return nil }
                shapes[name] = kind
            }
            return .object(shapes)
        }
    }

    private static func shape(of text: String, member: String?) -> String {
        if let member, telling.contains(member.lowercased()) { return "=\(text)" }
        if let colon = text.firstRange(of: "://") {
            let authority = text[colon.upperBound...].prefix { !"/?#".contains($0) }
            return "\(text[..<colon.lowerBound].lowercased())://\(authority.lowercased())"
        }
        let isAddress = text.contains("@") && !text.contains(where: \.isWhitespace)
        return isAddress ? "=\(text.lowercased())" : "text"
    }
}
