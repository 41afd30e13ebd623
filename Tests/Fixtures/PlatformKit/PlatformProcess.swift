import FoundationEssentials
import Glibc
package import TestKit

/// `persona` as a process of its own, in a session of its own, built beside the tests.
package struct PlatformProcess: Sendable {
    package let program: TestProgram
    /// Everything that it writes, standard output and error.
    package let log: String

    /// Output goes to the end of `log`.
    ///
    /// - Parameters:
    ///   - failpoint: `name:n`, see `Failpoint`.
    ///   - environment: `NAME=value` beside the few that it always gets.
    ///   - launcher: words before the program's own, for one that it runs under.
    package static func start(
        _ arguments: [String], log: String, failpoint: String? = nil, environment: [String] = [],
        launcher: [String] = []
    ) async throws -> PlatformProcess {
        let search = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        var given = ["PATH=\(search)", "HOME=/tmp", "PERSONA_RUNTIME=\(Repository.runtime)"] + environment
        if let failpoint { given.append("PERSONA_FAILPOINT=\(failpoint)") }
        let program = try await TestProgram.start(
            ["setsid", "env", "-i"] + given + ["sh", "-c", "exec \"$@\" >>'\(log)' 2>&1", "sh"] + launcher
                + [try executable()] + arguments)
        return PlatformProcess(program: program, log: log)
    }

    private static func executable() throws -> String {
        let tests = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return tests.deletingLastPathComponent().appending(path: "persona").path()
    }

    package var pid: Int32 { program.pid }

    /// Whether it runs; a zombie does not.
    package var isRunning: Bool {
        let state = Processes.state(of: pid)
        return state != nil && state != "Z"
    }

    /// SIGKILL to the process alone.
    package func kill() async { await program.end() }

    /// SIGKILL to the process and to all that it started and that stayed in its session, sandboxes with all inside too.
    package func killAll() async {
        let family = Processes.descendants(of: pid)
        program.signal(SIGSTOP)
        for process in family.reversed() { Glibc.kill(process, SIGKILL) }
        await program.end()
    }

    /// Asks it to stop and gives its status.
    package func stop(by signal: Int32 = SIGTERM) async -> Int32 {
        program.signal(signal)
        return await program.ended()
    }

    /// Stops it in mid-flight, and returns once the kernel has.
    package func freeze() async throws {
        program.signal(SIGSTOP)
        try await until("the process is stopped") { Processes.state(of: pid) == "T" }
    }

    package func thaw() { program.signal(SIGCONT) }

    /// Returns once it has ended, or throws at the deadline.
    package func ended(within patience: Duration = Patience.whole) async throws -> Int32 {
        try await until("the process ends", within: patience) { !isRunning }
        return await program.ended()
    }

    /// Returns once the log holds `text` so many times.
    package func says(_ text: String, times: Int = 1) async throws {
        try await until("the platform says '\(text)'") {
            // In this order: what it wrote last before it ended is still read.
            let isOver = !isRunning
            if words.ranges(of: text).count >= times { return true }
            if isOver { throw Overdue("it ended without saying '\(text)':\n\(words)") }
            return false
        }
    }

    /// `http://host:port`, once it listens; of the newest of `starts` with one log.
    package func address(starts: Int = 1) async throws -> String {
        let line = try await wait(for: "the platform listens") { () -> Substring? in
            let isOver = !isRunning
            let lines = words.split(separator: "\n").filter {
                $0.hasPrefix("Dashboard and API: ") || $0.hasPrefix("Listening on ")
            }
            if lines.count >= starts { return lines.last }
            if isOver { throw Overdue("it ended without listening:\n\(words)") }
            return nil
        }
        let url = line.split(separator: " ").last ?? ""
        return String(url.hasSuffix("/") ? url.dropLast() : url)
    }

    /// All that it has written.
    package var words: String {
        // Nothing written yet; a line cut in the middle of a character is no fault of the test's.
        (try? Data(contentsOf: URL(filePath: log))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Bytes that it has had in memory at most (VmHWM of proc(5)).
    package func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? .max / 1_024) * 1_024
    }
}
