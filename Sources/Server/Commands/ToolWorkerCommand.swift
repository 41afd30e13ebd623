package import ArgumentParser
import BrowserTool
import CDP
import Glibc
import ToolHost

/// The platform's own program inside a sandbox: connects to the platform and runs tools for it.
package struct ToolWorkerCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "tool-worker", abstract: "Serve tool calls inside a persona's sandbox.", shouldDisplay: false)

    @Option(help: "The platform's Unix socket.") package var socket: String
    @Option(help: "The way out: the egress proxy's Unix socket.") package var egress: String?
    @Option(help: "The persona's workspace.") package var workspace: String

    package init() {}

    package func run() async throws {
        let browser = SharedBrowser(options: LaunchOptions(withoutSandbox: geteuid() == 0))
        try await ToolHost.run(
            socketPath: socket, egressPath: egress, workspace: workspace,
            registry: PersonaTools.registry(browser: browser))
    }
}
