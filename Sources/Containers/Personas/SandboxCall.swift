package import Domain
package import Egress
package import ToolKit

/// One tool call for a persona.
package struct SandboxCall: Sendable {
    package var tenant: TenantID
    package var persona: PersonaID
    package var run: RunID
    package var tool: String
    package var input: JSONValue
    package var effectKey: String
    package var attempt: Int
    package var timeoutSeconds: Int
    /// Those that the tool declares and no other; they exist in the call's frame alone.
    package var secrets: [String: Secret]
    /// Where this persona may go. The newest call's policy counts for the whole sandbox.
    package var egress: EgressPolicy

    package init(
        tenant: TenantID, persona: PersonaID, run: RunID, tool: String, input: JSONValue, effectKey: String,
        attempt: Int = 1, timeoutSeconds: Int = 60, secrets: [String: Secret] = [:],
        egress: EgressPolicy = EgressPolicy()
    ) {
        self.tenant = tenant
        self.persona = persona
        self.run = run
        self.tool = tool
        self.input = input
        self.effectKey = effectKey
        self.attempt = attempt
        self.timeoutSeconds = timeoutSeconds
        self.secrets = secrets
        self.egress = egress
    }

    /// Relative to the persona's workspace.
    var directory: String { "runs/\(run)" }
}

/// What a call gave.
package struct SandboxResult: Sendable {
    package var output: JSONValue
    /// Published files, relative to `root`; open them through it alone.
    package var artifacts: [WorkspaceFile]
    package var root: WorkspaceRoot

    package init(output: JSONValue, artifacts: [WorkspaceFile], root: WorkspaceRoot) {
        self.output = output
        self.artifacts = artifacts
        self.root = root
    }
}

/// Progress that a tool reports; may be dropped when there is too much of it.
package typealias SandboxProgress = @Sendable (_ message: String, _ fraction: Double?) -> Void
