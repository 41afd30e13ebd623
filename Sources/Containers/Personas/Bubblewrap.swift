import Domain
import FoundationEssentials
import Glibc
package import Sockets

/// Sandboxes by bubblewrap: namespaces, a read-only root made of the host's /usr, a system call filter, and limits
/// by rlimits and, where they can be written, control groups.
package struct Bubblewrap: PersonaSandbox {
    package let promises: SandboxPromises
    private let program: PersonaProgram
    private let loop: PollLoop
    private let groups: ControlGroups
    private let data: String
    package let usesOwnUsers: Bool

    /// Tries what this machine allows by starting `/usr/bin/true` in a sandbox; throws when nothing works.
    ///
    /// `loop` must run as long as the platform does.
    package init(program: PersonaProgram, data: String, on loop: PollLoop) async throws(SandboxError) {
        self.program = program
        self.loop = loop
        self.data = data
        SandboxLeftOvers.end(data: data)
        groups = ControlGroups(data: data)
        var isSeparate = geteuid() == 0
        var attempt = try await Self.attempt(isSeparate, data, program, loop)
        if let first = attempt, isSeparate {
            isSeparate = false
            attempt = try await Self.attempt(false, data, program, loop).map { "\(first); \($0)" }
        }
        if let attempt {
            throw SandboxError(
                code: "bubblewrap_unusable",
                "bubblewrap cannot make a sandbox here (\(attempt)). Install the package bubblewrap and allow user namespaces."
            )
        }
        usesOwnUsers = isSeparate
        promises = Self.promises(isSeparate: isSeparate, groups: groups)
    }

    package func start(_ specification: SandboxSpecification) async throws(SandboxError) -> any RunningSandbox {
        let group = groups.make("\(specification.persona)", limits: specification.limits)
        let command = BubblewrapCommand(
            identity: usesOwnUsers ? .separate(specification.directory.user) : .namespace,
            directory: specification.directory, program: program, limits: specification.limits,
            groups: group.directories)
        let child = try await ChildProcess.start(
            command.arguments(), input: SystemCallFilter.program(), on: loop)
        return Running(child: child, group: group)
    }

    /// Nearly all processes die with their parent by themselves; then what stays is empty control groups.
    package func removeLeftOvers() async throws(SandboxError) {
        SandboxLeftOvers.end(data: data)
        groups.removeLeftOvers()
    }

    /// `nil` when it worked, else the reason.
    private static func attempt(
        _ isSeparate: Bool, _ data: String, _ program: PersonaProgram, _ loop: PollLoop
    ) async throws(SandboxError) -> String? {
        let trial: PersonaDirectory
        do throws(SandboxError) {
            trial = try PersonaDirectory.prepare(data: data, tenant: .new(), persona: .new(), ownUser: isSeparate)
        } catch {
            guard isSeparate else { throw error }
            return error.message
        }
        defer { remove(trial) }
        let command = BubblewrapCommand(
            identity: isSeparate ? .separate(trial.user) : .namespace, directory: trial, program: program,
            limits: SandboxLimits())
        let arguments = command.arguments(running: ["/usr/bin/true"])
        let child = try await ChildProcess.start(arguments, input: SystemCallFilter.program(), on: loop)
        let end = await child.ended()
        guard end.status != 0 else { return nil }
        let words = String(decoding: end.output.suffix(300), as: UTF8.self).split(separator: "\n").joined(
            separator: " ")
        return "status \(end.status >> 8): \(words)"
    }

    private static func remove(_ directory: PersonaDirectory) {
        let tenant = URL(filePath: directory.path).deletingLastPathComponent()
        try? FileManager.default.removeItem(at: tenant)  // an empty left-over does no harm
    }

    private static func promises(isSeparate: Bool, groups: ControlGroups) -> SandboxPromises {
        var kept = [
            "own network namespace without a way out but the proxy", "own process, mount, IPC and host name spaces",
            "read-only root", "no capabilities", "no new privileges", "system call filter", "limits per process",
        ]
        var missing: [String] = ["a quota for the workspace (limits hold per file)", "a limit on processor time"]
        if isSeparate {
            kept.append("a user id of its own per persona")
        } else {
            missing.append("a user id of its own per persona (the platform is not root)")
        }
        let memory = "a memory limit for all processes of a persona together"
        if groups.memory != nil { kept.append(memory) } else { missing.append("\(memory) (no writable control group)") }
        let processes = "a limit on the number of processes by control group"
        if groups.pids != nil { kept.append(processes) } else { missing.append("\(processes) (rlimit alone)") }
        return SandboxPromises(implementation: "bubblewrap", kept: kept, missing: missing)
    }

    private struct Running: RunningSandbox {
        let child: ChildProcess
        let group: ControlGroups.Group

        func ended() async -> SandboxEnd {
            let end = await child.ended()
            let words = String(decoding: end.output.suffix(ChildProcess.keptBytes), as: UTF8.self)
            let isOutOfMemory = group.ranOutOfMemory
            await group.remove()
            let signal = Int(end.status & 0x7F)
            if isOutOfMemory { return SandboxEnd(.oom, status: signal, lastWords: words) }
            if signal != 0 { return SandboxEnd(.killed, status: signal, lastWords: words) }
            return SandboxEnd(.exited, status: Int(end.status >> 8 & 0xFF), lastWords: words)
        }

        func kill() { child.kill() }
    }
}
