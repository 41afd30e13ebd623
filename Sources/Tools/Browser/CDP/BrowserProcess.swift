import FoundationEssentials
import Glibc
import Synchronization

/// Chromium as a process group of its own, with a private profile directory that goes when it ends.
///
/// One thread waits for the leader. When it ends, by itself or by a signal, the rest of the group is killed while the
/// leader's entry still holds the group's number, then the leader is reaped and the profile removed.
final class BrowserProcess: Sendable {
    struct Ending: Sendable {
        /// `exit status 1`, `signal 9`.
        var cause: String
        /// The last lines that Chromium wrote.
        var log: String
    }

    private struct State {
        var ending: Ending?
        var waiters: [CheckedContinuation<Ending, Never>] = []
    }

    let pid: pid_t
    let profile: String
    private let lock: ProfileLock
    private let state = Mutex(State())

    /// Starts Chromium. It reads commands from `commands` (its descriptor 3) and writes to `answers` (its 4).
    init(_ options: LaunchOptions, commands: Int32, answers: Int32) throws(BrowserError) {
        let executable = try options.locatedExecutable()
        ProfileLock.sweep(options.temporaryDirectory)
        profile = try Self.makeProfile(in: options.temporaryDirectory)
        lock = ProfileLock(profile)
        do {
            pid = try Self.spawn(
                [executable] + options.arguments(profile: profile),
                environment: options.environment(profile: profile),
                log: profile + Self.logName, commands: commands, answers: answers)
        } catch {
            Self.remove(profile)
            throw error
        }
        do {
            try PlatformThread.start { [self] in reap() }
        } catch {
            kill(-pid, SIGKILL)
            waitpid(pid, nil, 0)
            Self.remove(profile)
            throw error
        }
    }

    /// Signals the whole group unless it has ended.
    func signal(_ number: Int32) {
        state.withLock { state in
            // Before the ending is recorded the leader is unreaped, so that the number cannot be another's.
            if state.ending == nil { kill(-pid, number) }
        }
    }

    /// Returns once the group is gone and the profile removed.
    func ended() async -> Ending {
        await withCheckedContinuation { continuation in
            let ending = state.withLock { state -> Ending? in
                if state.ending == nil { state.waiters.append(continuation) }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }

    /// SIGTERM, then SIGKILL at `BrowserLimit.termination` or at once when the caller is cancelled.
    func terminate() async -> Ending {
        signal(SIGTERM)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                // Cancelled when the process ended in time, and then the signal finds nobody.
                try? await Task.sleep(for: BrowserLimit.termination)
                signal(SIGKILL)
            }
            let ending = await ended()
            group.cancelAll()
            return ending
        }
    }

    private func reap() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
        kill(-pid, SIGKILL)
        Self.awaitEmptyGroup(of: pid)
        let log = Self.tail(of: profile + Self.logName)
        Self.remove(profile)
        let waiters = state.withLock { state in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
            state.ending = Ending(cause: Self.describe(status), log: log)
            defer { state.waiters = [] }
            return state.waiters.map { ($0, state.ending) }
        }
        for (waiter, ending) in waiters { if let ending { waiter.resume(returning: ending) } }
    }
}

extension BrowserProcess {
    private static let logName = "/stderr.log"

    private static func makeProfile(in folder: String) throws(BrowserError) -> String {
        var template = Array("\(folder)/\(ProfileLock.prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw BrowserError(
                .launchFailed, "No profile directory could be made in '\(folder)': \(String(cString: strerror(errno)))."
            )
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func spawn(
        _ arguments: [String], environment: [String], log: String, commands: Int32, answers: Int32
    ) throws(BrowserError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, commands, 3)
        posix_spawn_file_actions_adddup2(&actions, answers, 4)
        for descriptor in inheritableDescriptors() { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid = pid_t()
        let result = withCStrings(arguments) { argv in
            withCStrings(environment) { envp in
                posix_spawn(&pid, arguments[0], &actions, &attributes, argv, envp)
            }
        }
        guard result == 0 else {
            throw BrowserError(.launchFailed, "'\(arguments[0])' did not start: \(String(cString: strerror(result))).")
        }
        return pid
    }

    /// Whatever this process left without close-on-exec is none of Chromium's business.
    private static func inheritableDescriptors() -> [Int32] {
        // Without /proc nothing can be listed, and close-on-exec, which all of ours carry, is what protects.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { Int32($0) }.filter { descriptor in
            let flags = fcntl(descriptor, F_GETFD)
            return descriptor > 4 && flags >= 0 && flags & FD_CLOEXEC == 0
        }
    }

    private static func withCStrings<R>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        let copies = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeBufferPointer { buffer in
            // The array ends in nil, so that it is never empty.
            guard let base = buffer.baseAddress else { return withUnsafePointer(to: nil) { body($0) } }
            return body(base)
        }
    }

    /// The killed children end within milliseconds; they are reparented, so that nobody here can wait for them.
    private static func awaitEmptyGroup(of leader: pid_t) {
        let deadline = ContinuousClock.now + .seconds(1)
        while isAlive(groupOf: leader), ContinuousClock.now < deadline { usleep(2_000) }
    }

    private static func isAlive(groupOf leader: pid_t) -> Bool {
        // An unreadable /proc leaves nothing to wait for.
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else { return false }
        return entries.contains { entry in
            guard let pid = pid_t(entry), pid != leader else { return false }
            guard let line = tail(ofShort: "/proc/\(pid)/stat"), let name = line.lastIndex(of: ")") else {
                return false
            }
            let fields = line[line.index(after: name)...].split(separator: " ")
            return fields.count > 2 && fields[2] == String(leader) && fields[0] != "Z"
        }
    }

    private static func tail(ofShort path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(file, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }

    private static func tail(of path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: BrowserLimit.logTailBytes)
        let size = lseek(file, 0, SEEK_END)
        let count = pread(file, &bytes, bytes.count, max(0, size - off_t(bytes.count)))
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
    }

    static func remove(_ profile: String) {
        // A file that a dying child made in between fails the first try; what remains then is a temporary directory.
        for _ in 0..<3 where access(profile, F_OK) == 0 { try? FileManager.default.removeItem(atPath: profile) }
    }

    private static func describe(_ status: Int32) -> String {
        let signal = status & 0x7f
        return signal == 0 ? "exit status \((status >> 8) & 0xff)" : "signal \(signal)"
    }
}
