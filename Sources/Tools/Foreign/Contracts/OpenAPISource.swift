package import Domain
import JSONSchema
import ToolKit

/// Tools out of an OpenAPI 3.0 or 3.1 document: each operation one.
package struct OpenAPISource: Sendable {
    /// Operations of one document.
    package static let mostOperations = 500
    private static let methods = ["get", "put", "post", "delete", "head", "patch"]

    private let document: JSONValue
    package let base: String
    private let settings: ForeignSettings

    /// `base` in place of the document's first server, which must be absolute otherwise.
    package init(_ document: JSONValue, base: String?, settings: ForeignSettings) throws(ForeignFault) {
        guard let version = document["openapi"]?.string, version.hasPrefix("3.") else {
            throw ForeignFault("/openapi", "must be a 3.0 or 3.1 document")
        }
        guard let base = base ?? document["servers"]?[0]?["url"]?.string else {
            throw ForeignFault("/base_url", "is required: the document names no server")
        }
        guard base.hasPrefix("https://") || base.hasPrefix("http://"), !base.contains("{") else {
            throw ForeignFault("/base_url", "must be an absolute http or https URL, without variables")
        }
        self.document = document
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.settings = settings
    }

    package func tools() throws(ForeignFault) -> [ForeignTool] {
        var tools: [ForeignTool] = []
        var taken: Set<String> = []
        for (path, item) in (document["paths"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            let item = resolved(item)
            for method in Self.methods {
                guard let operation = item[method].map(resolved) else { continue }
                guard tools.count < Self.mostOperations else {
                    throw ForeignFault("/paths", "has more than \(Self.mostOperations) operations")
                }
                let name = ForeignTool.named(
                    ForeignTool.operation(operation["operationId"]?.string ?? "\(method) \(path)"), among: &taken)
                if let tool = tool(name, method, path, item, operation) { tools.append(tool) }
            }
        }
        guard !tools.isEmpty else { throw ForeignFault("/paths", "has no operation") }
        return tools
    }

    private func tool(
        _ name: String, _ method: String, _ path: String, _ item: JSONValue, _ operation: JSONValue
    ) -> ForeignTool? {
        var shape = SchemaBundle(document: document)
        var properties: [String: JSONValue] = [:]
        var required: [JSONValue] = []
        var parameters: [HTTPOperation.Parameter] = []
        for raw in parameterList(item, operation) {
            guard let named = raw["name"]?.string,
                let place = raw["in"]?.string.flatMap(HTTPOperation.Parameter.Location.init)
            else { continue }
            let member = properties[named] == nil && named != "body" ? named : "\(named)_\(place.rawValue)"
            var schema = shape.bundled(raw["schema"] ?? [:])
            if let words = raw["description"]?.string, case .object(var known) = schema {
                known["description"] = .string(String(words.prefix(300)))
                schema = .object(known)
            }
            properties[member] = schema
            if raw["required"] == .bool(true) || place == .path { required.append(.string(member)) }
            parameters.append(
                HTTPOperation.Parameter(
                    member: member, name: named, location: place,
                    explodes: raw["explode"]?.bool ?? (place == .query || place == .cookie)))
        }
        let body = operation["requestBody"].map(resolved)
        let mediaType = body?["content"]?.object.flatMap(Self.mediaType)
        if let mediaType {
            properties["body"] = shape.bundled(body?["content"]?[mediaType]?["schema"] ?? [:])
            if body?["required"] == .bool(true) { required.append("body") }
        }
        let placements = placements(operation)
        var input: [String: JSONValue] = [
            "type": "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": false,
        ]
        if !shape.definitions.isEmpty { input["$defs"] = .object(shape.definitions) }
        let summary = [operation["summary"]?.string, operation["description"]?.string].compactMap { $0 }
            .joined(separator: " ")
        return ForeignTool.make(
            settings, operation: name, summary: summary.isEmpty ? "\(method.uppercased()) \(path)" : summary,
            input: .object(input), output: output(operation),
            binding: ForeignBinding(
                openapi: HTTPOperation(
                    method: method.uppercased(), base: base, path: path, parameters: parameters, mediaType: mediaType,
                    secrets: placements), isRead: true), isRead: method == "get" || method == "head",
            access: method == "get" || method == "head" ? .read : .write, secrets: placements.map(\.secret),
            usesNetwork: true)
    }

    /// An operation's own parameters before those of its path.
    private func parameterList(_ item: JSONValue, _ operation: JSONValue) -> [JSONValue] {
        var seen: Set<String> = []
        return ((operation["parameters"]?.array ?? []) + (item["parameters"]?.array ?? [])).map(resolved).filter {
            seen.insert("\($0["in"]?.string ?? "") \($0["name"]?.string ?? "")").inserted
        }
    }

    private static func mediaType(_ content: [String: JSONValue]) -> String? {
        content.keys.sorted().first { $0.hasPrefix("application/json") || $0.hasSuffix("+json") }
            ?? content.keys.sorted().first { $0 == "application/x-www-form-urlencoded" }
            ?? content.keys.sorted().first
    }

    private func output(_ operation: JSONValue) -> JSONValue {
        let responses = operation["responses"]?.object ?? [:]
        let good = responses.keys.sorted().first { $0.hasPrefix("2") } ?? "default"
        let content = responses[good].map(resolved)?["content"]?.object ?? [:]
        var shape = SchemaBundle(document: document)
        let body = Self.mediaType(content).flatMap { content[$0]?["schema"] }.map { shape.bundled($0) } ?? [:]
        var schema: [String: JSONValue] = [
            "type": "object",
            "properties": ["status": ["type": "integer"], "media_type": ["type": ["string", "null"]], "body": body],
            "required": ["status"],
        ]
        if !shape.definitions.isEmpty { schema["$defs"] = .object(shape.definitions) }
        return .object(schema)
    }

    /// The first way to authenticate for which all secrets are kept.
    private func placements(_ operation: JSONValue) -> [SecretPlacement] {
        let ways = (operation["security"] ?? document["security"])?.array ?? []
        for way in ways {
            let names = (way.object ?? [:]).keys.sorted()
            let found = names.compactMap(placement)
            if found.count == names.count { return found }
        }
        return []
    }

    private func placement(_ name: String) -> SecretPlacement? {
        let secret = ForeignTool.operation(name)
        guard settings.secrets.contains(secret), let scheme = document["components"]?["securitySchemes"]?[name] else {
            return nil
        }
        let known = resolved(scheme)
        switch known["type"]?.string {
        case "apiKey":
            guard let place = known["in"]?.string.flatMap(SecretPlacement.Location.init),
                let field = known["name"]?.string
            else { return nil }
            return SecretPlacement(secret: secret, location: place, name: field)
        case "http" where known["scheme"]?.string?.lowercased() == "basic":
            // The secret is `user:password` in base64, as the header takes it.
            return SecretPlacement(secret: secret, location: .header, name: "Authorization", prefix: "Basic ")
        case "http", "oauth2", "openIdConnect":
            return SecretPlacement(secret: secret, location: .header, name: "Authorization", prefix: "Bearer ")
        default: return nil
        }
    }

    private func resolved(_ value: JSONValue) -> JSONValue {
        var value = value
        // A reference to a reference, and so on: a document has few.
        for _ in 0..<10 {
            guard let reference = value["$ref"]?.string, reference.hasPrefix("#"),
                let target = document[pointer: String(reference.dropFirst())]
            else { return value }
            value = target
        }
        return value
    }
}

/// A schema of a document with all that it refers to, as JSON Schema 2020-12.
struct SchemaBundle {
    /// Definitions of one tool: a document that refers to everything from everywhere gives a large one.
    private static let mostDefinitions = 200
    private static let deepest = 60

    let document: JSONValue
    private(set) var definitions: [String: JSONValue] = [:]

    init(document: JSONValue) { self.document = document }

    mutating func bundled(_ schema: JSONValue) -> JSONValue { rewritten(schema, depth: 0) }

    private mutating func rewritten(_ schema: JSONValue, depth: Int) -> JSONValue {
        guard depth < Self.deepest else { return [:] }
        switch schema {
        case .array(let items): return .array(items.map { rewritten($0, depth: depth + 1) })
        case .object(var words):
            if let reference = words["$ref"]?.string { return refer(reference, depth: depth) }
            for (word, value) in words where word != "example" && word != "default" && word != "enum" && word != "const"
            {
                words[word] = rewritten(value, depth: depth + 1)
            }
            Self.modernise(&words)
            return .object(words)
        default: return schema
        }
    }

    private mutating func refer(_ reference: String, depth: Int) -> JSONValue {
        guard reference.hasPrefix("#"), let target = document[pointer: String(reference.dropFirst())],
            let name = reference.split(separator: "/").last.map(String.init)
        else { return [:] }
        if definitions[name] == nil {
            guard definitions.count < Self.mostDefinitions else { return [:] }
            definitions[name] = [:]  // breaks the circle of a schema that names itself
            definitions[name] = rewritten(target, depth: depth + 1)
        }
        return ["$ref": .string("#/$defs/\(name)")]
    }

    /// What OpenAPI 3.0 says in its own way.
    private static func modernise(_ words: inout [String: JSONValue]) {
        if words["nullable"] == .bool(true), let kind = words["type"]?.string {
            words["type"] = [.string(kind), "null"]
        }
        for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
            guard let flag = words[exclusive]?.bool else { continue }
            words[exclusive] = flag ? words[bound] : nil
        }
        words["nullable"] = nil
        words["example"] = nil
        words["xml"] = nil
        words["discriminator"] = nil
    }
}
