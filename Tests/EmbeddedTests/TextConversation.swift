import Foundation

/// Runs a program to its end and returns what it printed.
func output(_ program: String, _ arguments: [String], input: String = "") async throws -> (status: Int32, text: String)
{
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            let pipe = Pipe()
            let given = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            process.standardInput = given
            do {
                try process.run()
                try given.fileHandleForWriting.write(contentsOf: Data(input.utf8))
                try given.fileHandleForWriting.close()
                let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
                process.waitUntilExit()
                continuation.resume(returning: (process.terminationStatus, String(decoding: data, as: UTF8.self)))
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}

/// Command lines of live processes that mention `path`.
func processes(mentioning path: String) -> [String] {
    let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return numbers.filter { Int32($0) != nil && Int32($0) != getpid() }.compactMap { number in
        let line = (try? String(contentsOfFile: "/proc/\(number)/cmdline", encoding: .utf8)) ?? ""
        return line.contains(path) ? line.replacingOccurrences(of: "\0", with: " ") : nil
    }
}

/// Waits for a condition that another process brings about, at most 20 s.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<2_000 {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}
