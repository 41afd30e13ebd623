package import Domain

/// How a tenant's own tool is called: what the sandbox is told beside the input. Made by the platform alone.
package struct ForeignBinding: Sendable, Hashable, Codable {
    package var openapi: HTTPOperation?
    package var mcp: MCPBinding?
    package var command: CommandBinding?
    /// Whether calls change nothing: then they are repeated at will.
    package var isRead: Bool

    package init(
        openapi: HTTPOperation? = nil, mcp: MCPBinding? = nil, command: CommandBinding? = nil, isRead: Bool
    ) {
        self.openapi = openapi
        self.mcp = mcp
        self.command = command
        self.isRead = isRead
    }

    enum CodingKeys: String, CodingKey {
        case openapi, mcp, command
        case isRead = "is_read"
    }
}

/// Where a secret goes in a request.
package struct SecretPlacement: Sendable, Hashable, Codable {
    package enum Location: String, Sendable, Hashable, Codable, CaseIterable { case header, query, cookie }

    package var secret: String
    package var location: Location
    package var name: String
    /// Before the secret: `Bearer `.
    package var prefix: String

    package init(secret: String, location: Location, name: String, prefix: String = "") {
        self.secret = secret
        self.location = location
        self.name = name
        self.prefix = prefix
    }
}

/// One operation of an HTTP API.
package struct HTTPOperation: Sendable, Hashable, Codable {
    package struct Parameter: Sendable, Hashable, Codable {
        package enum Location: String, Sendable, Hashable, Codable, CaseIterable { case path, query, header, cookie }

        /// Member of the input.
        package var member: String
        package var name: String
        package var location: Location
        /// `a=1&a=2` for a list; else `a=1,2`.
        package var explodes: Bool
    }

    package var method: String
    /// `https://host/v1`, without a final slash.
    package var base: String
    /// `/pets/{id}`
    package var path: String
    package var parameters: [Parameter]
    /// Of the input's member `body`; `nil` where there is none.
    package var mediaType: String?
    package var secrets: [SecretPlacement]

    enum CodingKeys: String, CodingKey {
        case method, base, path, parameters, secrets
        case mediaType = "media_type"
    }
}

/// An MCP server (2025-06-18), and a tool of it.
package struct MCPBinding: Sendable, Hashable, Codable {
    /// Streamable HTTP; `nil`: `command`.
    package var url: String?
    /// Program and arguments, run in the sandbox and spoken to over stdio.
    package var command: [String]?
    /// Variables of the program, by name; secrets by `environmentSecrets`.
    package var environment: [String: String]
    /// Variable by secret.
    package var environmentSecrets: [String: String]
    package var secrets: [SecretPlacement]
    /// The server's own name of the tool; empty where the server is asked what it has.
    package var tool: String

    package init(
        url: String? = nil, command: [String]? = nil, environment: [String: String] = [:],
        environmentSecrets: [String: String] = [:], secrets: [SecretPlacement] = [], tool: String = ""
    ) {
        self.url = url
        self.command = command
        self.environment = environment
        self.environmentSecrets = environmentSecrets
        self.secrets = secrets
        self.tool = tool
    }

    enum CodingKeys: String, CodingKey {
        case url, command, environment, secrets, tool
        case environmentSecrets = "environment_secrets"
    }

    /// Names of all secrets that it takes.
    package var secretNames: [String] { (secrets.map(\.secret) + environmentSecrets.keys).sorted() }
}

/// A program of the sandbox.
package struct CommandBinding: Sendable, Hashable, Codable {
    package enum Output: String, Sendable, Hashable, Codable, CaseIterable { case json, text }

    package var program: String
    package var arguments: [String]
    /// A template; `nil`: nothing.
    package var stdin: String?
    package var output: Output
    package var environmentSecrets: [String: String]
    package var outputBytes: Int

    enum CodingKeys: String, CodingKey {
        case program, arguments, stdin, output
        case environmentSecrets = "environment_secrets"
        case outputBytes = "output_bytes"
    }
}

/// What a person says of a source's tools beside their origin.
package struct ForeignSettings: Sendable, Hashable {
    /// First part of names.
    package var source: String
    /// Of all tools; `nil`: high.
    package var risk: String?
    /// By a tool's second part of its name: what is known better.
    package var operations: [String: Override]
    /// Names of the secrets that are kept for the source.
    package var secrets: Set<String>

    package struct Override: Sendable, Hashable, Codable {
        package var risk: String?
        package var effect: String?
        package var isHidden: Bool?

        package init(risk: String? = nil, effect: String? = nil, isHidden: Bool? = nil) {
            self.risk = risk
            self.effect = effect
            self.isHidden = isHidden
        }

        enum CodingKeys: String, CodingKey {
            case risk, effect
            case isHidden = "hidden"
        }
    }

    package init(source: String, risk: String? = nil, operations: [String: Override] = [:], secrets: Set<String> = []) {
        self.source = source
        self.risk = risk
        self.operations = operations
        self.secrets = secrets
    }
}

extension ForeignSettings {
    /// As a source's definition says: `{"risk", "operations": {name: {"risk", "effect", "hidden"}}}`.
    package init(source: String, definition: JSONValue, secrets: Set<String>) throws(ForeignFault) {
        do {
            let operations = try definition["operations"]?.decode([String: Override].self) ?? [:]
            self.init(source: source, risk: definition["risk"]?.string, operations: operations, secrets: secrets)
        } catch {
            throw ForeignFault("/operations", "does not fit")
        }
    }
}

/// Why a source gives no tools, at a JSON pointer into what was sent.
package struct ForeignFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let pointer: String
    package let detail: String

    package init(_ pointer: String, _ detail: String) {
        self.pointer = pointer
        self.detail = detail
    }

    package var description: String { "\(pointer) \(detail)" }
}
