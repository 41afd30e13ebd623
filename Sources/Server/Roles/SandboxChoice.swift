import DockerEngine
import Logging
import PersonaContainers
import Sockets

/// Which sandbox personas get: as configured, else Docker where an engine answers and has the image, else bubblewrap.
enum SandboxChoice {
    /// Built from Containers/persona.
    static let image = "persona-platform/persona:latest"

    static func sandbox(
        _ configured: Configuration.Sandbox?, program: PersonaProgram, data: String, on loop: PollLoop, logger: Logger
    ) async throws -> any PersonaSandbox {
        if configured != .bubblewrap {
            do {
                return try await DockerSandbox(engine: DockerEngine(), image: image, owner: data)
            } catch {
                if configured == .docker { throw error }
                logger.info("personas run under bubblewrap", metadata: ["reason": "\(error)"])
            }
        }
        return try await Bubblewrap(program: program, data: data, on: loop)
    }
}
