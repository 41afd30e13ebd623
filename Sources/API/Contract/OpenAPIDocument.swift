package import Domain
import HTTPTypes

/// OpenAPI 3.1 of a table of endpoints: what is served is what is published.
package struct OpenAPIDocument: Sendable {
    package let json: JSONValue

    package init(endpoints: [Endpoint], version: String) {
        var components: [String: JSONValue] = [:]
        let problem = Problem.schema.document(gathering: &components)
        var paths: [String: [String: JSONValue]] = [:]
        for endpoint in endpoints {
            paths[endpoint.path, default: [:]][endpoint.method.rawValue.lowercased()] =
                endpoint.operation(problem: problem, gathering: &components)
        }
        json = [
            "openapi": "3.1.0",
            "info": [
                "title": "Persona Platform", "version": .string(version),
                "description": "A self-hosted workspace of AI personas that do office work.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "paths": .object(paths.mapValues { .object($0) }),
            "components": [
                "schemas": .object(components),
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer"],
                    "session": ["type": "apiKey", "in": "cookie", "name": "__Host-persona"],
                ],
            ],
        ]
    }
}

extension Endpoint {
    fileprivate func operation(problem: JSONValue, gathering components: inout [String: JSONValue]) -> JSONValue {
        var operation: [String: JSONValue] = [
            "operationId": .string(name), "tags": [.string(tag)], "summary": .string(summary),
            "security": access == .anonymous ? [] : [["bearer": []], ["session": []]],
        ]
        let inPath = path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
        var parameters: [JSONValue] = inPath.map {
            ["name": .string($0), "in": "path", "required": true, "schema": ["type": "string"]]
        }
        for parameter in query {
            parameters.append([
                "name": .string(parameter.name), "in": "query", "description": .string(parameter.note),
                "schema": parameter.schema.document(gathering: &components),
            ])
        }
        if method == .post, access != .anonymous {
            parameters.append([
                "name": "Idempotency-Key", "in": "header",
                "description": "The same key and body within 24 h gets the same answer.",
                "schema": ["type": "string", "minLength": 1, "maxLength": 255],
            ])
        }
        if method == .patch || method == .put {
            parameters.append([
                "name": "If-Match", "in": "header", "schema": ["type": "string"],
                "description": "The ETag of what was read: 412 where it has changed since.",
            ])
        }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        switch body {
        case .none: break
        case .json(let schema, let example, let isRequired):
            operation["requestBody"] = [
                "required": .bool(isRequired),
                "content": [
                    "application/json": [
                        "schema": schema.document(gathering: &components), "example": example,
                    ]
                ],
            ]
        case .raw:
            operation["requestBody"] = [
                "required": true, "content": ["application/octet-stream": ["schema": ["type": "string"]]],
            ]
        }
        operation["responses"] = responses(problem: problem, gathering: &components)
        return .object(operation)
    }

    private func responses(problem: JSONValue, gathering components: inout [String: JSONValue]) -> JSONValue {
        var success: [String: JSONValue] = ["description": .string(answer.status.reasonPhrase)]
        if let schema = answer.schema {
            var content: [String: JSONValue] = ["schema": schema.document(gathering: &components)]
            content["example"] = answer.example
            success["content"] = .object([answer.mediaType: .object(content)])
        } else if answer.status != .noContent {
            success["content"] = .object([answer.mediaType: ["schema": ["type": "string"]]])
        }
        return .object([
            String(answer.status.code): .object(success),
            "default": [
                "description": "A problem (RFC 9457).",
                "content": ["application/problem+json": ["schema": problem]],
            ],
        ])
    }
}
