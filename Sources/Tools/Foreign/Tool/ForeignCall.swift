package import Domain
package import ForeignContracts
import HTTPClient
package import ToolKit

/// `foreign.call`: calls a tenant's own tool. The platform alone says how: no graph can name this tool.
package struct ForeignCall: Tool {
    package struct Input: Codable, Sendable {
        package var binding: ForeignBinding
        package var input: JSONValue

        package init(binding: ForeignBinding, input: JSONValue) {
            self.binding = binding
            self.input = input
        }
    }

    package struct Output: Codable, Sendable {
        package var output: JSONValue
        /// The server said that it has other tools now.
        package var toolsChanged: Bool

        enum CodingKeys: String, CodingKey {
            case output
            case toolsChanged = "tools_changed"
        }
    }

    package static let descriptor = ToolDescriptor(
        name: "foreign.call", summary: "Calls a tool of a tenant's own source.", effect: .nonIdempotent,
        usesNetwork: true, timeoutSeconds: 600, isInternal: true)

    private let client: ForeignHTTP

    package init() { client = ForeignHTTP() }

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        // Whatever fails from here on may have happened: only what the far end surely refused is told apart.
        if !input.binding.isRead { try await context.mark(.transmitting) }
        do {
            if let operation = input.binding.openapi {
                return Output(
                    output: try await client.call(operation, input.input, isRead: input.binding.isRead, in: context),
                    toolsChanged: false)
            }
            if let server = input.binding.mcp {
                return try await MCPSession.with(server, client, context) { session in
                    let answer = try await session.call(server.tool, input.input)
                    return Output(output: answer, toolsChanged: session.toolsChanged)
                }
            }
            if let command = input.binding.command {
                return Output(output: try await Self.run(command, input.input, in: context), toolsChanged: false)
            }
        } catch let failure as ToolFailure {
            throw failure.told(isRead: input.binding.isRead)
        }
        throw ToolFailure(.permanent, code: "binding_invalid", "This tool's source has to be registered anew.")
    }
}

/// `foreign.list`: asks an MCP server which tools it has.
package struct ForeignList: Tool {
    package struct Input: Codable, Sendable {
        package var binding: MCPBinding

        package init(binding: MCPBinding) { self.binding = binding }
    }

    package struct Output: Codable, Sendable {
        package var tools: [JSONValue]
    }

    package static let descriptor = ToolDescriptor(
        name: "foreign.list", summary: "Lists the tools of a tenant's own source.", effect: .read, usesNetwork: true,
        timeoutSeconds: 60, isInternal: true)

    package init() {}

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        try await MCPSession.with(input.binding, ForeignHTTP(), context) { session in
            Output(tools: try await session.tools(limit: MCPSource.mostTools))
        }
    }
}

extension ToolFailure {
    /// Codes of what the far end refused, or of what never reached it: nothing happened.
    private static let certain: Set<String> = [
        "http_refused", "rate_limited_there", "mcp_refused", "mcp_tool_error", "program_missing", "argument_refused",
        "egress_refused", "input_invalid", "program_failed", "not_reached", "output_invalid",
    ]

    /// A call that may have had an effect and whose answer did not come is not repeated.
    fileprivate func told(isRead: Bool) -> ToolFailure {
        guard !isRead, !Self.certain.contains(code), kind != .unknownOutcome else { return self }
        return ToolFailure(
            .unknownOutcome, code: code, "\(message) Whether it took effect is not known; it is not repeated.")
    }
}
