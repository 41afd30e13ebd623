import FoundationEssentials
import Glibc

/// Drives the real orchestrator against the embedded Postgres and prints one JSON object a measurement.
///
///     OrchestratorBench serve DIRECTORY
///     OrchestratorBench steps DSN [--graph nodes|tools] [--runs n] [--concurrency n] [--steps n] [--together visits]
///     OrchestratorBench waiting DSN [--runs n] [--concurrency n]
///
/// `serve` starts Postgres, migrated, says `ready DSN`, and stops it at the end of its standard input.
@main enum Bench {
    nonisolated static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2 else { return fail("say serve, steps or waiting, and where") }
        let options = Options(arguments.dropFirst(2))
        switch arguments[0] {
        case "serve": try await Services.serve(arguments[1])
        case "steps":
            let graph = options.text("graph") ?? "nodes"
            guard let kind = ChainGraph(rawValue: graph) else { return fail("there is no graph '\(graph)'") }
            try await Platform.with(dsn: arguments[1], visitsPerCheckpoint: options.number("together")) { platform in
                try await StepsMeasurement(
                    graph: kind, steps: options.number("steps") ?? 10, runs: options.number("runs") ?? 200,
                    concurrency: options.number("concurrency") ?? 8
                ).run(platform)
            }
        case "waiting":
            try await Platform.with(dsn: arguments[1], visitsPerCheckpoint: nil) { platform in
                try await WaitingMeasurement(
                    runs: options.number("runs") ?? 100_000, concurrency: options.number("concurrency") ?? 256
                ).run(platform)
            }
        default: fail("there is no '\(arguments[0])'")
        }
    }

    private static func fail(_ reason: String) {
        print("OrchestratorBench: \(reason)")
        exit(2)
    }
}

/// Pairs of `--name value`.
struct Options {
    private var values: [String: String] = [:]

    init(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while rest.count >= 2, let name = rest.popFirst(), let value = rest.popFirst() {
            values[String(name.drop { $0 == "-" })] = value
        }
    }

    func text(_ name: String) -> String? { values[name] }

    func number(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
}

/// One line on standard output, at once although it is a pipe.
func report(_ figures: [(String, Double)]) {
    let members = figures.map { "\"\($0.0)\": \(($0.1 * 10_000).rounded() / 10_000)" }
    print("{\(members.joined(separator: ", "))}")
    fflush(nil)
}
