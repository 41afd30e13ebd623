import CLinux
import Glibc
import Synchronization
import ToolKit

/// A program of the sandbox with pipes to its input and from its output; its process group ends with it.
///
/// The process ignores SIGPIPE, as the tool host does. Not for the task pool: reading and writing block up to the deadline.
final class PipedProgram: Sendable {
    /// Bytes of complaints that are kept, the last ones.
    private static let mostComplaints = 4_000
    private static let chunk = 64 * 1024

    enum Event {
        case output([UInt8])
        /// No more output; the exit status follows with `wait`.
        case ended
        case timedOut
        case stopped
    }

    private let process: pid_t
    private let input: Int32
    private let output: Int32
    private let errors: Int32
    private let state = Mutex(State())

    private struct State {
        var complaints: [UInt8] = []
        var isStopped = false
        var isInputOpen = true
        var isReaped = false
    }

    /// Starts `arguments` in `directory` with nothing in the environment but `environment` and what a program needs.
    init(_ arguments: [String], in directory: String, environment: [String: String]) throws(ToolFailure) {
        guard access(arguments[0], X_OK) == 0 else {
            throw ToolFailure(.permanent, code: "program_missing", "The sandbox has no program '\(arguments[0])'.")
        }
        var ends: [[Int32]] = []
        for _ in 0..<3 {
            var pair: [Int32] = [-1, -1]
            guard pipe(&pair) == 0 else {
                for end in ends.joined() { close(end) }
                throw ToolFailure(.transient, code: "no_pipe", "The sandbox has no room for another program.")
            }
            for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            ends.append(pair)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0][0], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1][1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[2][1], 2)
        _ = persona_spawn_change_to(&actions, directory)
        _ = persona_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        // The host ignores it, and what is ignored is inherited.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let plain = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"]
        let variables = plain.merging(environment) { _, own in own }.map { "\($0)=\($1)" }
        var child = pid_t()
        let result = Self.withPointers(arguments) { words in
            Self.withPointers(variables) { posix_spawn(&child, arguments[0], &actions, &attributes, words, $0) }
        }
        for end in [ends[0][0], ends[1][1], ends[2][1]] { close(end) }
        guard result == 0 else {
            for end in [ends[0][1], ends[1][0], ends[2][0]] { close(end) }
            throw ToolFailure(
                .permanent, code: "program_missing",
                "'\(arguments[0])' cannot be started: \(String(cString: strerror(result))).")
        }
        process = child
        input = ends[0][1]
        output = ends[1][0]
        errors = ends[2][0]
        for end in [input, output, errors] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    }

    deinit {
        end()
        for descriptor in [output, errors] { close(descriptor) }
    }

    /// What it last said on its standard error.
    var complaint: String { state.withLock { String(decoding: $0.complaints, as: UTF8.self) } }

    /// Makes `next` return `.stopped`, from any thread.
    func stop() { state.withLock { $0.isStopped = true } }

    /// Writes `bytes` while reading what comes; events of the output go to `take`, which says whether to go on.
    func exchange(
        _ bytes: [UInt8], closingInput: Bool, before deadline: ContinuousClock.Instant, take: (Event) -> Bool
    ) {
        var rest = bytes[...]
        while true {
            if rest.isEmpty, closingInput { closeInput() }
            if state.withLock({ $0.isStopped }) {
                if !take(.stopped) { return }
            }
            let left = deadline - .now
            if left <= .zero {
                _ = take(.timedOut)
                return
            }
            let isWriting = !rest.isEmpty && state.withLock { $0.isInputOpen }
            var waits = [
                pollfd(fd: output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isWriting ? input : -1, events: Int16(POLLOUT), revents: 0),
            ]
            // A stop is noticed at the latest after this.
            let pause = min(left, .milliseconds(100))
            poll(&waits, 3, Int32(max(1, pause.components.attoseconds / 1_000_000_000_000_000)))
            if waits[1].revents != 0 { hear() }
            if isWriting, waits[2].revents != 0 {
                let written = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if written < 0, errno != EAGAIN {
                    rest = []  // it reads no more; what it says goes on being read
                }
            }
            guard waits[0].revents != 0 else { continue }
            var chunk = [UInt8](repeating: 0, count: Self.chunk)
            let count = read(output, &chunk, chunk.count)
            if count > 0 {
                if !take(.output(Array(chunk[..<count]))) { return }
            } else if count == 0 {
                hear()
                _ = take(.ended)
                return
            } else if errno != EAGAIN, errno != EINTR {
                _ = take(.ended)
                return
            }
        }
    }

    /// Writes `bytes` without reading; false where it reads no more or the deadline comes.
    func write(_ bytes: [UInt8], before deadline: ContinuousClock.Instant) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard deadline > .now, !state.withLock({ $0.isStopped }) else { return false }
            var wait = pollfd(fd: input, events: Int16(POLLOUT), revents: 0)
            poll(&wait, 1, 100)
            guard wait.revents != 0 else { continue }
            let written = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno != EAGAIN, errno != EINTR {
                return false
            }
        }
        return true
    }

    private func hear() {
        var chunk = [UInt8](repeating: 0, count: Self.chunk)
        let count = read(errors, &chunk, chunk.count)
        guard count > 0 else { return }
        state.withLock { state in
            state.complaints += chunk[..<count]
            if state.complaints.count > Self.mostComplaints {
                state.complaints.removeFirst(state.complaints.count - Self.mostComplaints)
            }
        }
    }

    private func closeInput() {
        let wasOpen = state.withLock { state in
            defer { state.isInputOpen = false }
            return state.isInputOpen
        }
        if wasOpen { close(input) }
    }

    /// Ends it and all that it started; gives its exit status, 128 and the signal's number where one ended it.
    @discardableResult
    func end(after grace: Duration = .zero) -> Int32 {
        closeInput()
        let isReaped = state.withLock { state in
            defer { state.isReaped = true }
            return state.isReaped
        }
        guard !isReaped else { return 0 }
        var status: Int32 = 0
        let deadline = ContinuousClock.now + grace
        while ContinuousClock.now < deadline {
            if waitpid(process, &status, WNOHANG) == process {
                kill(-process, SIGKILL)
                return Self.code(status)
            }
            usleep(2_000)
        }
        kill(-process, SIGKILL)
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return Self.code(status)
    }

    private static func code(_ status: Int32) -> Int32 {
        status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }

    private static func withPointers<Value>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            // Never empty: it ends with nil.
            body(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
