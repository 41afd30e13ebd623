package import Domain
import JSONSchema
import ToolKit

/// Tools out of what an MCP server lists (2025-06-18, `tools/list`).
package enum MCPSource {
    package static let mostTools = 500

    /// The server of a source's definition: `{"url"}` or `{"command", "environment"}`, with where its secrets go.
    package static func server(_ definition: JSONValue, secrets: Set<String>) throws(ForeignFault) -> MCPBinding {
        let url = definition["url"]?.string
        let command = definition["command"]?.array?.compactMap(\.string)
        guard (url == nil) != (command == nil) else {
            throw ForeignFault("/url", "or command is required, one of them")
        }
        if let url, !url.hasPrefix("https://"), !url.hasPrefix("http://") {
            throw ForeignFault("/url", "must be an http or https URL")
        }
        if let command, command.first?.hasPrefix("/") != true {
            throw ForeignFault("/command/0", "must be an absolute path in the sandbox")
        }
        var placements: [SecretPlacement] = []
        for (index, header) in (definition["secret_headers"]?.array ?? []).enumerated() {
            guard let name = header["name"]?.string, let secret = header["secret"]?.string, secrets.contains(secret)
            else {
                throw ForeignFault("/secret_headers/\(index)", "names a header and a secret that is given")
            }
            placements.append(
                SecretPlacement(
                    secret: secret, location: .header, name: name, prefix: header["prefix"]?.string ?? ""))
        }
        let variables = (definition["environment_secrets"]?.object ?? [:]).compactMapValues(\.string)
        if let missing = variables.keys.sorted().first(where: { !secrets.contains($0) }) {
            throw ForeignFault("/environment_secrets/\(missing)", "is not among the secrets")
        }
        return MCPBinding(
            url: url, command: command,
            environment: (definition["environment"]?.object ?? [:]).compactMapValues(\.string),
            environmentSecrets: variables, secrets: placements)
    }

    /// A server's own hints (`readOnlyHint`) count only where a person says that the server is to be believed.
    package static func tools(
        _ listed: [JSONValue], server: MCPBinding, settings: ForeignSettings, believesHints: Bool
    ) -> [ForeignTool] {
        var taken: Set<String> = []
        return listed.prefix(mostTools).compactMap { tool -> ForeignTool? in
            guard let name = tool["name"]?.string, !name.isEmpty, name.utf8.count <= 200 else { return nil }
            var binding = server
            binding.tool = name
            let isRead = believesHints && tool["annotations"]?["readOnlyHint"] == .bool(true)
            let words = [tool["title"]?.string, tool["description"]?.string].compactMap { $0 }
            return ForeignTool.make(
                settings, operation: ForeignTool.named(ForeignTool.operation(name), among: &taken),
                summary: words.isEmpty ? name : words.joined(separator: ": "),
                input: tool["inputSchema"] ?? ["type": "object"],
                output: [
                    "type": "object",
                    "properties": [
                        "text": ["type": "string"], "structured": tool["outputSchema"] ?? [:],
                        "content": ["type": "array"],
                    ],
                ], binding: ForeignBinding(mcp: binding, isRead: isRead), isRead: isRead,
                access: server.command == nil ? (isRead ? .read : .write) : .execute, secrets: server.secretNames,
                timeoutSeconds: 120, usesNetwork: server.url != nil)
        }
    }
}
