import CLinux
import Glibc
import Programs
import Synchronization
import ToolKit

/// A program run for a tool: on a thread of its own, ended where the call is cancelled, its failures in a tool's words.
enum ProgramCall {
    /// The outcome, whatever the status; throws where the program is missing, was stopped or broke a limit.
    static func run(_ words: [String], input: Int32? = nil, home: String = "/tmp", limits: ProgramLimits) async throws
        -> ProgramOutcome
    {
        let bell = try Bell()
        let outcome = try await withTaskCancellationHandler {
            try await OwnThread.run {
                defer { bell.close() }
                do {
                    return try LimitedProgram.run(
                        words, input: input, home: home, limits: limits, cancelled: bell.listening)
                } catch let missing as ProgramMissing {
                    throw ToolFailure(
                        .permanent, code: "program_missing",
                        "\(missing) Install it in the persona's image, or leave this step out.")
                }
            }
        } onCancel: {
            bell.ring()
        }
        try Task.checkCancellation()
        return outcome
    }
}

/// Two ends of a pipe: rung once, heard by poll(2).
private final class Bell: Sendable {
    let listening: Int32
    private let other: Mutex<Int32?>

    init() throws(ToolFailure) {
        var ends: [Int32] = [-1, -1]
        guard persona_pipe(&ends, O_CLOEXEC) == 0 else {
            throw ToolFailure(.transient, code: "no_descriptor", "No file descriptor is free.")
        }
        listening = ends[0]
        other = Mutex(ends[1])
    }

    func ring() {
        other.withLock { end in
            if let end { write(end, [1], 1) }
        }
    }

    func close() {
        other.withLock { end in
            if let held = end { Glibc.close(held) }
            end = nil
        }
        Glibc.close(listening)
    }
}
