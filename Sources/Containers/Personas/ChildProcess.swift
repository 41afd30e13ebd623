import CLinux
import Glibc
import Sockets
import Synchronization

/// A process started from a loop's thread, which must outlive it: the kernel's die-with-parent counts by thread.
final class ChildProcess: Sendable {
    /// Of standard output and error, the end is kept.
    static let keptBytes = 8 * 1024

    private struct State {
        var pid: pid_t?
        var isReaped = false
    }

    private let state = Mutex(State())
    private let exit = OneShot<(status: Int32, output: [UInt8])>()

    /// Starts `arguments` with `input` readable at descriptor 3 and nothing else open.
    static func start(_ arguments: [String], input: [UInt8], on loop: PollLoop) async throws(SandboxError)
        -> ChildProcess
    {
        let child = ChildProcess()
        let started = OneShot<SandboxError?>()
        loop.submit { context in
            do throws(SocketError) {
                let output = try Descriptor.pipe(nonBlocking: true)
                let filter = try ended(input)
                let pid = try spawn(arguments, output: output.write.raw, filter: filter.raw)
                child.state.withLock { $0.pid = pid }
                let raw = persona_pidfd_open(pid)
                guard raw >= 0 else {
                    Glibc.kill(pid, SIGKILL)
                    throw .system("pidfd_failed", "cannot watch a process; Linux 5.3 or later is needed")
                }
                context.add(Watch(child, pid: pid, descriptor: Descriptor(raw), output: output.read))
                started.settle(nil)
            } catch {
                started.settle(SandboxError(code: "start_failed", "\(arguments.first ?? ""): \(error.message)"))
            }
        }
        if let failure = await started.value() { throw failure }
        return child
    }

    /// The status as waitpid(2) gives it, and the last output.
    func ended() async -> (status: Int32, output: [UInt8]) { await exit.value() }

    func kill() {
        // Under the lock, so that the id cannot have been reaped and given to another process.
        state.withLock { state in
            if let pid = state.pid, !state.isReaped { Glibc.kill(pid, SIGKILL) }
        }
    }

    /// A pipe that holds `input` and its end: bubblewrap reads until then, and gives up where it would have to wait.
    private static func ended(_ input: [UInt8]) throws(SocketError) -> Descriptor {
        let pipe = try Descriptor.pipe(nonBlocking: false)
        // PIPE_BUF and more fit an empty pipe; above its 64 KiB the write would wait for a reader (pipe(7)).
        let isWritten =
            input.count <= 64 * 1024
            && input.withUnsafeBytes { write(pipe.write.raw, $0.baseAddress, $0.count) } == input.count
        guard isWritten else { throw .system("pipe_failed", "the system call filter does not fit a pipe") }
        return pipe.read
    }

    private static func spawn(_ arguments: [String], output: Int32, filter: Int32) throws(SocketError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        posix_spawn_file_actions_adddup2(&actions, filter, BubblewrapCommand.filterDescriptor)
        persona_spawn_close_from(&actions, BubblewrapCommand.filterDescriptor + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var pipe = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &pipe)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var pid: pid_t = 0
        var words = arguments.map { strdup($0) } + [nil]
        var environment = [strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), nil]
        defer { for word in words + environment { free(word) } }
        let result = posix_spawnp(&pid, arguments.first ?? "", &actions, &attributes, &words, &environment)
        guard result == 0 else { throw .system("spawn_failed", "cannot start", result) }
        return pid
    }

    private final class Watch: PollMember {
        let child: ChildProcess
        let pid: pid_t
        let descriptor: Descriptor
        let output: Descriptor
        var isOutputOpen = true
        var kept: [UInt8] = []
        let deadline: ContinuousClock.Instant? = nil

        init(_ child: ChildProcess, pid: pid_t, descriptor: Descriptor, output: Descriptor) {
            self.child = child
            self.pid = pid
            self.descriptor = descriptor
            self.output = output
        }

        func interests(_ interests: inout PollInterests) {
            interests.add(descriptor.raw, POLLIN)
            if isOutputOpen { interests.add(output.raw, POLLIN) }
        }

        func advance(_ ready: PollReady, in context: PollContext) -> Bool {
            if ready[output.raw] != 0 { drain() }
            guard ready[descriptor.raw] != 0 else { return true }
            drain()
            var status: Int32 = 0
            child.state.withLock { state in
                _ = waitpid(pid, &status, 0)
                state.isReaped = true
            }
            child.exit.settle((status, kept))
            return false
        }

        private func drain() {
            withUnsafeTemporaryAllocation(byteCount: ByteStream.bufferBytes, alignment: 16) { buffer in
                // Bounded, so that a process that never stops writing does not hold the loop.
                for _ in 0..<16 {
                    let count = read(output.raw, buffer.baseAddress, buffer.count)
                    guard count > 0 else {
                        if count == 0 { isOutputOpen = false }
                        return
                    }
                    kept.append(contentsOf: buffer[0..<count].suffix(ChildProcess.keptBytes))
                    if kept.count > 2 * ChildProcess.keptBytes { kept.removeFirst(kept.count - ChildProcess.keptBytes) }
                }
            }
        }
    }
}
