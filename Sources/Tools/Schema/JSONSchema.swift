package import Domain

/// A JSON Schema (2020-12) that values are held to.
///
/// What a value is refused for: `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`,
/// `propertyNames`, `dependentRequired`, `minProperties`, `maxProperties`, `items`, `prefixItems`, `contains`,
/// `minItems`, `maxItems`, `uniqueItems`, `minLength`, `maxLength`, `minimum`, `maximum`, `exclusiveMinimum`,
/// `exclusiveMaximum`, `multipleOf`, `allOf`, `anyOf`, `oneOf`, `not`, `if`/`then`/`else`, and `$ref` within the
/// document. Everything else is an annotation; `pattern` and `format` too, because a foreign schema's expression must
/// not decide how long a check takes.
package struct JSONSchema: Sendable, Hashable {
    package let document: JSONValue

    package init(_ document: JSONValue) { self.document = document }

    /// Everything that keeps `value` from fitting, up to `SchemaCheck.mostFaults`; empty where it fits.
    package func faults(in value: JSONValue) -> [ValueFault] {
        var check = SchemaCheck(root: document)
        check.hold(value, to: document, at: "")
        return check.faults
    }
}

/// One thing wrong with a value, at a JSON pointer (RFC 6901).
package struct ValueFault: Sendable, Hashable, Codable, CustomStringConvertible {
    package let pointer: String
    package let detail: String

    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }

    package var description: String { "\(pointer.isEmpty ? "the value" : pointer) \(detail)" }
}

extension String {
    /// As a part of a JSON pointer (RFC 6901, section 3).
    package var asPointerPart: String { replacing("~", with: "~0").replacing("/", with: "~1") }

    var fromPointerPart: String { replacing("~1", with: "/").replacing("~0", with: "~") }
}

extension JSONValue {
    /// The value at a JSON pointer, or `nil`.
    package subscript(pointer pointer: String) -> JSONValue? {
        var value = self
        for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = String(part).fromPointerPart
            guard let next = value[name] ?? Int(name).flatMap({ value[$0] }) else { return nil }
            value = next
        }
        return value
    }

    /// Of a number, whole or not.
    package var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}
