package import Domain

/// A way to keep a persona's tools apart from everything else. Two implementations, bubblewrap and Docker (with the
/// machine's kernel or gVisor's), pass one conformance suite.
package protocol PersonaSandbox: Sendable {
    /// What is kept, and what this machine cannot keep.
    var guarantees: SandboxGuarantees { get }

    /// Whether each persona's processes run as a user id of its own, which then owns the workspace.
    var usesOwnUsers: Bool { get }

    /// Starts the persona's worker. It connects to the socket in `specification.directory` by itself.
    func start(_ specification: SandboxSpecification) async throws(SandboxError) -> any RunningSandbox

    /// Removes what a platform that died left behind, or what an engine that was away has kept: everything of this
    /// platform but the sandboxes of `personas`.
    func removeLeftOvers(keeping personas: Set<PersonaID>) async throws(SandboxError)
}

/// A started sandbox.
package protocol RunningSandbox: Sendable {
    /// Waits until nothing of it runs any more, and clears up behind it. Called once.
    func ended() async -> SandboxEnd

    /// Ends all its processes with SIGKILL, also while they stand still; `ended` follows.
    func kill()

    /// Makes all its processes stand still, with what they hold; `false` where that cannot be had.
    func pause() async -> Bool

    /// Lets them go on; without effect on those that do.
    func resume() async

    /// A moment of its life, for `memoryKills`.
    var moment: Int { get }

    /// Processes that were killed for memory since `moment`.
    func memoryKills(since moment: Int) async -> Int
}

/// How a sandbox ended.
package struct SandboxEnd: Sendable, Hashable {
    package enum Reason: String, Sendable, Hashable { case exited, killed, oom }

    package var reason: Reason
    /// Exit status, or the signal's number where it was killed.
    package var status: Int
    /// The end of what its processes wrote to standard output and error, for the operator's log.
    package var lastWords: String

    package init(_ reason: Reason, status: Int, lastWords: String) {
        self.reason = reason
        self.status = status
        self.lastWords = lastWords
    }
}

/// One persona's sandbox, as it is to be started.
package struct SandboxSpecification: Sendable {
    package var tenant: TenantID
    package var persona: PersonaID
    package var directory: PersonaDirectory
    package var limits: SandboxLimits

    package init(tenant: TenantID, persona: PersonaID, directory: PersonaDirectory, limits: SandboxLimits) {
        self.tenant = tenant
        self.persona = persona
        self.directory = directory
        self.limits = limits
    }
}

/// Bounds of one persona's processes together.
package struct SandboxLimits: Sendable, Hashable {
    /// Enough for Chromium with a few pages (406 MB measured) and an office job beside it.
    package var memoryBytes = 1536 * 1024 * 1024
    /// Threads count as well: Chromium alone has some 200.
    package var processes = 1024
    package var openFiles = 4096
    /// The largest single file.
    package var fileBytes = 1024 * 1024 * 1024
    /// Size of the memory-backed /tmp and /dev/shm, each.
    package var temporaryBytes = 512 * 1024 * 1024
    /// Processors' worth of time.
    package var processors = 2.0
    /// All files of the workspace together, as they lie on the disk.
    package var workspaceBytes = 4 * 1024 * 1024 * 1024
    /// Files and folders of the workspace: they take inodes however small they are.
    package var workspaceEntries = 200_000

    /// A persona's share of busy processors beside the platform's, in shares of 1024 (version 1) and weight of 100.
    static let shares = 256
    static let weight = 25

    package init() {}
}

/// The program that serves calls inside: this platform's own executable.
package struct PersonaProgram: Sendable, Hashable {
    /// Absolute path on the host.
    package var executable: String
    /// Before `--socket … --egress … --workspace …`.
    package var arguments: [String]
    /// Further directories that it needs, shown read-only at the same path: a toolchain's run-time libraries.
    package var libraries: [String]

    package init(executable: String, arguments: [String] = ["tool-worker"], libraries: [String] = []) {
        self.executable = executable
        self.arguments = arguments
        self.libraries = libraries
    }
}

/// Where things are inside, the same for each implementation.
package enum SandboxPath {
    package static let program = "/persona/persona"
    package static let workspace = "/workspace"
    package static let run = "/run/persona"
    package static let workerSocket = "/run/persona/worker.sock"
    package static let egressSocket = "/run/persona/egress.sock"
}
