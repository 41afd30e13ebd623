import FoundationEssentials
import Glibc

/// Processes of sandboxes whose platform was killed. bubblewrap's first process inside waits for the one outside before
/// it asks to die with it: killed between the two, the one inside waits for good. It runs nothing, and it holds mounts.
enum SandboxLeftOvers {
    /// Of a command line read; bubblewrap's with all its mounts stays below.
    private static let mostBytes = 64 * 1024

    /// Kills every bubblewrap that was started for a persona below `data`. Before the first sandbox is started here.
    static func end(data: String) {
        // Without /proc there is nothing to find them by.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in names.compactMap({ Int32($0) }) where isSandbox(pid, of: data) { kill(pid, SIGKILL) }
    }

    private static func isSandbox(_ pid: Int32, of data: String) -> Bool {
        guard let file = fopen("/proc/\(pid)/cmdline", "r") else { return false }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: mostBytes)
        let count = fread(&bytes, 1, bytes.count, file)
        let words = bytes[..<count].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.first == "bwrap" && words.contains { $0.hasPrefix("\(data)/personas/") }
    }
}
