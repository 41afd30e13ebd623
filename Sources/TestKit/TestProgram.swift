import CLinux
import Glibc
import Synchronization

/// A program that a test runs. It is killed when this process ends, and it holds none of this process's descriptors:
/// an inherited end of another test's pipe would keep that test waiting for as long as the program runs.
package final class TestProgram: Sendable {
    package struct Outcome: Sendable {
        /// As exit(3) was given it; the negative number of the signal that ended it.
        package let status: Int32
        /// Standard output and error.
        package let text: String
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private struct State {
        var status: Int32?
        var waiting: [CheckedContinuation<Int32, Never>] = []
    }

    /// What the kernel holds in a pipe, so that the input can be written before anybody reads it (pipe(7)).
    private static let inputLimit = 64 * 1024

    package let pid: Int32
    private let output: Int32
    private let state = Mutex(State())

    /// Starts `words[0]`, looked up in PATH, with `input` (at most 64 KiB) as its standard input.
    package static func start(_ words: [String], input: String = "") async throws -> TestProgram {
        try await withCheckedThrowingContinuation { continuation in
            do {
                // The thread lives as long as the program: the kernel ties a parent-death signal to it.
                try TestThread.start {
                    do {
                        let program = try TestProgram(words, input: Array(input.utf8))
                        continuation.resume(returning: program)
                        program.reap()
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Runs a program to its end.
    package static func run(_ words: [String], input: String = "") async throws -> Outcome {
        let program = try await start(words, input: input)
        let bytes = await program.read()
        return Outcome(status: await program.ended(), text: String(decoding: bytes, as: UTF8.self))
    }

    /// Its output: `count` bytes, less where it ends before, all by default. One reader at a time.
    package func read(_ count: Int = .max) async -> [UInt8] {
        // A machine out of threads fails the test by missing output.
        let bytes = try? await TestThread.run { [self] in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while bytes.count < count {
                let got = Glibc.read(output, &buffer, min(buffer.count, count - bytes.count))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { break }
                bytes += buffer[..<got]
            }
            return bytes
        }
        return bytes ?? []
    }

    package func signal(_ number: Int32) {
        // Under the lock, so that the id cannot have been reaped and given to another process.
        state.withLock { state in
            if state.status == nil { kill(pid, number) }
        }
    }

    /// SIGKILL, and its end.
    package func end() async {
        signal(SIGKILL)
        _ = await ended()
    }

    package func ended() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status = state.withLock { state in
                if state.status == nil { state.waiting.append(continuation) }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }

    private init(_ words: [String], input: [UInt8]) throws(Failure) {
        guard input.count <= Self.inputLimit else { throw Failure(description: "the input is above 64 KiB") }
        let given = try Self.pipe()
        let printed = try Self.pipe()
        defer {
            for descriptor in [given.read, given.write, printed.write] where descriptor >= 0 { close(descriptor) }
        }
        _ = write(given.write, input, input.count)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, given.read, 0)
        posix_spawn_file_actions_adddup2(&actions, printed.write, 1)
        posix_spawn_file_actions_adddup2(&actions, printed.write, 2)
        persona_spawn_close_from(&actions, 3)
        var pid: pid_t = 0
        let arguments = (["setpriv", "--pdeathsig=KILL", "--"] + words).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let code = posix_spawnp(&pid, "setpriv", &actions, nil, arguments, environ)
        guard code == 0 else {
            close(printed.read)
            throw Failure(description: "cannot start \(words.first ?? ""): \(String(cString: strerror(code)))")
        }
        self.pid = pid
        output = printed.read
    }

    deinit { close(output) }

    private func reap() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        let (status, waiting) = state.withLock { state in
            var raw: Int32 = 0
            while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
            let signal = raw & 0x7f
            let status = signal == 0 ? (raw >> 8) & 0xff : -signal
            state.status = status
            defer { state.waiting = [] }
            return (status, state.waiting)
        }
        for continuation in waiting { continuation.resume(returning: status) }
    }

    private static func pipe() throws(Failure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard persona_pipe(&ends, O_CLOEXEC) == 0 else {
            throw Failure(description: "no pipe: \(String(cString: strerror(errno)))")
        }
        return (ends[0], ends[1])
    }
}
