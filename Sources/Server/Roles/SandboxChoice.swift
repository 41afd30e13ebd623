import DockerEngine
import FoundationEssentials
import Logging
package import PersonaContainers
import Sockets

/// Which sandbox personas get: as configured, else Docker where an engine answers and has the image, else bubblewrap.
package enum SandboxChoice {
    /// Built from Containers/persona.
    package static let image = "persona-platform/persona:latest"

    static func sandbox(
        _ configured: Configuration.Sandbox?, program: PersonaProgram, data: String, on loop: PollLoop, logger: Logger
    ) async throws -> any PersonaSandbox {
        if configured != .bubblewrap {
            do {
                let socket = try engineSocket(ProcessInfo.processInfo.environment["DOCKER_HOST"])
                return try await DockerSandbox(engine: DockerEngine(socketPath: socket), image: image, owner: data)
            } catch {
                if configured == .docker { throw error }
                logger.info("personas run under bubblewrap", metadata: ["reason": "\(error)"])
            }
        }
        return try await Bubblewrap(program: program, data: data, on: loop)
    }

    /// The engine's socket: that of `DOCKER_HOST`, which Docker's own programs read, where it is set. An engine behind a
    /// network cannot mount workspaces of this machine.
    package static func engineSocket(_ host: String?) throws(SandboxError) -> String {
        guard let host, !host.isEmpty else { return "/var/run/docker.sock" }
        let scheme = "unix://"
        guard host.hasPrefix(scheme + "/") else {
            throw SandboxError(code: "docker_unusable", "DOCKER_HOST must be unix:///path and not '\(host)'")
        }
        return String(host.dropFirst(scheme.count))
    }
}
