package import Domain
import FoundationEssentials
import Glibc
package import Sockets

/// Sandboxes by bubblewrap: namespaces, a read-only root made of the host's /usr, a system call filter, and limits
/// by rlimits and, where they can be written, control groups.
package struct Bubblewrap: PersonaSandbox {
    package let guarantees: SandboxGuarantees
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
        guarantees = Self.guarantees(isSeparate: isSeparate, groups: groups)
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
    package func removeLeftOvers(keeping personas: Set<PersonaID>) async throws(SandboxError) {
        guard personas.isEmpty else { return }
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

    private static func guarantees(isSeparate: Bool, groups: ControlGroups) -> SandboxGuarantees {
        var all = SandboxGuarantees("bubblewrap")
        all.keep(.ownNetwork, .ownProcesses, .readOnlyRoot, .noPrivileges, .systemCallFilter)
        all.set(.ownUser, isSeparate, elseBecause: "the platform is not root")
        all.miss(.ownKernel, because: "tools speak to the machine's kernel through the filter")
        let reason = "no control group can be written here"
        all.set(.memoryLimit, groups.limits(.memory), elseBecause: reason)
        if groups.limits(.pids) {
            all.keep(.processLimit)
        } else {
            all.keep(.processLimit, by: "by rlimit alone: \(reason)")
        }
        all.set(.processorLimit, groups.limits(.cpu), elseBecause: reason)
        all.set(.pause, groups.limits(.freezer), elseBecause: reason)
        all.keepWorkspaceByWatching()
        return all
    }

    private struct Running: RunningSandbox {
        let child: ChildProcess
        let group: ControlGroups.Group

        func ended() async -> SandboxEnd {
            let end = await child.ended()
            let words = String(decoding: end.output.suffix(ChildProcess.keptBytes), as: UTF8.self)
            let isOutOfMemory = group.memoryKills > 0
            await group.remove()
            let signal = Int(end.status & 0x7F)
            if isOutOfMemory { return SandboxEnd(.oom, status: signal, lastWords: words) }
            if signal != 0 { return SandboxEnd(.killed, status: signal, lastWords: words) }
            return SandboxEnd(.exited, status: Int(end.status >> 8 & 0xFF), lastWords: words)
        }

        func kill() {
            child.kill()
            // What stands still hears of its end only when it goes on.
            group.freeze(false)
        }

        func pause() async -> Bool { group.freeze(true) }
        func resume() async { group.freeze(false) }
        var moment: Int { group.memoryKills }
        func memoryKills(since moment: Int) async -> Int { group.memoryKills - moment }
    }
}
