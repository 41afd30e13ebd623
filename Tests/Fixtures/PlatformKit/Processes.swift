import FoundationEssentials
import Glibc

/// Processes of this machine by what they are about.
package enum Processes {
    /// Those whose command line, or whose bind mounts, name `text`: a persona's sandbox is known by its workspace.
    package static func about(_ text: String) -> [String] {
        all().compactMap { pid in
            let command = read("/proc/\(pid)/cmdline").replacing("\0", with: " ")
            guard command.contains(text) || read("/proc/\(pid)/mountinfo").contains(text) else { return nil }
            // What has ended and waits for its parent holds nothing any more.
            guard state(of: pid) != "Z" else { return nil }
            return "\(pid) \(command)"
        }
    }

    /// Children, and theirs, nearest first.
    package static func descendants(of root: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for pid in all() {
            if let parent = fields(of: pid).dropFirst().first.flatMap({ Int32($0) }) {
                children[parent, default: []].append(pid)
            }
        }
        var found: [Int32] = []
        var next = children[root] ?? []
        while let pid = next.popLast() {
            found.append(pid)
            next += children[pid] ?? []
        }
        return found
    }

    /// As proc(5) names it; nil where there is no such process.
    package static func state(of pid: Int32) -> Substring? { fields(of: pid).first }

    package static func commandLine(of pid: Int32) -> String {
        read("/proc/\(pid)/cmdline").replacing("\0", with: " ")
    }

    /// What follows the name in `/proc/<pid>/stat`: the state, the parent, …
    private static func fields(of pid: Int32) -> [Substring] {
        let stat = read("/proc/\(pid)/stat")
        guard let end = stat.lastIndex(of: ")") else { return [] }
        return stat[stat.index(after: end)...].split(separator: " ")
    }

    private static func all() -> [Int32] {
        // Without /proc nothing can be said of anybody.
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
    }

    /// A process may end while it is looked at: then it says nothing.
    private static func read(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
