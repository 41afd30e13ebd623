import DockerEngine
import Domain
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
                return try await DockerSandbox(
                    engine: DockerEngine(socketPath: socket), image: image,
                    runtime: configured == .gVisor ? DockerSandbox.gVisor : nil, owner: data)
            } catch {
                if configured != nil { throw error }
                logger.info("personas run under bubblewrap", metadata: ["reason": "\(error)"])
            }
        }
        return try await Bubblewrap(program: program, data: data, on: loop)
    }

    /// What the sandbox of `configuration` guarantees on this machine, tried in a folder of its own, so that no sandbox of
    /// a platform that runs is touched.
    static func guarantees(_ configuration: Configuration) async throws -> SandboxGuarantees {
        let data = "/tmp/persona-guarantees-\(PersonaID.new())"
        defer { try? FileManager.default.removeItem(atPath: data) }  // a left-over in /tmp does no harm
        let loop = try PollLoop(name: "guarantees")
        defer { loop.stop() }
        let program = PersonaProgram(executable: "/usr/bin/true", libraries: [])
        return try await sandbox(
            configuration.sandbox, program: program, data: data, on: loop, logger: Logger(label: "persona")
        ).guarantees
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
