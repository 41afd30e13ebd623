import Glibc
import ToolKit
import Workspaces

/// Moves bytes between running programs and this side until they have ended.
struct ShellPump {
    private(set) var output: KeptOutput
    private(set) var errors: KeptOutput
    private(set) var isTimedOut = false
    private var outputEnd: OpenFile?
    private var errorsEnd: OpenFile?
    private var inputEnd: OpenFile?
    private var content: ArraySlice<UInt8>

    /// Milliseconds between two looks at the programs and at cancellation.
    private static let patience: Int32 = 20
    /// How long outputs are read after the last program's end: one that left the group may hold them open for ever.
    private static let farewell = Duration.milliseconds(500)

    init(output: OpenFile, errors: OpenFile, input: OpenFile, content: [UInt8], kept: Int) {
        self.output = KeptOutput(limit: kept)
        self.errors = KeptOutput(limit: kept)
        outputEnd = output
        errorsEnd = errors
        inputEnd = content.isEmpty ? nil : input
        self.content = content[...]
        // F_SETPIPE_SZ (1031): a large pipe is read in few turns; refused, it stays as it was.
        _ = fcntl(output.raw, 1_031, 1 << 20)
        _ = fcntl(input.raw, F_SETFL, fcntl(input.raw, F_GETFL) | O_NONBLOCK)
    }

    mutating func run(
        _ pids: [pid_t], _ work: BlockingWork, _ saving: ((UnsafeRawBufferPointer) throws -> Void)?
    ) throws {
        var last: ContinuousClock.Instant?
        while true {
            try move(saving)
            let haveEnded = pids.allSatisfy { Self.hasEnded($0) }
            if haveEnded {
                last = last ?? .now
                if outputEnd == nil && errorsEnd == nil { return }
                if let last, .now - last > Self.farewell { return }
            }
            if work.isOver {
                isTimedOut = true
                return
            }
            // With every pipe closed poll(2) would not wait.
            if outputEnd == nil, errorsEnd == nil, inputEnd == nil { usleep(UInt32(Self.patience) * 1_000) }
        }
    }

    /// Leaves the program to be waited for: its id stays its own.
    private static func hasEnded(_ pid: pid_t) -> Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo != 0
    }

    private mutating func move(_ saving: ((UnsafeRawBufferPointer) throws -> Void)?) throws {
        var list = [
            pollfd(fd: outputEnd?.raw ?? -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errorsEnd?.raw ?? -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: inputEnd?.raw ?? -1, events: Int16(POLLOUT), revents: 0),
        ]
        guard poll(&list, nfds_t(list.count), Self.patience) > 0 else { return }
        if list[0].revents != 0, let end = outputEnd {
            let isOver = try Self.read(end) { bytes in
                output.append(bytes)
                try saving?(bytes)
            }
            if isOver { outputEnd = nil }
        }
        if list[1].revents != 0, let end = errorsEnd, try Self.read(end, { errors.append($0) }) { errorsEnd = nil }
        if list[2].revents != 0, let end = inputEnd {
            let count = content.withUnsafeBytes { write(end.raw, $0.baseAddress, $0.count) }
            if count > 0 { content = content.dropFirst(count) }
            // A program that does not read its input to the end has its reasons.
            if content.isEmpty || count < 0 && errno != EAGAIN && errno != EINTR { inputEnd = nil }
        }
    }

    /// Whether the pipe has ended.
    private static func read(_ file: OpenFile, _ take: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        try withUnsafeTemporaryAllocation(byteCount: 256 * 1024, alignment: 16) { buffer in
            let count = Glibc.read(file.raw, buffer.baseAddress, buffer.count)
            if count > 0 { try take(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])) }
            return count == 0 || count < 0 && errno != EINTR && errno != EAGAIN
        }
    }
}
