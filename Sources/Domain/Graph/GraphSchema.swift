/// The graph language as JSON Schema (draft 2020-12), for editors and for models that write graphs.
///
/// It says what a graph looks like: members, kinds, bounds. Whether references resolve, expressions parse and every loop
/// has an exit only `GraphDefinition` knows.
package enum GraphSchema {
    package static let json: JSONValue = [
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Graph",
        "description": "A graph of the persona platform: what a run does.",
        "$ref": "#/$defs/graph",
        "$defs": .object(definitions),
    ]

    private static let definitions: [String: JSONValue] = {
        var all = parts
        all["graph"] = graph
        all["node"] = choice(of: NodeShape.allCases)
        all["body"] = choice(of: NodeShape.allCases.filter(NodeSource.Placement.body.allows), inline: true)
        all["chain_node"] = choice(of: NodeShape.allCases.filter(NodeSource.Placement.chain.allows), inline: true)
        all["branch_node"] = choice(of: NodeShape.allCases.filter(NodeSource.Placement.branch.allows), inline: true)
        for shape in NodeShape.allCases { all[shape.rawValue] = node(shape) }
        all["inline_parallel"] = node(.parallel, without: "join")
        return all
    }()

    // MARK: The graph

    private static let graph: JSONValue = [
        "type": "object", "required": ["start", "nodes"], "additionalProperties": false,
        "properties": [
            "start": reference("id"),
            "nodes": [
                "type": "object", "minProperties": 1, "maxProperties": .int(Int64(GraphLimits.nodes)),
                "propertyNames": reference("id"), "additionalProperties": reference("node"),
            ],
            "reducers": [
                "type": ["object", "null"], "propertyNames": reference("name"),
                "additionalProperties": ["enum": strings(StateReducer.allCases.map(\.rawValue))],
                "description": "By key of the state: how what is written meets what is there.",
            ],
            "name": true, "description": true,
            "max_steps": optional(whole(1...GraphLimits.mostSteps)),
            "priority": optional(whole(-GraphLimits.priority...GraphLimits.priority)),
            "concurrency": [
                "type": ["object", "null"], "required": ["key", "limit"], "additionalProperties": false,
                "properties": [
                    "key": reference("expression"), "limit": whole(1...GraphLimits.concurrency),
                ],
                "description": "At most `limit` runs with the same key are under way at once.",
            ],
            "debounce_seconds": optional(whole(1...GraphLimits.debounceSeconds)),
            "debounce_key": reference("expression"),
        ],
    ]

    // MARK: Nodes

    /// `inline`: such a node says neither where the run goes next nor where its branches join.
    private static func choice(of shapes: [NodeShape], inline: Bool = false) -> JSONValue {
        var members: [String: JSONValue] = [
            "type": "object", "required": ["type"],
            "properties": ["type": ["enum": strings(shapes.map(\.rawValue))]],
            "allOf": .array(
                shapes.map { shape in
                    [
                        "if": ["properties": ["type": ["const": .string(shape.rawValue)]]],
                        "then": reference(inline && shape == .parallel ? "inline_parallel" : shape.rawValue),
                    ]
                }),
        ]
        if inline {
            members["properties"] = [
                "type": ["enum": strings(shapes.map(\.rawValue))], "next": false, "join": false, "on_reject": false,
                "on_error": ["properties": ["next": false]], "approve": ["properties": ["on_reject": false]],
            ]
        }
        return .object(members)
    }

    private static func node(_ shape: NodeShape, without absent: String? = nil) -> JSONValue {
        var properties: [String: JSONValue] = [:]
        for name in shape.members where name != absent { properties[name] = member(name, of: shape) }
        properties["type"] = ["const": .string(shape.rawValue)]
        var schema: [String: JSONValue] = [
            "type": "object", "additionalProperties": false, "properties": .object(properties),
            "required": strings((["type"] + required(shape)).filter { $0 != absent }),
        ]
        if shape == .wait {
            schema["oneOf"] = .array(["signal", "until", "for_seconds"].map { ["required": [.string($0)]] })
        }
        return .object(schema)
    }

    private static func required(_ shape: NodeShape) -> [String] {
        switch shape {
        case .tool: ["tool"]
        case .model: ["messages"]
        case .choice: ["cases", "default"]
        case .forEach: ["items", "do"]
        case .parallel: ["branches", "join"]
        case .subgraph: ["graph"]
        case .set: ["values"]
        case .approval: ["title"]
        case .wait, .end: []
        }
    }

    private static func member(_ name: String, of shape: NodeShape) -> JSONValue {
        switch name {
        case "description", "messages", "response_format", "input", "detail", "arguments", "yield", "until",
            "for_seconds":
            true
        case "output": shape == .end ? true : optional(reference("path"))
        case "into", "collect_errors_into": optional(reference("path"))
        case "next", "default", "join", "on_reject": reference("id")
        case "timeout_seconds": optional(whole(1...shape.mostTimeoutSeconds))
        case "max_visits": optional(whole(1...GraphLimits.mostSteps))
        case "max_tokens": optional(whole(1...1_000_000))
        case "max_parallel": optional(whole(1...GraphLimits.parallel))
        case "tool", "title": ["type": "string", "minLength": 1]
        case "items": reference("expression")
        case "as": reference("name")
        case "signal": reference("signal")
        case "graph": ["anyOf": [reference("graph"), reference("stored_graph")]]
        case "retry", "on_error", "compensate", "approve", "cases", "values", "branches", "do": reference(name)
        default: true
        }
    }

    // MARK: Parts

    private static let parts: [String: JSONValue] = [
        "id": ["type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,63}$"],
        "name": ["type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"],
        "path": ["type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}(\\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,8}$"],
        "signal": ["type": "string", "pattern": "^(?!effect\\.)[A-Za-z0-9_.-]{1,64}$"],
        "expression": ["type": "string", "minLength": 1],
        "stored_graph": [
            "type": "object", "additionalProperties": false, "minProperties": 1,
            "properties": [
                "slug": ["type": "string", "minLength": 1, "maxLength": .int(Int64(GraphLimits.nameBytes))],
                "id": ["type": "string", "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"],
                "version": ["type": "integer", "minimum": 1],
            ],
            "oneOf": [["required": ["slug"]], ["required": ["id"]]],
        ],
        "retry": optional(.object(retry)),
        "on_error": [
            "type": ["object", "null"], "minProperties": 1, "additionalProperties": false,
            "properties": ["next": reference("id"), "output": optional(reference("path"))],
        ],
        "compensate": [
            "type": ["object", "null"], "required": ["type", "tool"], "additionalProperties": false,
            "properties": [
                "type": ["const": "tool"], "tool": ["type": "string", "minLength": 1], "input": true,
                "retry": reference("retry"), "timeout_seconds": optional(whole(1...GraphLimits.timeoutSeconds)),
                "description": true,
            ],
        ],
        "approve": [
            "anyOf": [
                ["type": ["boolean", "null"]], ["const": "risk"],
                [
                    "type": "object", "additionalProperties": false,
                    "properties": [
                        "title": true, "detail": true, "on_reject": reference("id"),
                        "timeout_seconds": optional(whole(1...GraphLimits.waitSeconds)),
                    ],
                ],
            ]
        ],
        "cases": [
            "type": "array", "minItems": 1, "maxItems": .int(Int64(GraphLimits.cases)),
            "items": [
                "type": "object", "required": ["when", "next"], "additionalProperties": false,
                "properties": ["when": reference("expression"), "next": reference("id")],
            ],
        ],
        "values": ["type": "object", "minProperties": 1, "propertyNames": reference("path")],
        "branches": [
            "type": "array", "minItems": 1, "maxItems": .int(Int64(GraphLimits.parallel)),
            "items": [
                "anyOf": [
                    reference("id"), ["type": "array", "minItems": 1, "items": reference("branch_node")],
                ]
            ],
        ],
        "do": [
            "anyOf": [
                reference("body"), ["type": "array", "minItems": 1, "items": reference("chain_node")],
                reference("graph"),
            ]
        ],
    ]

    private static let retry: [String: JSONValue] = [
        "type": "object", "additionalProperties": false,
        "properties": [
            "attempts": optional(whole(1...GraphLimits.attempts)),
            "backoff_ms": optional(whole(0...GraphLimits.backoffMilliseconds)),
            "max_backoff_ms": optional(whole(0...GraphLimits.backoffMilliseconds)),
            "jitter": ["enum": strings(RetryPolicy.Jitter.allCases.map(\.rawValue))],
            "on": [
                "type": ["array", "null"], "minItems": 1, "maxItems": .int(Int64(GraphLimits.failureKinds)),
                "items": ["allOf": [reference("name"), ["not": ["const": "unknown_outcome"]]]],
            ],
        ],
    ]

    private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/$defs/\(name)")] }

    private static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    private static func whole(_ range: ClosedRange<Int>) -> JSONValue {
        [
            "type": "integer", "minimum": .int(Int64(range.lowerBound)), "maximum": .int(Int64(range.upperBound)),
        ]
    }

    /// Null means the same as leaving it out.
    private static func optional(_ schema: JSONValue) -> JSONValue { ["anyOf": [schema, ["type": "null"]]] }
}
