import FoundationEssentials
import Glibc
import TestKit
import Testing

/// `persona` as a process of its own, in a session of its own, built beside the tests.
struct Platform: Sendable {
    /// For whatever has to happen; only a test that has failed waits so long.
    static let patience = Duration.seconds(150)

    let program: TestProgram
    let log: String

    /// `failpoint` is `name:n`. Output goes to the end of `log`.
    static func start(
        _ arguments: [String], log: String, failpoint: String? = nil
    ) async throws -> Platform {
        let tests = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let executable = tests.deletingLastPathComponent().appending(path: "persona").path()
        let search = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        var environment = ["PATH=\(search)", "HOME=/tmp", "PERSONA_RUNTIME=\(Repository.runtime)"]
        if let failpoint { environment.append("PERSONA_FAILPOINT=\(failpoint)") }
        let program = try await TestProgram.start(
            ["setsid", "env", "-i"] + environment + ["sh", "-c", "exec \"$@\" >>'\(log)' 2>&1", "sh", executable]
                + arguments)
        return Platform(program: program, log: log)
    }

    var pid: Int32 { program.pid }

    /// Whether it runs; a zombie does not.
    var isRunning: Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return false }  // no such process
        return !stat[end...].hasPrefix(") Z")
    }

    /// SIGKILL to the process alone.
    func kill() async { await program.end() }

    /// SIGKILL to the process and to all that it started and that stayed in its session, sandboxes with all inside too.
    func killAll() async {
        let family = Processes.descendants(of: pid)
        program.signal(SIGSTOP)
        for process in family.reversed() { Glibc.kill(process, SIGKILL) }
        await program.end()
    }

    /// Asks it to stop and gives its status.
    func stop(by signal: Int32 = SIGTERM) async -> Int32 {
        program.signal(signal)
        return await program.ended()
    }

    /// Returns once it has ended, or throws at the deadline.
    func ended() async throws -> Int32 {
        try await until("the process ends") { !isRunning }
        return await program.ended()
    }

    /// Returns once the log holds `text`.
    func says(_ text: String) async throws {
        try await until("the platform says '\(text)'") {
            if !words.contains(text), !isRunning { throw Overdue(description: "it ended:\n\(words)") }
            return words.contains(text)
        }
    }

    /// All that it has written.
    var words: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }  // nothing yet
}

struct Overdue: Error, CustomStringConvertible {
    let description: String
}

/// Looks until `condition` holds; throws at the deadline with `what` was awaited.
func until(
    _ what: String, within patience: Duration = Platform.patience, look: Duration = .milliseconds(10),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + patience
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw Overdue(description: "\(what): not within \(patience)") }
        try await Task.sleep(for: look)
    }
}

/// Processes of this machine by what they are about.
enum Processes {
    /// Those whose command line, or whose bind mounts, name `text`: a persona's sandbox is known by its workspace.
    static func about(_ text: String) -> [String] {
        all().compactMap { pid in
            let command = read("/proc/\(pid)/cmdline").replacing("\0", with: " ")
            guard command.contains(text) || read("/proc/\(pid)/mountinfo").contains(text) else { return nil }
            return "\(pid) \(command)"
        }
    }

    /// Children, and theirs, nearest first.
    static func descendants(of root: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for pid in all() {
            let stat = read("/proc/\(pid)/stat")
            guard let end = stat.lastIndex(of: ")") else { continue }
            let fields = stat[end...].split(separator: " ")
            if fields.count > 2, let parent = Int32(fields[2]) { children[parent, default: []].append(pid) }
        }
        var found: [Int32] = []
        var next = children[root] ?? []
        while let pid = next.popLast() {
            found.append(pid)
            next += children[pid] ?? []
        }
        return found
    }

    private static func all() -> [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
    }

    /// A process may end while it is looked at: then it says nothing.
    private static func read(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        return String(decoding: bytes.prefix(fread(&bytes, 1, bytes.count, file)), as: UTF8.self)
    }
}

/// Lets a few in at a time.
actor Gate {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ places: Int) { free = places }

    private func enter() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }

    nonisolated func with(_ body: () async throws -> Void) async throws {
        await enter()
        do {
            try await body()
        } catch {
            await leave()
            throw error
        }
        await leave()
    }
}
