package import Domain

/// A type whose members' schemas say more than its code does: by JSON name, keywords that join what is derived.
///
///     static let schemaWords: [String: JSONValue] = ["url": ["description": "Of the page.", "format": "uri"]]
package protocol SchemaAnnotated {
    static var schemaWords: [String: JSONValue] { get }
}

/// A type whose schema cannot be found out by watching it read.
package protocol SchemaDescribed {
    static var schema: JSONValue { get }
    /// A value of it.
    static var schemaSample: JSONValue { get }
}

extension JSONValue: SchemaDescribed {
    package static let schema: JSONValue = [:]
    package static let schemaSample: JSONValue = .null
}

/// Why a type has no schema.
package struct SchemaDerivationError: Error, Sendable, CustomStringConvertible {
    package let type: String
    package let reason: String

    package var description: String { "\(type) has no schema: \(reason)" }
}

extension JSONSchema {
    /// The schema of what `type` decodes from, found by letting it read from a decoder that notes what is asked for and
    /// offers one value after another: members and whether they may be absent, choices of an enumeration, a text in
    /// place of an object, and the members that go with each kind of a union.
    ///
    /// An enumeration must be `CaseIterable`; what checks its values while it reads needs `SchemaDescribed`.
    package init(of type: (some Decodable).Type) throws(SchemaDerivationError) {
        let deriver = SchemaDeriver()
        do {
            var schema = try deriver.derive(type).schema
            if !deriver.definitions.isEmpty, case .object(var words) = schema {
                words["$defs"] = .object(deriver.definitions)
                schema = .object(words)
            }
            self.init(schema)
        } catch let error as SchemaDerivationError {
            throw error
        } catch {
            throw SchemaDerivationError(type: "\(type)", reason: "\(error)")
        }
    }
}
