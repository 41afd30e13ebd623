package import Domain
package import FoundationEssentials
package import ToolKit

/// Says, at the moment when a call begins, whether it may and how it is made.
package protocol CallGate: Sendable {
    /// Throws `ToolFailure` where the call may not be made at all.
    func admit(_ job: WorkerJob) async throws(ToolFailure) -> CallAdmission
    /// The server of a tenant's own tool said that it has other tools now.
    func toolsChanged(_ job: WorkerJob) async
}

package enum CallAdmission: Sendable {
    case granted(AdmittedTool)
    /// Not before then; nothing is charged. The reason is for people.
    case later(Date, reason: String)
}

/// A tool as it is called in the sandbox.
package struct AdmittedTool: Sendable {
    package var descriptor: ToolDescriptor
    /// A tenant's own tool: which of the sandbox's tools calls it, and what that one is told beside the input.
    package var foreign: (tool: String, binding: JSONValue)?
    /// By name, beside those of the persona's resources.
    package var secrets: [String: Secret]

    package init(
        descriptor: ToolDescriptor, foreign: (tool: String, binding: JSONValue)? = nil, secrets: [String: Secret] = [:]
    ) {
        self.descriptor = descriptor
        self.foreign = foreign
        self.secrets = secrets
    }

    /// The name under which the sandbox knows what is called.
    var name: String { foreign?.tool ?? descriptor.name }

    /// The input as that tool takes it.
    func wrapped(_ input: JSONValue) -> JSONValue {
        foreign.map { ["binding": $0.binding, "input": input] } ?? input
    }

    /// The tool's own output, and whether its server has other tools now.
    func unwrapped(_ output: JSONValue) -> (output: JSONValue, toolsChanged: Bool) {
        guard foreign != nil else { return (output, false) }
        return (output["output"] ?? .null, output["tools_changed"] == .bool(true))
    }
}

/// Lets every tool that there is be called: for workers without a store.
package struct OpenGate: CallGate {
    private let tools: @Sendable (String) -> ToolDescriptor?

    package init(_ tools: @escaping @Sendable (String) -> ToolDescriptor?) { self.tools = tools }

    package func admit(_ job: WorkerJob) async throws(ToolFailure) -> CallAdmission {
        guard let descriptor = tools(job.tool) else { throw ToolFailure.unknownTool(job.tool) }
        return .granted(AdmittedTool(descriptor: descriptor))
    }

    package func toolsChanged(_ job: WorkerJob) async {}
}

extension ToolFailure {
    package static func unknownTool(_ name: String) -> ToolFailure {
        ToolFailure(.permanent, code: "tool_unknown", "There is no tool named '\(name)'.")
    }
}
