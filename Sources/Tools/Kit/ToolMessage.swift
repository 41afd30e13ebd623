package import Domain

/// Platform to sandbox. Each frame is a 4-byte big-endian length and that many bytes of JSON.
package enum PlatformMessage: Sendable, Hashable, Codable {
    case call(ToolCall)
    case marked(call: UInt64, accepted: Bool)
    case cancel(call: UInt64)
}

/// Sandbox to platform, framed the same way.
package enum SandboxMessage: Sendable, Hashable, Codable {
    case ready(tools: [ToolDescriptor])
    case mark(call: UInt64, phase: EffectPhase)
    case progress(call: UInt64, message: String, fraction: Double?)
    case result(call: UInt64, output: JSONValue, artifacts: [WorkspaceFile])
    case failure(call: UInt64, failure: ToolFailure)
}

/// One call as it crosses into the sandbox.
package struct ToolCall: Sendable, Hashable, Codable {
    /// Unique on this connection.
    package var call: UInt64
    package var tool: String
    package var input: JSONValue
    /// Directory of the run, relative to the persona's workspace.
    package var directory: String
    package var effectKey: String
    package var attempt: Int
    package var timeoutSeconds: Int
    /// Plain text: this frame never leaves the sandbox's socket and is never logged.
    package var secrets: [String: String]

    package init(
        call: UInt64, tool: String, input: JSONValue, directory: String, effectKey: String, attempt: Int,
        timeoutSeconds: Int, secrets: [String: String]
    ) {
        self.call = call
        self.tool = tool
        self.input = input
        self.directory = directory
        self.effectKey = effectKey
        self.attempt = attempt
        self.timeoutSeconds = timeoutSeconds
        self.secrets = secrets
    }
}

/// Bounds of the sandbox's socket.
package enum ToolFrame {
    /// Larger payloads travel as files in the workspace, not as JSON.
    package static let maximumBytes = 16 * 1024 * 1024
}
