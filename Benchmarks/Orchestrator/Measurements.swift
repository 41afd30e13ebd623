import Domain
import FoundationEssentials

/// Chains of one kind of node.
enum ChainGraph: String {
    /// Pure nodes: each adds a text to a list.
    case nodes
    /// Calls, each through the job queue and a worker.
    case tools

    /// `steps` steps; a chain of calls ends with one more, which is not counted.
    func definition(steps: Int) throws -> GraphDefinition {
        var nodes: [String: JSONValue] = [:]
        let last = self == .nodes ? steps - 1 : steps
        for step in 0..<last {
            var node: [String: JSONValue] =
                switch self {
                case .nodes: ["type": "set", "values": ["log": .string("step \(step)")]]
                case .tools:
                    ["type": "tool", "tool": "bench.echo", "input": .string("step \(step)"), "output": "log"]
                }
            node["next"] = .string("n\(step + 1)")
            nodes["n\(step)"] = .object(node)
        }
        nodes["n\(last)"] = ["type": "end"]
        return try GraphDefinition(["start": "n0", "reducers": ["log": "append"], "nodes": .object(nodes)])
    }
}

/// Durable steps a second over whole runs, from before a run is created until its last step is acknowledged.
struct StepsMeasurement {
    let graph: ChainGraph
    let steps: Int
    let runs: Int
    let concurrency: Int

    func run(_ platform: Platform) async throws {
        let graph = try graph.definition(steps: steps)
        // Plans are made, connections opened and caches filled by as many runs as will be under way, at least 20.
        _ = try await platform.go(graph, runs: max(20, concurrency * 2), concurrency: concurrency)
        _ = platform.committer.takeTimes()
        let start = ContinuousClock.now
        let times = try await platform.go(graph, runs: runs, concurrency: concurrency)
        let seconds = milliseconds(since: start) / 1000
        let commits = platform.committer.takeTimes()
        report([
            ("concurrency", Double(concurrency)), ("runs", Double(runs)), ("steps", Double(runs * steps)),
            ("seconds", seconds), ("steps_per_second", Double(runs * steps) / seconds),
            ("commits", Double(commits.count)), ("step_p50_ms", percentile(commits, 0.5)),
            ("step_p99_ms", percentile(commits, 0.99)), ("run_p50_ms", percentile(times, 0.5)),
            ("run_p99_ms", percentile(times, 0.99)),
        ])
    }
}

/// What this process grows by for each run that waits for a signal.
struct WaitingMeasurement {
    let runs: Int
    let concurrency: Int

    func run(_ platform: Platform) async throws {
        let graph = try GraphDefinition([
            "start": "wait", "nodes": ["wait": ["type": "wait", "signal": "go", "next": "e"], "e": ["type": "end"]],
        ])
        // What a process of this load holds anyway: pools, plans, caches.
        _ = try await platform.go(graph, runs: 4 * concurrency, concurrency: concurrency)
        let before = try ProcessMemory()
        let start = ContinuousClock.now
        _ = try await platform.go(graph, runs: runs, concurrency: concurrency)
        let seconds = milliseconds(since: start) / 1000
        _ = platform.committer.takeTimes()
        let after = try ProcessMemory()
        report([
            ("runs", Double(runs)), ("seconds", seconds),
            ("pss_bytes_per_run", Double(after.proportional - before.proportional) / Double(runs)),
            ("rss_bytes_per_run", Double(after.resident - before.resident) / Double(runs)),
        ])
    }
}

/// Sizes of this process in bytes, from `smaps_rollup`.
struct ProcessMemory {
    let proportional: Int
    let resident: Int

    init() throws {
        let text = try String(contentsOfFile: "/proc/self/smaps_rollup", encoding: .utf8)
        func bytes(_ name: String) -> Int {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
            return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
        }
        proportional = bytes("Pss:")
        resident = bytes("Rss:")
    }
}
