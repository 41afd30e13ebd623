import Foundation

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
