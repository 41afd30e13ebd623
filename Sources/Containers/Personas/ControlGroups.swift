import FoundationEssentials
import Glibc

/// Limits by control groups, version 1 (hybrid) or 2, where this process may write them.
struct ControlGroups: Sendable {
    enum Controller: String, CaseIterable { case memory, pids, cpu, freezer }

    /// Parent of the personas' groups per controller; the same for all with version 2. None: not writable here.
    private let parents: [Controller: String]
    private let isUnified: Bool
    /// Names the groups of this platform, so that its left-overs are told from another's sandboxes that just begin.
    private let prefix: String

    private static let root = "/sys/fs/cgroup"
    /// Of processor time, in microseconds: the kernel's usual.
    private static let period = 100_000

    /// Finds this process's own groups and tries them by making and removing one. `data` is the platform's directory.
    init(data: String) {
        let prefix = "persona-sandbox-\(String(PersonaDirectory.digest(data), radix: 16))-"
        self.prefix = prefix
        let own = Self.ownGroups()
        let unified = own.count == 1 && own[""] != nil
        isUnified = unified
        var parents: [Controller: String] = [:]
        for controller in Controller.allCases {
            guard let path = own[unified ? "" : controller.rawValue] else { continue }
            let mount = unified ? Self.root : "\(Self.root)/\(controller)"
            let parent = path == "/" ? mount : mount + path
            let trial = "\(parent)/\(prefix)trial-\(getpid())"
            guard mkdir(trial, 0o755) == 0 else { continue }
            defer { rmdir(trial) }
            if access("\(trial)/\(Self.file(controller, unified))", W_OK) == 0 { parents[controller] = parent }
        }
        self.parents = parents
    }

    func limits(_ controller: Controller) -> Bool { parents[controller] != nil }

    private static func ownGroups() -> [String: String] {
        let lines = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""  // none: no limits
        var own: [String: String] = [:]
        for line in lines.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            for controller in fields[1].split(separator: ",", omittingEmptySubsequences: false) {
                own[String(controller)] = String(fields[2])
            }
        }
        // The hierarchy of version 2 that stands beside version 1 has no controllers.
        if own.count > 1 { own[""] = nil }
        return own
    }

    private static func file(_ controller: Controller, _ isUnified: Bool) -> String {
        switch controller {
        case .memory: isUnified ? "memory.max" : "memory.limit_in_bytes"
        case .pids: "pids.max"
        case .cpu: isUnified ? "cpu.max" : "cpu.cfs_quota_us"
        case .freezer: isUnified ? "cgroup.freeze" : "freezer.state"
        }
    }

    /// Makes the groups of one sandbox and sets its limits.
    func make(_ name: String, limits: SandboxLimits) -> Group {
        var group = Group(isUnified: isUnified)
        for (controller, parent) in parents {
            let path = "\(parent)/\(prefix)\(name)"
            mkdir(path, 0o755)
            if !group.directories.contains(path) { group.directories.append(path) }
            let file = "\(path)/\(Self.file(controller, isUnified))"
            switch controller {
            case .memory:
                Self.write("\(limits.memoryBytes)", to: file)
                if isUnified { Self.write("0", to: path + "/memory.swap.max") }
                group.events = path + (isUnified ? "/memory.events" : "/memory.oom_control")
                group.killsBefore = group.allKills
            case .pids: Self.write("\(limits.processes)", to: file)
            case .cpu:
                let quota = Int(limits.processors * Double(Self.period))
                Self.write(isUnified ? "\(quota) \(Self.period)" : "\(quota)", to: file)
                // Where everything wants to run, the platform does first.
                let weight = isUnified ? "/cpu.weight" : "/cpu.shares"
                Self.write("\(isUnified ? SandboxLimits.weight : SandboxLimits.shares)", to: path + weight)
            case .freezer:
                group.freezer = file
                group.freeze(false)
            }
        }
        return group
    }

    /// Removes groups that no process is in any more.
    func removeLeftOvers() {
        for parent in Set(parents.values) {
            // Unreadable: nothing to do.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
            for name in names where name.hasPrefix(prefix) { rmdir("\(parent)/\(name)") }
        }
    }

    /// Control files take the value in one write.
    @discardableResult
    private static func write(_ text: String, to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } > 0
    }

    struct Group: Sendable {
        fileprivate let isUnified: Bool
        fileprivate(set) var directories: [String] = []
        fileprivate var events: String?
        fileprivate var freezer: String?
        /// A group that could not be removed is used again, with what it counted.
        fileprivate var killsBefore = 0

        /// Processes of the group that the kernel has killed for memory.
        var memoryKills: Int { allKills - killsBefore }

        fileprivate var allKills: Int {
            // Without the group nothing is known.
            guard let events, let text = try? String(contentsOfFile: events, encoding: .utf8) else { return 0 }
            let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
            return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
        }

        /// Makes all processes stand still, or go on; `false` where that cannot be had.
        @discardableResult
        func freeze(_ isFrozen: Bool) -> Bool {
            guard let freezer else { return false }
            let words = isUnified ? ("1", "0") : ("FROZEN", "THAWED")
            return ControlGroups.write(isFrozen ? words.0 : words.1, to: freezer)
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
