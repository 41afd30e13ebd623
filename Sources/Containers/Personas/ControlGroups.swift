import FoundationEssentials
import Glibc

/// Memory and process limits by control groups, version 1 (hybrid) or 2, where this process may write them.
struct ControlGroups: Sendable {
    /// Parent of a persona's groups per controller; equal for both with version 2. `nil`: not writable here.
    let memory: String?
    let pids: String?
    private let isUnified: Bool

    private static let root = "/sys/fs/cgroup"
    /// Names the groups of this platform, so that its left-overs are told from another's sandboxes that just begin.
    private let prefix: String

    /// Finds this process's own groups and tries them by making and removing one. `data` is the platform's directory.
    init(data: String) {
        let prefix = "persona-sandbox-\(String(PersonaDirectory.digest(data), radix: 16))-"
        self.prefix = prefix
        let lines = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""  // none: no limits
        var own: [String: String] = [:]
        for line in lines.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            for controller in fields[1].split(separator: ",", omittingEmptySubsequences: false) {
                own[String(controller)] = String(fields[2])
            }
        }
        let unified = own.count == 1 && own[""] != nil
        isUnified = unified
        func usable(_ controller: String, _ limit: String) -> String? {
            guard let path = own[unified ? "" : controller] else { return nil }
            let parent = unified ? Self.root + path : "\(Self.root)/\(controller)\(path)"
            let trial = "\(parent)/\(prefix)trial-\(getpid())"
            guard mkdir(trial, 0o755) == 0 else { return nil }
            defer { rmdir(trial) }
            return access("\(trial)/\(limit)", W_OK) == 0 ? parent : nil
        }
        memory = usable("memory", unified ? "memory.max" : "memory.limit_in_bytes")
        pids = usable("pids", "pids.max")
    }

    /// Makes the groups of one sandbox and sets its limits.
    func make(_ name: String, limits: SandboxLimits) -> Group {
        var group = Group()
        if let memory {
            let path = "\(memory)/\(prefix)\(name)"
            mkdir(path, 0o755)
            Self.write("\(limits.memoryBytes)", to: path + (isUnified ? "/memory.max" : "/memory.limit_in_bytes"))
            if isUnified { Self.write("0", to: path + "/memory.swap.max") }
            group.events = path + (isUnified ? "/memory.events" : "/memory.oom_control")
            group.killsBefore = group.kills
            group.directories.append(path)
        }
        if let pids {
            let path = "\(pids)/\(prefix)\(name)"
            mkdir(path, 0o755)
            Self.write("\(limits.processes)", to: path + "/pids.max")
            if !group.directories.contains(path) { group.directories.append(path) }
        }
        return group
    }

    /// Removes groups that no process is in any more.
    func removeLeftOvers() {
        for parent in Set([memory, pids].compactMap(\.self)) {
            // Unreadable: nothing to do.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
            for name in names where name.hasPrefix(prefix) { rmdir("\(parent)/\(name)") }
        }
    }

    /// Control files take the value in one write.
    private static func write(_ text: String, to path: String) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }

    struct Group: Sendable {
        fileprivate(set) var directories: [String] = []
        fileprivate(set) var events: String?

        /// A group that could not be removed is used again, with what it counted.
        fileprivate var killsBefore = 0

        /// Whether the kernel killed a process of the group for memory.
        var ranOutOfMemory: Bool { kills > killsBefore }

        fileprivate var kills: Int {
            // Without the group nothing is known.
            guard let events, let text = try? String(contentsOfFile: events, encoding: .utf8) else { return 0 }
            let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
            return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
        }

        /// Waits for the last process to be gone, which the kernel ends soon after their parent, and removes the group;
        /// what does not go within two seconds is removed at the next start.
        func remove() async {
            for directory in directories {
                for _ in 0..<200 where rmdir(directory) != 0 && errno == EBUSY {
                    try? await Task.sleep(for: .milliseconds(10))  // cancelled: tries again at once
                }
            }
        }
    }
}
