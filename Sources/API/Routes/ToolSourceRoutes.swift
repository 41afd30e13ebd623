import Domain
import ForeignContracts
import FoundationEssentials
import HTTPTypes
import Store
import ToolKit
import Vault

/// A tenant's own tools: out of OpenAPI documents, from MCP servers, and programs of the sandbox.
struct ToolSourceRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, create, get, refresh, delete] }

    private static let path = "/api/tool-sources"

    private var list: Endpoint {
        Endpoint(
            method: .get, path: Self.path, name: "listToolSources", tag: "tool",
            summary: "Where your tenant's own tools come from.", access: .read, query: PageRequest.parameters,
            answer: .init(.ok, .page(of: ToolSourceBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let rows = try await services.toolSources.list(
                caller.tenant, after: page.after { ToolSourceID($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { ToolSourceBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var create: Endpoint {
        Endpoint(
            method: .post, path: Self.path, name: "createToolSource", tag: "tool",
            summary:
                "Registers tools as 'name.operation'. They are of high risk, and so denied, unless the source or a rule "
                + "says otherwise; their descriptions are shown as foreign. An MCP server is asked for its tools "
                + "afterwards: see status.",
            access: .administer,
            body: .json(
                .object(ToolSourceBody.input),
                example: [
                    "name": "shop", "kind": "command",
                    "definition": [
                        "commands":
                            "tools: {count: {program: /usr/bin/wc, stdin: '{text}', effect: read, input: {text: {type: string}}}}"
                    ],
                ]), answer: .init(.created, ToolSourceBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let input: ToolSourceInput = try call.decode()
            try check(input)
            let id = ToolSourceID.new()
            let (definition, tools) = try Self.offered(input)
            let key = try await services.tenants.key(of: caller.tenant, under: services.master)
            var envelopes: [String: [UInt8]] = [:]
            for (name, secret) in input.secrets ?? [:] {
                envelopes[name] = try key.seal(Secret(secret), at: ToolSources.place(caller.tenant, id, name))
            }
            do {
                let source = try await services.toolSources.create(
                    caller.tenant, id: id, name: input.name, kind: input.kind, persona: input.personaID,
                    definition: definition, secrets: envelopes, tools: tools, actor: caller.actor)
                return try Self.reply(source, .created)
            } catch StoreError.notFound("persona") {
                throw Problem.invalid([
                    SchemaFault(
                        pointer: "/persona_id",
                        detail: "is no persona of yours, or there are \(ToolSources.most) sources")
                ])
            }
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/{source_id}", name: "getToolSource", tag: "tool",
            summary: "One source, with how its tools were got.", access: .read,
            answer: .init(.ok, ToolSourceBody.schema)
        ) { call in
            try Self.reply(try await source(of: call, call.authenticated()), .ok)
        }
    }

    private var refresh: Endpoint {
        Endpoint(
            method: .post, path: Self.path + "/{source_id}/refresh", name: "refreshToolSource", tag: "tool",
            summary: "Has an MCP server asked again for its tools; a changed tool is a new version.",
            access: .administer, answer: .init(.accepted, ToolSourceBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let known = try await source(of: call, caller)
            guard try await services.toolSources.refresh(caller.tenant, known.id) else {
                throw Problem(.conflict, "not-a-server", "Only an MCP server can be asked again; register it anew.")
            }
            return try Self.reply(try await source(of: call, caller), .accepted)
        }
    }

    private var delete: Endpoint {
        Endpoint(
            method: .delete, path: Self.path + "/{source_id}", name: "deleteToolSource", tag: "tool",
            summary: "Takes a source, its tools and its secrets away.", access: .administer, answer: .init(.noContent)
        ) { call in
            let caller = try call.authenticated()
            guard
                try await services.toolSources.remove(
                    caller.tenant, call.id("source_id", of: "source"), actor: caller.actor)
            else { throw Problem.notFound("source") }
            return Reply(.noContent)
        }
    }

    /// A source's name is its own: no tool of the platform can be taken for one of it.
    private func check(_ input: ToolSourceInput) throws {
        let areas = Set(services.tools.map { $0.descriptor.name.prefix { $0 != "." } } + ["foreign", "model"])
        let isWord = ForeignTool.operation(input.name) == input.name && input.name.first?.isLetter == true
        guard isWord, !areas.contains(Substring(input.name)) else {
            throw Problem.invalid([
                SchemaFault(
                    pointer: "/name",
                    detail: "must be a-z, 0-9 and _ after a letter, and no area of the platform's tools")
            ])
        }
        for name in (input.secrets ?? [:]).keys.sorted() where ForeignTool.operation(name) != name || name.count > 40 {
            throw Problem.invalid([
                SchemaFault(pointer: "/secrets/\(name)", detail: "must be named in a-z, 0-9 and _, at most 40")
            ])
        }
    }

    private func source(of call: Call, _ caller: Caller) async throws -> ToolSource {
        guard let source = try await services.toolSources.find(caller.tenant, call.id("source_id", of: "source")) else {
            throw Problem.notFound("source")
        }
        return source
    }

    /// What is kept of the definition, and its tools; `nil` where a server is still to be asked.
    private static func offered(_ input: ToolSourceInput) throws -> (JSONValue, [OfferedTool]?) {
        do throws(ForeignFault) {
            let secrets = Set((input.secrets ?? [:]).keys)
            let settings = try ForeignSettings(source: input.name, definition: input.definition, secrets: secrets)
            let definition = input.definition
            switch input.kind {
            case .openapi:
                let document = try parsed(definition["document"], "/document")
                let source = try OpenAPISource(document, base: definition["base_url"]?.string, settings: settings)
                var rest = definition.object ?? [:]
                rest["document"] = nil
                rest["base_url"] = .string(source.base)
                return (.object(rest), try kept(try source.tools()))
            case .command:
                let document = try parsed(definition["commands"], "/commands")
                return (definition, try kept(try CommandSource.tools(document, settings: settings)))
            case .mcp:
                _ = try MCPSource.server(definition, secrets: secrets)
                return (definition, nil)
            }
        } catch {
            throw Problem.invalid([SchemaFault(pointer: "/definition" + error.pointer, detail: error.detail)])
        }
    }

    /// An object, or YAML or JSON as a text.
    private static func parsed(_ value: JSONValue?, _ pointer: String) throws(ForeignFault) -> JSONValue {
        guard let value, value != .null else { throw ForeignFault(pointer, "is required") }
        guard let text = value.string else { return value }
        do throws(ForeignFault) {
            return try YAMLText.value(of: text)
        } catch {
            throw ForeignFault(pointer, error.detail)
        }
    }

    private static func kept(_ tools: [ForeignTool]) throws(ForeignFault) -> [OfferedTool] {
        var offered: [OfferedTool] = []
        for tool in tools {
            do {
                offered.append(
                    OfferedTool(contract: tool.contract, binding: try JSONValue(encoding: tool.binding)))
            } catch {
                throw ForeignFault("", "has an operation that cannot be kept: \(tool.contract.descriptor.name)")
            }
        }
        return offered
    }

    private static func reply(_ source: ToolSource, _ status: HTTPResponse.Status) throws -> Reply {
        try .json(ToolSourceBody(source), status: status, headers: .entity(revision: source.revision))
    }
}

private struct ToolSourceInput: Decodable {
    let name: String
    let kind: ToolSource.Kind
    let personaID: PersonaID?
    let definition: JSONValue
    let secrets: [String: String]?

    enum CodingKeys: String, CodingKey {
        case name, kind, definition, secrets
        case personaID = "persona_id"
    }
}

private struct ToolSourceBody: Encodable {
    let id: ToolSourceID
    let name: String
    let kind: String
    let personaID: PersonaID?
    let definition: JSONValue
    let status: String
    let lastError: String?
    let version: Int
    let tools: Int
    let refreshedAt: Date?
    let createdAt: Date
    let updatedAt: Date

    init(_ source: ToolSource) {
        id = source.id
        name = source.name
        kind = source.kind.rawValue
        personaID = source.persona
        definition = source.definition
        status = source.status.rawValue
        lastError = source.lastError
        version = source.version
        tools = source.tools
        refreshedAt = source.refreshedAt
        createdAt = source.createdAt
        updatedAt = source.updatedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, name, kind, definition, status, version, tools
        case personaID = "persona_id"
        case lastError = "last_error"
        case refreshedAt = "refreshed_at"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    static let input = [
        Schema.required("name", .text(1...40), "first part of the tools' names: a letter, then a-z, 0-9 and _"),
        Schema.required("kind", .choice(ToolSource.Kind.allCases.map(\.rawValue))),
        Schema.optional("persona_id", .nullable(.id), "for one persona; for all where absent"),
        Schema.required(
            "definition", .map(of: .any),
            "openapi: {document, base_url?}; mcp: {url, secret_headers?} or {command, environment?}; command: {commands}; "
                + "beside it risk, operations, private; see docs/tools.md"),
        Schema.optional("secrets", .map(of: .text(1...10_000)), "by name; never shown again"),
    ]
    static let schema = Schema.named(
        "ToolSource",
        .object([
            Schema.required("id", .id), Schema.required("name", .string()),
            Schema.required("kind", .choice(ToolSource.Kind.allCases.map(\.rawValue))),
            Schema.optional("persona_id", .id), Schema.required("definition", .map(of: .any)),
            Schema.required("status", .choice(ToolSource.Status.allCases.map(\.rawValue))),
            Schema.optional("last_error", .string()),
            Schema.required("version", .integer(0...Int64.max), "raised by each change of its tools"),
            Schema.required("tools", .integer(0...Int64.max)), Schema.optional("refreshed_at", .time),
            Schema.required("created_at", .time), Schema.required("updated_at", .time),
        ]))
}
