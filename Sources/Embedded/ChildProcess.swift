import FoundationEssentials
import Glibc
import Synchronization

/// A program that the platform runs: in a session of its own (a Ctrl-C at the terminal reaches the platform, which then
/// stops it in order), with its own log, without the platform's descriptors, signals and environment.
/// It outlives a killed platform, and the next start adopts it, unless `diesWithParent` is set.
package final class ChildProcess: Sendable {
    package struct Command: Sendable {
        package var name: String
        package var executable: String
        package var arguments: [String]
        package var environment: [String: String]
        /// Receives standard output and error.
        package var log: String
        package var user: ServiceUser
        /// A capability kept across the change of user, by its setpriv(1) name.
        package var capability: String?
        /// SIGINT, SIGTERM, SIGQUIT or SIGKILL, sent to the process when the platform ends in whatever way; nil lets it live on.
        package var signalWhenParentDies: Int32?

        package init(
            name: String, executable: String, arguments: [String], environment: [String: String] = [:], log: String,
            user: ServiceUser, capability: String? = nil, signalWhenParentDies: Int32? = nil
        ) {
            self.name = name
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.log = log
            self.user = user
            self.capability = capability
            self.signalWhenParentDies = signalWhenParentDies
        }
    }

    package enum End: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        /// An adopted process, whose status only its own parent learns.
        case vanished
    }

    /// What the operator is told of a process that ended although nobody stopped it.
    package struct UnexpectedEnd: Sendable {
        package let name: String
        package let pid: Int32
        package let end: End
        package let logTail: String
    }

    private struct State {
        var end: End?
        var isStopping = false
    }

    package let name: String
    package let log: String
    package let isAdopted: Bool
    let identity: ProcessIdentity
    private let state = Mutex(State())

    package var pid: Int32 { identity.pid }

    private init(name: String, log: String, identity: ProcessIdentity, isAdopted: Bool) {
        self.name = name
        self.log = log
        self.identity = identity
        self.isAdopted = isAdopted
    }

    init(spawned command: Command, identity: ProcessIdentity) {
        name = command.name
        log = command.log
        self.identity = identity
        isAdopted = false
    }

    /// How the process ended; nil while it runs.
    package var end: End? {
        if let end = state.withLock({ $0.end }) { return end }
        return isAdopted && !identity.isRunning ? .vanished : nil
    }

    /// Spawns the command. The spawning thread lives until the process has been reaped:
    /// the kernel ties a parent-death signal to that thread, not to the platform's process.
    static func start(
        _ command: Command, onUnexpectedEnd: @escaping @Sendable (UnexpectedEnd) -> Void
    ) throws -> ChildProcess {
        let spawned = Spawned()
        try OwnThread.start {
            let result = Result { () throws(EmbeddedError) in try spawn(command) }
            spawned.result.withLock { $0 = result }
            if case .success(let child) = result { child.reap(onUnexpectedEnd) }
        }
        while true {
            if let result = spawned.result.withLock({ $0 }) { return try result.get() }
            usleep(200)
        }
    }

    /// Takes charge of a process that an earlier platform started.
    static func adopt(
        _ identity: ProcessIdentity, name: String, log: String,
        onUnexpectedEnd: @escaping @Sendable (UnexpectedEnd) -> Void
    ) throws -> ChildProcess {
        let child = ChildProcess(name: name, log: log, identity: identity, isAdopted: true)
        try OwnThread.start {
            // Not our child, so there is no status to wait for; half a second is soon enough for a report.
            while identity.isRunning, child.state.withLock({ $0.end }) == nil { usleep(500_000) }
            child.finish(.vanished, onUnexpectedEnd)
        }
        return child
    }

    /// Sends each signal in turn and gives the process its seconds to end; after the last one comes SIGKILL to its group.
    /// `wholeGroup` sends them to the descendants as well: Dovecot's master alone takes a second, all of them 0.1 s.
    func stop(_ steps: [(signal: Int32, seconds: Double)], wholeGroup: Bool = false) throws(EmbeddedError) {
        state.withLock { $0.isStopping = true }
        for step in steps where end == nil {
            guard identity.isRunning else { break }
            kill(wholeGroup ? -pid : pid, step.signal)
            if poll(seconds: step.seconds, until: { end != nil || !identity.isRunning }) { break }
        }
        if end == nil, identity.isRunning {
            kill(-pid, SIGKILL)
            kill(pid, SIGKILL)
        }
        guard poll(seconds: 5, until: { end != nil }) || !identity.isRunning else {
            throw EmbeddedError(.system, "\(name) (process \(pid)) does not end, not even by SIGKILL")
        }
        state.withLock { if $0.end == nil { $0.end = .vanished } }
        // exim's connection handlers outlive their daemon by some seconds; the group's number is theirs while they do.
        if wholeGroup, kill(-pid, SIGKILL) == 0 { _ = poll(seconds: 1, until: { kill(-pid, 0) != 0 }) }
    }

    /// Kills what a leader that is gone has left of its process group.
    static func endOrphans(of leader: ProcessIdentity) throws(EmbeddedError) {
        let isOver = poll(seconds: 5) {
            let orphans = leader.orphans
            for orphan in orphans { kill(orphan.pid, SIGKILL) }
            return orphans.isEmpty
        }
        guard isOver else {
            throw EmbeddedError(.system, "processes of the group \(leader.pid) do not end, not even by SIGKILL")
        }
    }

    /// Waits until `probe` holds. A process that ends first, or takes longer, is reported with the tail of its log.
    func waitUntilReady(seconds: Double, _ probe: () -> Bool) throws(EmbeddedError) {
        let isDecided = poll(seconds: seconds) { end != nil || probe() }
        if let end { throw EmbeddedError(.notReady, "\(name) ended at start (\(end)):\n\(FileText.tail(log))") }
        if !isDecided {
            throw EmbeddedError(.notReady, "\(name) was not ready after \(Int(seconds)) s:\n\(FileText.tail(log))")
        }
    }

    private func reap(_ report: @Sendable (UnexpectedEnd) -> Void) {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        finish(signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal), report)
    }

    private func finish(_ end: End, _ report: @Sendable (UnexpectedEnd) -> Void) {
        let isUnexpected = state.withLock { state in
            if state.end == nil { state.end = end }
            return !state.isStopping
        }
        if isUnexpected {
            report(UnexpectedEnd(name: name, pid: pid, end: end, logTail: FileText.tail(log)))
        }
    }

    private final class Spawned: Sendable {
        let result = Mutex<Result<ChildProcess, EmbeddedError>?>(nil)
    }
}
