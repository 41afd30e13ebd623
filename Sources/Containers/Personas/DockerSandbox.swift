package import DockerEngine
import Glibc

/// Sandboxes as containers of a Docker engine, which only the platform speaks to.
package struct DockerSandbox: PersonaSandbox {
    package let promises: SandboxPromises
    package let usesOwnUsers: Bool
    private let engine: DockerEngine
    private let image: String
    /// Names the containers of this platform's data directory among those of others.
    private let owner: String

    /// Checks that the engine answers and has the image. `owner` is the same at each start over the same data.
    package init(engine: DockerEngine, image: String, owner: String) async throws(SandboxError) {
        self.engine = engine
        self.image = image
        self.owner = owner
        usesOwnUsers = geteuid() == 0
        do throws(DockerError) {
            let version = try await engine.serverVersion()
            guard try await engine.image(image) != nil else {
                throw DockerError(status: 404, "there is no local image \(image); build it from Containers/persona")
            }
            promises = Self.promises(version, usesOwnUsers: geteuid() == 0)
        } catch {
            throw SandboxError(code: "docker_unusable", error.description)
        }
    }

    package func start(_ specification: SandboxSpecification) async throws(SandboxError) -> any RunningSandbox {
        let name = "persona-\(specification.persona)"
        do throws(DockerError) {
            try await engine.remove(name)
            let id = try await engine.create(container(specification), name: name)
            do throws(DockerError) {
                try await engine.start(id)
            } catch {
                try await engine.remove(id)
                throw error
            }
            return Running(engine: engine, id: id)
        } catch {
            throw SandboxError(code: "start_failed", "the persona's container cannot start: \(error)")
        }
    }

    /// Removes containers of this owner: whatever ran in them has lost its platform.
    package func removeLeftOvers() async throws(SandboxError) {
        do throws(DockerError) {
            for id in try await engine.list(label: "persona-platform.owner=\(owner)") { try await engine.remove(id) }
        } catch {
            throw SandboxError(code: "docker_unusable", error.description)
        }
    }

    private func container(_ specification: SandboxSpecification) -> DockerContainer {
        let limits = specification.limits
        var host = DockerContainer.Host(memory: limits.memoryBytes, processes: limits.processes)
        host.binds = [
            "\(specification.directory.workspace):\(SandboxPath.workspace):rw",
            "\(specification.directory.run):\(SandboxPath.run):rw",
        ]
        let options = "rw,nosuid,nodev,size=\(limits.temporaryBytes),mode=1777"
        host.temporary = ["/tmp": options, "/dev/shm": options]
        host.security = ["no-new-privileges", "seccomp=\(SystemCallFilter.dockerProfile())"]
        let user = specification.directory.user
        return DockerContainer(
            image: image,
            command: [
                SandboxPath.program, "tool-worker", "--socket", SandboxPath.workerSocket, "--egress",
                SandboxPath.egressSocket, "--workspace", SandboxPath.workspace,
            ], environment: ["HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8"], user: "\(user):\(user)",
            labels: [
                "persona-platform.owner": owner, "persona-platform.tenant": "\(specification.tenant)",
                "persona-platform.persona": "\(specification.persona)",
            ], host: host)
    }

    private static func promises(_ version: String, usesOwnUsers: Bool) -> SandboxPromises {
        var kept = [
            "no network but the proxy", "own process, mount, IPC and host name spaces", "read-only root",
            "no capabilities", "no new privileges", "system call filter",
            "a memory limit for all processes of a persona together",
            "a limit on the number of processes by control group",
        ]
        var missing = ["a quota for the workspace"]
        let own = "a user id of its own per persona"
        if usesOwnUsers { kept.append(own) } else { missing.append("\(own) (the platform is not root)") }
        return SandboxPromises(implementation: "docker \(version)", kept: kept, missing: missing)
    }

    private struct Running: RunningSandbox {
        let engine: DockerEngine
        let id: String

        func ended() async -> SandboxEnd {
            var words = ""
            do throws(DockerError) {
                let status = try await engine.wait(id)
                let state = try await engine.inspect(id)
                words = try await engine.logs(id, lines: 20)
                try await engine.remove(id)
                if state.ranOutOfMemory { return SandboxEnd(.oom, status: status, lastWords: words) }
                // 128 + the signal's number, as shells say it.
                if status > 128 { return SandboxEnd(.killed, status: status - 128, lastWords: words) }
                return SandboxEnd(.exited, status: status, lastWords: words)
            } catch {
                return SandboxEnd(.killed, status: 0, lastWords: "the engine lost it: \(error) \(words)")
            }
        }

        func kill() {
            // One request; when the engine is away, so is the container, or it is reconciled at the next start.
            Task { try? await engine.kill(id) }
        }

    }
}
