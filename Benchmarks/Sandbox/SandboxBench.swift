import Glibc

/// What the benchmarks of sandboxes and of the worker pool run; each command prints one JSON object.
///
///     SandboxBench cold bubblewrap|docker PERSONA N     milliseconds of N cold starts of the program PERSONA
///     SandboxBench warm bubblewrap|docker N             milliseconds of N calls inside, and of N bare ones
///     SandboxBench idle bubblewrap PERSONA N            proportional memory of N idle sandboxes
///     SandboxBench many PERSONA N BROWSERS              N personas at once, BROWSERS of them with a browser
///     SandboxBench pool DIRECTORY JOBS TENANTS          jobs through Postgres, a worker and sandboxes
@main enum SandboxBench {
    static func main() async throws {
        signal(SIGPIPE, SIG_IGN)
        let words = CommandLine.arguments
        func number(_ index: Int) -> Int { words.count > index ? Int(words[index]) ?? 0 : 0 }
        switch words.dropFirst().first {
        case "tool-worker": try await BareTools.serve(words)
        case "cold" where words.count == 5: try await Starts.cold(words[2], program: words[3], count: number(4))
        case "warm" where words.count == 4: try await Starts.warm(words[2], count: number(3))
        case "idle" where words.count == 5: try await Crowd.idle(words[2], program: words[3], count: number(4))
        case "many" where words.count == 5:
            try await Crowd.many(program: words[2], count: number(3), browsers: number(4))
        case "pool" where words.count == 5: try await Pool.run(words[2], jobs: number(3), tenants: number(4))
        default:
            print("usage: SandboxBench cold|warm|idle|many|pool …")
            exit(64)
        }
    }
}

/// One figure or list a name, printed as JSON.
enum Report {
    static func show(_ values: [(String, [Double])]) {
        let members = values.map { "\"\($0.0)\": [\($0.1.map { String($0) }.joined(separator: ", "))]" }
        print("{\(members.joined(separator: ", "))}")
    }

    static func milliseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) * 1_000 + Double(attoseconds) / 1e15
    }
}
