import FoundationEssentials
import TestKit

/// `persona up` as a process of its own, built beside the tests.
struct PlatformProcess: Sendable {
    let program: TestProgram
    /// Everything that it writes, standard output and error.
    let log: String

    static func start(_ arguments: [String], log: String) async throws -> PlatformProcess {
        let tests = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let executable = tests.deletingLastPathComponent().appending(path: "persona").path()
        let search = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let environment = ["PATH=\(search)", "HOME=/tmp", "PERSONA_RUNTIME=\(Repository.runtime)"]
        let program = try await TestProgram.start(
            ["setsid", "env", "-i"] + environment + ["sh", "-c", "exec \"$@\" >>'\(log)' 2>&1", "sh", executable]
                + arguments)
        return PlatformProcess(program: program, log: log)
    }

    var words: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }  // nothing written yet

    /// Bytes that it has had in memory at most (VmHWM of proc(5)).
    func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(program.pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? .max / 1_024) * 1_024
    }
}

struct Overdue: Error, CustomStringConvertible {
    let description: String
}

/// Only a test that has failed waits so long.
let patience = Duration.seconds(300)

/// Looks until `find` gives something; throws at the deadline with what was awaited.
func wait<Value>(
    for what: String, isolation: isolated (any Actor)? = #isolation, _ find: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + patience
    while true {
        if let value = try await find() { return value }
        guard ContinuousClock.now < deadline else { throw Overdue(description: "\(what): not within \(patience)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}
