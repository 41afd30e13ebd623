package import DockerEngine
package import Domain
import Glibc
import Synchronization

/// Sandboxes as containers of a Docker engine, which only the platform speaks to.
package struct DockerSandbox: PersonaSandbox {
    /// gVisor's name among an engine's runtimes.
    package static let gVisor = "runsc"

    package let guarantees: SandboxGuarantees
    package let usesOwnUsers: Bool
    private let engine: DockerEngine
    private let image: String
    private let runtime: String?
    /// Names the containers of this platform's data directory among those of others.
    private let owner: String

    /// Checks that the engine answers and has the image and, where one is named, the runtime. `owner` is the same at each
    /// start over the same data.
    package init(
        engine: DockerEngine, image: String, runtime: String? = nil, owner: String
    ) async throws(SandboxError) {
        self.engine = engine
        self.image = image
        self.runtime = runtime
        self.owner = owner
        usesOwnUsers = geteuid() == 0
        do throws(DockerError) {
            let version = try await engine.serverVersion()
            guard try await engine.image(image) != nil else {
                throw DockerError(status: 404, "there is no local image \(image); build it from Containers/persona")
            }
            if let runtime, try await !engine.runtimes().contains(runtime) {
                throw DockerError(status: 404, "the engine has no runtime '\(runtime)'; add it to its daemon.json")
            }
            guarantees = Self.guarantees(version, runtime, usesOwnUsers: geteuid() == 0)
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
            return Running(engine: engine, id: id, hasOwnKernel: runtime == Self.gVisor)
        } catch {
            throw SandboxError(code: "start_failed", "the persona's container cannot start: \(error)")
        }
    }

    /// Whatever runs in them has lost its platform.
    package func removeLeftOvers(keeping personas: Set<PersonaID>) async throws(SandboxError) {
        do throws(DockerError) {
            for entry in try await engine.list(label: "persona-platform.owner=\(owner)") {
                let persona = entry.labels["persona-platform.persona"].flatMap { PersonaID($0) }
                if let persona, personas.contains(persona) { continue }
                try await engine.remove(entry.id)
            }
        } catch {
            throw SandboxError(code: "docker_unusable", error.description)
        }
    }

    private func container(_ specification: SandboxSpecification) -> DockerContainer {
        let limits = specification.limits
        var host = DockerContainer.Host(memory: limits.memoryBytes, processes: limits.processes)
        host.processors = limits.processors
        host.shares = SandboxLimits.shares
        host.runtime = runtime
        host.limits = ["nofile": limits.openFiles, "fsize": limits.fileBytes, "core": 0]
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
            command: ["/bin/sh", "-c", Self.watching, "sh"] + [
                SandboxPath.program, "tool-worker", "--socket", SandboxPath.workerSocket, "--egress",
                SandboxPath.egressSocket, "--workspace", SandboxPath.workspace,
            ], environment: ["HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8"], user: "\(user):\(user)",
            labels: [
                "persona-platform.owner": owner, "persona-platform.tenant": "\(specification.tenant)",
                "persona-platform.persona": "\(specification.persona)",
            ], host: host)
    }

    /// Statuses of the shell that watches over the worker: what the engine says of memory may come late or never.
    private static let ownStatus = (killed: 98, outOfMemory: 99)

    /// Runs the worker and, where it was killed, asks the container's own control group (version 1 or 2) whether for
    /// memory. The shell is too small to be killed first.
    private static let watching = """
        "$@"; status=$?
        [ $status = 137 ] || exit $status
        for file in /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events; do
          [ -r $file ] && while read -r name count; do
            [ "$name" = oom_kill ] && [ "$count" -gt 0 ] && exit \(ownStatus.outOfMemory)
          done <$file
        done
        exit \(ownStatus.killed)
        """

    private static func guarantees(
        _ version: String, _ runtime: String?, usesOwnUsers: Bool
    ) -> SandboxGuarantees {
        var all = SandboxGuarantees("docker \(version)" + (runtime.map { " with \($0)" } ?? ""))
        all.keep(
            .ownNetwork, .ownProcesses, .readOnlyRoot, .noPrivileges, .systemCallFilter, .memoryLimit, .processLimit,
            .processorLimit, .pause)
        all.set(.ownUser, usesOwnUsers, elseBecause: "the platform is not root")
        let reason = "tools speak to the machine's kernel through the filter"
        all.set(.ownKernel, runtime == gVisor, elseBecause: reason)
        all.keepWorkspaceByWatching()
        return all
    }

    private final class Running: RunningSandbox {
        private let engine: DockerEngine
        private let id: String
        private let hasOwnKernel: Bool
        /// By us.
        private let isKilled = Mutex(false)

        init(engine: DockerEngine, id: String, hasOwnKernel: Bool) {
            self.engine = engine
            self.id = id
            self.hasOwnKernel = hasOwnKernel
        }

        /// An engine that is away is asked again for so long: whatever restarts it has done so by then.
        static let patience = Duration.seconds(120)
        static let pause = Duration.milliseconds(500)

        func ended() async -> SandboxEnd {
            let limit = ContinuousClock.now + Self.patience
            while true {
                do throws(DockerError) {
                    return try await collect()
                } catch {
                    if error.status == 404 || ContinuousClock.now >= limit {
                        return SandboxEnd(.killed, status: 0, lastWords: "the engine lost it: \(error)")
                    }
                    try? await Task.sleep(for: Self.pause)  // never cancelled: nobody holds this task
                }
            }
        }

        private func collect() async throws(DockerError) -> SandboxEnd {
            let status = try await engine.wait(id)
            let ranOutOfMemory = try await ranOutOfMemory(status)
            let words = try await engine.logs(id, lines: 20)
            try await engine.remove(id)
            if ranOutOfMemory { return SandboxEnd(.oom, status: Int(SIGKILL), lastWords: words) }
            if status == DockerSandbox.ownStatus.killed {
                return SandboxEnd(.killed, status: Int(SIGKILL), lastWords: words)
            }
            // 128 + the signal's number, as shells say it.
            if status > 128 { return SandboxEnd(.killed, status: status - 128, lastWords: words) }
            return SandboxEnd(.exited, status: status, lastWords: words)
        }

        /// How long news of the kernel's killing may lag behind the container's end, and how often it is asked for.
        private static let lag = (times: 20, pause: Duration.milliseconds(100))

        /// The engine hears of both by different ways, on a busy machine in any order. gVisor's kernel is one process to the
        /// machine's, which is killed as a whole: where nobody has asked the engine for that, it was for memory.
        private func ranOutOfMemory(_ status: Int) async throws(DockerError) -> Bool {
            if status == DockerSandbox.ownStatus.outOfMemory { return true }
            if try await engine.inspect(id).ranOutOfMemory { return true }
            guard status == 128 + Int(SIGKILL), !isKilled.withLock({ $0 }) else { return false }
            for _ in 0..<Self.lag.times {
                if try await engine.remembers("oom", of: id) { return true }
                if try await engine.remembers("kill", of: id) { return false }
                try? await Task.sleep(for: Self.lag.pause)  // never cancelled: nobody holds this task
            }
            return hasOwnKernel
        }

        func kill() {
            isKilled.withLock { $0 = true }
            // One request; when the engine is away, so is the container, or it is reconciled later.
            Task { [engine, id] in try? await engine.kill(id) }
        }

        /// The freezer of version 1 gives up on processes that begin others all the time; at another time it does not.
        private static let pauses = 3

        func pause() async -> Bool {
            for _ in 0..<Self.pauses {
                do {
                    try await engine.pause(id)
                    return true
                } catch {
                    continue
                }
            }
            return false
        }

        // What does not go on fails its next call, which then starts another.
        func resume() async { try? await engine.resume(id) }

        /// The worker inside sees them in its own group, and names the call that met one.
        var moment: Int { 0 }
        func memoryKills(since moment: Int) async -> Int { 0 }
    }
}
