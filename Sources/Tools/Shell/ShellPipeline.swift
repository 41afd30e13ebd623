import CLinux
import Glibc
import ToolKit
import Workspaces

/// How one program ended.
package struct ShellExit: Codable, Sendable, Hashable {
    package var program: String
    /// `nil` where a signal ended it.
    package var exitStatus: Int?
    /// `SIGKILL`
    package var signal: String?

    enum CodingKeys: String, CodingKey {
        case program, signal
        case exitStatus = "exit_status"
    }

    init(_ program: String, raw: Int32) {
        self.program = program
        let number = raw & 0x7F
        exitStatus = number == 0 ? Int((raw >> 8) & 0xFF) : nil
        signal = number == 0 ? nil : Self.names[number] ?? "signal \(number)"
    }

    private static let names: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS",
        SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM",
        SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGSYS: "SIGSYS",
    ]
}

/// Programs joined by pipes, run without a shell, in one process group that ends as a whole.
///
/// Used by one thread of its own, which waits until the last of them has ended.
struct ShellPipeline {
    struct Command {
        /// Absolute.
        var path: String
        var arguments: [String]
    }

    struct Result {
        var exits: [ShellExit] = []
        var output: KeptOutput
        var errors: KeptOutput
        var isTimedOut = false
    }

    let commands: [Command]
    let directory: OpenFile
    let input: [UInt8]
    /// `NAME=value`
    let environment: [String]
    /// Bytes of each output that are kept.
    let kept: Int
    /// Hears of all of the last program's output.
    let saving: ((UnsafeRawBufferPointer) throws -> Void)?

    func run(_ work: BlockingWork) throws -> Result {
        // A write to a program that has ended is an error here and no signal. The thread ends with the call.
        var pipeSignal = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)
        var pids: [pid_t] = []
        // However this ends, nothing of it goes on.
        defer { Self.end(pids) }
        var pump = try start(&pids)
        try pump.run(pids, work, saving)
        var result = Result(output: pump.output, errors: pump.errors, isTimedOut: pump.isTimedOut)
        let statuses = Self.end(pids)
        pids = []
        result.exits = zip(commands, statuses).map { ShellExit($0.arguments.first ?? "", raw: $1) }
        return result
    }

    /// Starts every program; the ends of pipes that they hold are closed here before this returns.
    private func start(_ pids: inout [pid_t]) throws(ToolFailure) -> ShellPump {
        let given = try Self.pipe(), errors = try Self.pipe()
        var theirs = [given.read, errors.write]
        var next = given.read.raw
        var output = errors.read
        for (place, command) in commands.enumerated() {
            let pipe = try Self.pipe()
            pids.append(try spawn(command, [next, pipe.write.raw, errors.write.raw], group: pids.first ?? 0))
            theirs.append(pipe.write)
            if place == commands.count - 1 { output = pipe.read } else { theirs.append(pipe.read) }
            next = pipe.read.raw
        }
        // The ends must stay open until every program has its own.
        withExtendedLifetime(theirs) {}
        return ShellPump(output: output, errors: errors.read, input: given.write, content: input, kept: kept)
    }

    private func spawn(_ command: Command, _ streams: [Int32], group: pid_t) throws(ToolFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        persona_spawn_change_directory(&actions, directory.raw)
        for (number, stream) in streams.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, stream, Int32(number))
        }
        persona_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, group)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words = command.arguments.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, command.path, &actions, &attributes, &words, &variables)
        guard code == 0 else {
            throw ToolFailure(
                .transient, code: "start_failed",
                "\(command.arguments.first ?? "") could not be started: \(String(cString: strerror(code))).")
        }
        return pid
    }

    /// Kills the group, and answers how each program ended, as waitpid(2) says.
    @discardableResult
    private static func end(_ pids: [pid_t]) -> [Int32] {
        guard let group = pids.first else { return [] }
        kill(-group, SIGKILL)
        return pids.map { pid in
            var raw: Int32 = 0
            while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
            return raw
        }
    }

    private static func pipe() throws(ToolFailure) -> (read: OpenFile, write: OpenFile) {
        var ends: [Int32] = [-1, -1]
        guard persona_pipe(&ends, O_CLOEXEC) == 0 else {
            throw ToolFailure(.transient, code: "start_failed", "No pipe is free: \(String(cString: strerror(errno))).")
        }
        return (OpenFile(ends[0]), OpenFile(ends[1]))
    }
}
