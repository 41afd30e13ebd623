import Glibc
import Simulation

/// `simulate [--seeds N] [--from S] [--seed X] [--verbose] [--threads T] [--mutation M]`
@main struct Simulate {
    private struct Arguments {
        var seeds = 20_000
        var from: UInt64 = 1
        var seed: UInt64?
        var isVerbose = false
        var threads = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var mutation: Mutation?

        init?(_ words: [String]) {
            var rest = words[...]
            while let word = rest.popFirst() {
                switch word {
                case "--verbose": isVerbose = true
                case "--seeds":
                    guard let value = rest.popFirst().flatMap({ Int($0) }), value > 0 else { return nil }
                    seeds = value
                case "--from":
                    guard let value = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                    from = value
                case "--seed":
                    guard let value = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                    seed = value
                case "--threads":
                    guard let value = rest.popFirst().flatMap({ Int($0) }), value > 0 else { return nil }
                    threads = value
                case "--mutation":
                    guard let value = rest.popFirst().flatMap({ Mutation(rawValue: $0) }) else { return nil }
                    mutation = value
                default: return nil
                }
            }
        }
    }

    static func main() async {
        guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else {
            print("simulate [--seeds N] [--from S] [--threads T] | --seed X [--verbose]   [--mutation NAME]")
            print("mutations: \(Mutation.allCases.map(\.rawValue).joined(separator: " "))")
            exit(2)
        }
        if let seed = arguments.seed { exit(one(seed, arguments)) }
        let summary = await Simulator.search(
            from: arguments.from, count: arguments.seeds, threads: arguments.threads, mutation: arguments.mutation)
        print(
            "\(summary.seeds) seeds, \(summary.happenings) happenings, \(summary.commits) commits, "
                + "\(summary.failures.count) failed")
        for failure in summary.failures {
            print("seed \(failure.seed):")
            for finding in failure.findings.prefix(3) { print("    \(finding)") }
        }
        if let first = summary.failures.first { print("replay: simulate --seed \(first.seed) --verbose") }
        exit(summary.failures.isEmpty ? 0 : 1)
    }

    private static func one(_ seed: UInt64, _ arguments: Arguments) -> Int32 {
        let verdict = Simulator.verdict(
            seed: seed, mutation: arguments.mutation, isTracing: arguments.isVerbose)
        for line in verdict.trace { print(line) }
        print("seed \(seed): \(verdict.happenings) happenings, \(verdict.commits) commits")
        for finding in verdict.findings { print("    \(finding)") }
        return verdict.findings.isEmpty ? 0 : 1
    }
}
