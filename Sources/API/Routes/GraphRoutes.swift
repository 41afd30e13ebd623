import Domain
import FoundationEssentials
import HTTPTypes
import Store

/// Graphs, each change a new immutable version, each version valid.
struct GraphRoutes {
    let services: Services

    var endpoints: [Endpoint] {
        [
            resource.list(path: "/api/graphs", name: "listGraphs"),
            resource.create(path: "/api/graphs", name: "createGraph"),
            validate,
            resource.get(path: "/api/graphs/{graph_id}", name: "getGraph"),
            resource.update(path: "/api/graphs/{graph_id}", name: "updateGraph"),
            resource.archive(path: "/api/graphs/{graph_id}", name: "archiveGraph"),
            resource.versions(path: "/api/graphs/{graph_id}/versions", name: "listGraphVersions"),
        ]
    }

    /// The graph language checks itself, with pointers; the schema only says that it is an object.
    static let definition = Schema.map(of: .any)

    static let example: JSONValue = [
        "start": "read",
        "nodes": [
            "read": [
                "type": "tool", "tool": "browser.read", "input": ["url": "${input.url}", "name": "page"],
                "output": "page", "next": "done",
            ],
            "done": ["type": "end", "output": ["title": "${state.page.title}"]],
        ],
    ]

    private static let schema = Schema.named(
        "Graph",
        .object([
            Schema.required("id", .id), Schema.required("slug", .format(.slug)), Schema.required("name", .string()),
            Schema.required("status", .choice(["active", "archived"])),
            Schema.required("version", .integer(1...Int64.max)), Schema.required("definition", definition),
            Schema.required("created_at", .time), Schema.required("updated_at", .time),
        ]))

    private var resource: VersionedResource<GraphSubject> {
        VersionedResource(
            kind: "graph", repository: services.graphs, schema: Self.schema, definition: Self.definition,
            example: ["slug": "read-page", "name": "Read a page", "definition": Self.example], check: Self.faults)
    }

    private var validate: Endpoint {
        Endpoint(
            method: .post, path: "/api/graphs/validate", name: "validateGraph", tag: "graph",
            summary: "Checks a definition without storing it: every fault with its JSON pointer.", access: .read,
            body: .json(Self.definition, example: Self.example),
            answer: .init(
                .ok,
                .object([
                    Schema.required("valid", .boolean),
                    Schema.required(
                        "faults",
                        .array(
                            of: .object([
                                Schema.required("pointer", .string()), Schema.required("detail", .string()),
                            ]))),
                ]))
        ) { call in
            let faults = Self.faults(in: call.body)
            return try .json(GraphVerdict(valid: faults.isEmpty, faults: faults))
        }
    }

    @Sendable static func faults(in definition: JSONValue) -> [SchemaFault] {
        do {
            _ = try GraphDefinition(definition)
            return []
        } catch {
            return error.faults.map { SchemaFault(pointer: $0.pointer, detail: $0.detail) }
        }
    }
}

private struct GraphVerdict: Encodable {
    let valid: Bool
    let faults: [SchemaFault]
}
