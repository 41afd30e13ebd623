/// JSON with holes: a text that is exactly `${expression}` becomes that value, whatever its kind; a text with
/// `${expression}` inside becomes text; `$${` stands for `${`.
package indirect enum Template: Sendable, Hashable {
    case value(JSONValue)
    case expression(Expression)
    case text([Part])
    case list([Template])
    case object([String: Template])

    package enum Part: Sendable, Hashable {
        case text(String)
        case expression(Expression)
    }

    /// Parses `json`; what is malformed is told to `report` with its pointer and stands as null.
    package init(_ json: JSONValue, at pointer: JSONPointer, report: (JSONPointer, String) -> Void) {
        self.init(json, at: pointer, depth: 0, report: report)
    }

    private init(_ json: JSONValue, at pointer: JSONPointer, depth: Int, report: (JSONPointer, String) -> Void) {
        guard depth <= GraphLimits.templateDepth else {
            report(pointer, "a template nests at most \(GraphLimits.templateDepth) deep")
            self = .value(.null)
            return
        }
        switch json {
        case .string(let text):
            do {
                self = try Self.parse(text)
            } catch {
                report(pointer, error.message)
                self = .value(.null)
            }
        case .array(let items):
            self = .list(
                items.enumerated().map { index, item in
                    Template(item, at: pointer.appending(index), depth: depth + 1, report: report)
                })
        case .object(let members):
            self = .object(
                Dictionary(
                    uniqueKeysWithValues: members.map { name, member in
                        (name, Template(member, at: pointer.appending(name), depth: depth + 1, report: report))
                    }))
        default:
            self = .value(json)
        }
    }

    /// The JSON with every hole filled.
    package func rendered(in scope: ExpressionScope) throws(ExpressionError) -> JSONValue {
        let value = try fill(scope)
        // A template without holes is as small as the graph's own JSON.
        if case .value = self { return value }
        try value.checkBounds()
        return value
    }

    private func fill(_ scope: ExpressionScope) throws(ExpressionError) -> JSONValue {
        switch self {
        case .value(let value): return value
        case .expression(let expression): return try expression.value(in: scope)
        case .text(let parts):
            var text = ""
            for part in parts {
                switch part {
                case .text(let literal): text += literal
                case .expression(let expression): text += try expression.value(in: scope).interpolated()
                }
                guard text.utf8.count <= GraphLimits.textBytes else {
                    throw ExpressionError(.tooLarge, "a text has at most \(GraphLimits.textBytes) bytes")
                }
            }
            return .string(text)
        case .list(let items):
            var values: [JSONValue] = []
            for item in items { values.append(try item.fill(scope)) }
            return .array(values)
        case .object(let members):
            var values: [String: JSONValue] = [:]
            for (name, member) in members { values[name] = try member.fill(scope) }
            return .object(values)
        }
    }

    /// Keys of the state that the template names.
    package var stateKeys: Set<String> {
        switch self {
        case .value: []
        case .expression(let expression): expression.stateKeys
        case .text(let parts):
            parts.reduce(into: []) { keys, part in
                if case .expression(let expression) = part { keys.formUnion(expression.stateKeys) }
            }
        case .list(let items): items.reduce(into: []) { $0.formUnion($1.stateKeys) }
        case .object(let members): members.values.reduce(into: []) { $0.formUnion($1.stateKeys) }
        }
    }

    /// Names that the template reads.
    package var roots: Set<String> {
        switch self {
        case .value: []
        case .expression(let expression): expression.roots
        case .text(let parts):
            parts.reduce(into: []) { roots, part in
                if case .expression(let expression) = part { roots.formUnion(expression.roots) }
            }
        case .list(let items): items.reduce(into: []) { $0.formUnion($1.roots) }
        case .object(let members): members.values.reduce(into: []) { $0.formUnion($1.roots) }
        }
    }

    private static func parse(_ text: String) throws(ExpressionError) -> Template {
        let parts = try self.parts(Array(text.utf8))
        switch parts.first {
        case nil: return .value(.string(""))
        case .expression(let expression)? where parts.count == 1: return .expression(expression)
        case .text(let literal)? where parts.count == 1: return .value(.string(literal))
        default: return .text(parts)
        }
    }

    private static func parts(_ bytes: [UInt8]) throws(ExpressionError) -> [Part] {
        let dollar = UInt8(ascii: "$")
        let open = UInt8(ascii: "{")
        var parts: [Part] = []
        var literal: [UInt8] = []
        var index = 0
        func byte(_ position: Int) -> UInt8? { position < bytes.count ? bytes[position] : nil }
        while index < bytes.count {
            if bytes[index] == dollar, byte(index + 1) == dollar, byte(index + 2) == open {
                literal += [dollar, open]
                index += 3
            } else if bytes[index] == dollar, byte(index + 1) == open {
                let end = try closing(of: bytes, from: index + 2)
                if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
                literal = []
                let inside = String(decoding: bytes[(index + 2)..<end], as: UTF8.self)
                parts.append(.expression(try Expression(parsing: inside)))
                index = end + 1
            } else {
                literal.append(bytes[index])
                index += 1
            }
        }
        if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
        return parts
    }

    private static func closing(of bytes: [UInt8], from start: Int) throws(ExpressionError) -> Int {
        var quote: UInt8?
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if let open = quote {
                if byte == UInt8(ascii: "\\") { index += 1 } else if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else if byte == UInt8(ascii: "}") {
                return index
            }
            index += 1
        }
        throw ExpressionError(.syntax, "'${' is not closed by '}'")
    }
}
