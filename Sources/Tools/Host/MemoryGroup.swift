import FoundationEssentials

/// This process's own control group as a container shows it.
enum MemoryGroup {
    /// Version 1, then version 2.
    private static let files = ["/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events"]

    /// Processes of the group that were killed for memory so far; 0 where no group is shown.
    static var kills: Int {
        for file in files {
            // Not of this version, or not shown: the other one, or none.
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { continue }
            let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
            return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
        }
        return 0
    }
}
