/// What a sandbox may promise of a persona's processes.
package enum SandboxGuarantee: String, Sendable, Hashable, CaseIterable, Codable {
    case ownNetwork = "own_network"
    case ownProcesses = "own_processes"
    case readOnlyRoot = "read_only_root"
    case noPrivileges = "no_privileges"
    case systemCallFilter = "system_call_filter"
    case ownUser = "own_user"
    case ownKernel = "own_kernel"
    case memoryLimit = "memory_limit"
    case processLimit = "process_limit"
    case processorLimit = "processor_limit"
    case workspaceLimit = "workspace_limit"
    case pause

    /// For people.
    package var words: String {
        switch self {
        case .ownNetwork: "no network, and no way out but the proxy"
        case .ownProcesses: "process, mount, IPC and host name spaces of its own"
        case .readOnlyRoot: "a root that cannot be written"
        case .noPrivileges: "no capabilities, and no way to new privileges"
        case .systemCallFilter: "a filter on system calls"
        case .ownUser: "a user id of its own for each persona"
        case .ownKernel: "a kernel of its own between the tools and the machine's"
        case .memoryLimit: "a memory limit for all processes of a persona together"
        case .processLimit: "a limit on the number of its processes"
        case .processorLimit: "a limit on its processor time"
        case .workspaceLimit: "a limit on the size of its workspace"
        case .pause: "idle processes stand still, with all that they hold"
        }
    }
}

/// What an implementation keeps on this machine, and what it cannot.
package struct SandboxGuarantees: Sendable, Hashable {
    package var implementation: String
    /// How it is kept, where that says more than the promise itself; else empty.
    package private(set) var kept: [SandboxGuarantee: String] = [:]
    /// Why it cannot be promised here.
    package private(set) var missing: [SandboxGuarantee: String] = [:]

    package init(_ implementation: String) { self.implementation = implementation }

    package mutating func keep(_ guarantees: SandboxGuarantee..., by note: String = "") {
        for guarantee in guarantees { kept[guarantee] = note }
    }

    package mutating func miss(_ guarantee: SandboxGuarantee, because reason: String) { missing[guarantee] = reason }

    package mutating func set(_ guarantee: SandboxGuarantee, _ isKept: Bool, elseBecause reason: String) {
        if isKept { keep(guarantee) } else { miss(guarantee, because: reason) }
    }

    package func keeps(_ guarantee: SandboxGuarantee) -> Bool { kept[guarantee] != nil }

    /// One line a guarantee, in their order.
    package var lines: [String] {
        SandboxGuarantee.allCases.map { guarantee in
            if let note = kept[guarantee] { return "kept     \(guarantee.words)\(note.isEmpty ? "" : " (\(note))")" }
            return "missing  \(guarantee.words) (\(missing[guarantee] ?? "not offered"))"
        }
    }

    /// The workspace is looked at, not fenced in: true of every implementation.
    mutating func keepWorkspaceByWatching() {
        keep(.workspaceLimit, by: "by a look at it every second; single files are bounded at once")
    }
}
