package import Domain
import FoundationEssentials

/// One thing wrong with a request body, at a JSON pointer (RFC 6901).
package struct SchemaFault: Sendable, Hashable, Codable {
    package let pointer: String
    package let detail: String

    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}

extension Schema {
    /// At most this many faults are reported: enough to mend a form, not enough to be a weapon.
    package static let mostFaults = 50

    /// Everything that keeps `value` from this shape, up to `mostFaults`; empty where it fits.
    package func faults(in value: JSONValue, at pointer: String = "") -> [SchemaFault] {
        var found: [SchemaFault] = []
        check(value, at: pointer, into: &found)
        return found
    }

    private func check(_ value: JSONValue, at pointer: String, into found: inout [SchemaFault]) {
        guard found.count < Self.mostFaults else { return }
        func fault(_ detail: String) { found.append(SchemaFault(pointer: pointer, detail: detail)) }
        switch (self, value) {
        case (.named(_, let schema), _): schema.check(value, at: pointer, into: &found)
        case (.nullable, .null), (.any, _), (.boolean, .bool), (.number, .int), (.number, .double): break
        case (.nullable(let schema), _): schema.check(value, at: pointer, into: &found)
        case (.either(let schemas), _):
            if schemas.allSatisfy({ !$0.faults(in: value).isEmpty }) { fault("must be \(kindName)") }
        case (.integer(let range), .int(let number)):
            if !range.contains(number) { fault("must be from \(range.lowerBound) to \(range.upperBound)") }
        case (.string(let rule), .string(let text)):
            if let detail = rule.fault(in: text) { fault(detail) }
        case (.array(let item, let most), .array(let items)):
            guard items.count <= most else { return fault("has \(items.count) items; at most \(most) are taken") }
            for (index, value) in items.enumerated() { item.check(value, at: "\(pointer)/\(index)", into: &found) }
        case (.map(let schema), .object(let members)):
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                schema.check(value, at: pointer + "/" + name.pointerEscaped, into: &found)
            }
        case (.object(let expected), .object(let members)):
            Self.check(members, against: expected, at: pointer, into: &found)
        default: fault("must be \(kindName), not \(value.kindName)")
        }
    }

    private static func check(
        _ members: [String: JSONValue], against expected: [Member], at pointer: String, into found: inout [SchemaFault]
    ) {
        for member in expected {
            let place = pointer + "/" + member.name.pointerEscaped
            if let value = members[member.name] {
                member.schema.check(value, at: place, into: &found)
            } else if member.isRequired {
                found.append(SchemaFault(pointer: place, detail: "is required"))
            }
        }
        let known = Set(expected.map(\.name))
        for name in members.keys.sorted() where !known.contains(name) {
            found.append(
                SchemaFault(pointer: pointer + "/" + name.pointerEscaped, detail: "is not a member of this object"))
        }
    }

    private var kindName: String {
        switch self {
        case .object, .map: "an object"
        case .array: "an array"
        case .string: "a string"
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .any: "any value"
        case .nullable(let schema): schema.kindName + " or null"
        case .either(let schemas): schemas.map(\.kindName).joined(separator: " or ")
        case .named(_, let schema): schema.kindName
        }
    }
}

extension Schema.StringRule {
    fileprivate func fault(in text: String) -> String? {
        if let choices, !choices.contains(text) { return "must be one of \(choices.joined(separator: ", "))" }
        // `unicodeScalars` is what JSON Schema counts.
        let count = text.unicodeScalars.count
        guard length.contains(count) else {
            return "has \(count) characters; \(length.lowerBound) to \(length.upperBound) are taken"
        }
        if text.unicodeScalars.contains("\u{0}") { return "contains a NUL character" }
        switch format {
        case .uuid: return UUID(uuidString: text) == nil ? "is not a UUID" : nil
        case .email: return text.isPlausibleAddress ? nil : "is not an e-mail address"
        case .uri: return text.contains(":") ? nil : "is not a URI"
        case .dateTime: return (try? Date(text, strategy: .iso8601)) == nil ? "is not an RFC 3339 time" : nil  // yes/no
        case .slug: return text.isSlug ? nil : "must be lower-case letters, digits and hyphens, at most 63"
        case nil: return nil
        }
    }
}

extension String {
    fileprivate var pointerEscaped: String {
        replacing("~", with: "~0").replacing("/", with: "~1")
    }

    fileprivate var isSlug: Bool {
        guard (1...63).contains(utf8.count), first != "-" else { return false }
        return utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }

    fileprivate var isPlausibleAddress: Bool {
        let parts = split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && !contains(where: \.isWhitespace)
            && unicodeScalars.allSatisfy { $0.value >= 0x20 } && utf8.count <= 320
    }
}

extension JSONValue {
    fileprivate var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .int, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
