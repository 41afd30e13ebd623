import CLinux
import Glibc

/// Runs another program under limits, in a process group of its own that ends with the call.
package enum LimitedProgram {
    /// Of standard error, the end is kept.
    private static let complaintBytes = 4 * 1024

    /// Whether a program of that name is in the path that programs are looked up in.
    package static func isInstalled(_ name: String) -> Bool { path(of: name) != nil }

    /// Runs `words` to its end, looked up in the usual folders, with `input` as its standard input (nothing where it is
    /// `nil`; the descriptor stays the caller's). `home` is its HOME and TMPDIR. Blocks: call it on a thread of your own.
    /// `cancelled` is a descriptor that becomes readable where the caller gives up.
    package static func run(
        _ words: [String], input: Int32? = nil, home: String = "/tmp", limits: ProgramLimits, cancelled: Int32? = nil
    ) throws(ProgramMissing) -> ProgramOutcome {
        guard let name = words.first, let program = path(of: name) else {
            throw ProgramMissing(program: words.first ?? "", reason: "it is not installed")
        }
        let limiting = [
            "setpriv", "--pdeathsig=KILL", "--", "prlimit", "--data=\(limits.memoryBytes)",
            "--cpu=\(limits.processorSeconds)", "--fsize=\(limits.fileBytes)", "--core=0", "--", program,
        ]
        var running = try Running(limiting + words.dropFirst(), input: input, home: home, name: name)
        defer { running.close() }
        let cut = running.read(limits, cancelled: cancelled, keptComplaint: complaintBytes)
        let status = running.finish(killing: cut != nil)
        let end: ProgramOutcome.End
        if let cut {
            end = cut
        } else {
            let signal = status & 0x7F
            end = signal == 0 ? .status((status >> 8) & 0xFF) : .signal(signal)
        }
        return ProgramOutcome(
            end: end, output: running.output, complaint: String(decoding: running.complaint, as: UTF8.self))
    }

    private static func path(of name: String) -> String? {
        if name.hasPrefix("/") { return access(name, X_OK) == 0 ? name : nil }
        return ["/usr/local/bin", "/usr/bin", "/bin"].map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}

/// A started program and the ends of its pipes.
private struct Running {
    private let pid: pid_t
    private let ends: [Int32]
    private(set) var output: [UInt8] = []
    private(set) var complaint: [UInt8] = []

    init(_ words: [String], input: Int32?, home: String, name: String) throws(ProgramMissing) {
        var printed: [Int32] = [-1, -1]
        var complained: [Int32] = [-1, -1]
        guard persona_pipe(&printed, O_CLOEXEC) == 0 else { throw Self.failure(name, errno) }
        guard persona_pipe(&complained, O_CLOEXEC) == 0 else {
            let code = errno
            for end in printed { Glibc.close(end) }
            throw Self.failure(name, code)
        }
        let (code, pid) = Self.spawn(words, input: input, output: printed[1], errors: complained[1], home: home)
        Glibc.close(printed[1])
        Glibc.close(complained[1])
        guard code == 0 else {
            Glibc.close(printed[0])
            Glibc.close(complained[0])
            throw Self.failure(name, code)
        }
        self.pid = pid
        ends = [printed[0], complained[0]]
    }

    private static func failure(_ name: String, _ code: Int32) -> ProgramMissing {
        ProgramMissing(program: name, reason: strerror(code).map { String(cString: $0) } ?? "error \(code)")
    }

    private static func spawn(_ words: [String], input: Int32?, output: Int32, errors: Int32, home: String) -> (
        Int32, pid_t
    ) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        persona_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let environment = [
            "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=\(home)", "TMPDIR=\(home)",
            // One thread a program: the persona's other work goes on beside it.
            "OMP_THREAD_LIMIT=1",
        ]
        var pid: pid_t = 0
        var words = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        let code = posix_spawnp(&pid, "setpriv", &actions, &attributes, &words, &variables)
        return (code, pid)
    }

    /// Reads until both ends are closed; answers why it stopped before that.
    mutating func read(_ limits: ProgramLimits, cancelled: Int32?, keptComplaint: Int) -> ProgramOutcome.End? {
        var open = [true, true]
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while open.contains(true) {
            let rest = limits.deadline - .now
            guard rest > .zero else { return .outOfTime }
            // poll(2) passes over negative descriptors.
            var entries = [0, 1].map { pollfd(fd: open[$0] ? ends[$0] : -1, events: Int16(POLLIN), revents: 0) }
            entries.append(pollfd(fd: cancelled ?? -1, events: Int16(POLLIN), revents: 0))
            let milliseconds = min(rest.components.seconds, 3_600) * 1_000 + 1
            let wait = rest < .seconds(1) ? Int64(rest / .milliseconds(1)) + 1 : milliseconds
            guard poll(&entries, 3, Int32(clamping: wait)) >= 0 || errno == EINTR else { return .outOfTime }
            if entries[2].revents != 0 { return .cancelled }
            for index in 0...1 where entries[index].revents != 0 {
                let count = Glibc.read(ends[index], &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    open[index] = false
                    continue
                }
                if index == 0 {
                    guard output.count + count <= limits.outputBytes else { return .outOfOutput }
                    output += buffer[..<count]
                } else {
                    complaint += buffer[..<count]
                    if complaint.count > keptComplaint { complaint.removeFirst(complaint.count - keptComplaint) }
                }
            }
        }
        return nil
    }

    /// The status as waitpid(2) gives it. What the program left running in its group ends with it.
    func finish(killing: Bool) -> Int32 {
        if killing { kill(-pid, SIGKILL) }
        // Not reaped yet, so that the group's id still belongs to it.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status
    }

    func close() { for end in ends { Glibc.close(end) } }
}
