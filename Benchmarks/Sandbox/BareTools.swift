import Glibc
import ToolHost
import ToolKit

/// A tool that does nothing but answer, so that what is measured is the way to it.
struct BareTool: Tool {
    struct Message: Codable, Sendable { var text: String }
    static let descriptor = ToolDescriptor(name: "bench.echo", summary: "Says it again.", effect: .read)

    func call(_ input: Message, in context: ToolContext) async throws -> Message { input }
}

enum BareTools {
    static let registry = ToolRegistry([BareTool()])

    /// As `persona tool-worker`: `--socket … --egress … --workspace …`.
    static func serve(_ words: [String]) async throws {
        var options: [String: String] = [:]
        var rest = words.dropFirst(2)
        while let name = rest.popFirst(), let value = rest.popFirst() { options[name] = value }
        guard let socket = options["--socket"], let workspace = options["--workspace"] else { exit(64) }
        try await ToolHost.run(
            socketPath: socket, egressPath: options["--egress"], workspace: workspace, registry: registry)
    }
}
