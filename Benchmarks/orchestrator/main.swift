import Domain
import FoundationEssentials
import Glibc
import Logging
import OrchestratorCore
import OrchestratorService
import Store
import ToolKit

// Durable steps a second of the real orchestrator over a real Postgres: each `set` node of a chain is a step, and
// each is committed on its own before the next begins. Creating the runs is part of the time.

/// A chain of `steps` nodes, each of which appends a short text to a list, as the peers' do.
func chain(_ steps: Int) -> JSONValue {
    var nodes: [String: JSONValue] = ["end": ["type": "end", "output": "${length(state.log)}"]]
    for index in 0..<steps {
        nodes["n\(index)"] = [
            "type": "set", "values": ["log": .string("step \(index)")],
            "next": .string(index + 1 < steps ? "n\(index + 1)" : "end"),
        ]
    }
    return ["start": "n0", "reducers": ["log": "append"], "nodes": .object(nodes)]
}

/// A run that waits for a signal which does not come.
let waiting: JSONValue = [
    "start": "w", "nodes": ["w": ["type": "wait", "signal": "go", "next": "e"], "e": ["type": "end"]],
]

struct Bench: Sendable {
    let base: BenchmarkDatabase
    let clock: StepClock
    let bell: LocalDoorbell
    let graph: GraphDefinition

    func start() async throws -> RunID {
        let run = NewRun(persona: base.persona, personaVersion: 1, graph: graph, input: [:])
        try await Runs(base.database).create(base.tenant, run, actor: "system")
        await bell.ring([.run(base.tenant, run.id)])
        return run.id
    }

    /// `runs` runs, at most `concurrency` at a time; seconds that they took.
    func chains(_ runs: Int, concurrency: Int) async throws -> Double {
        let begin = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<concurrency {
                group.addTask {
                    for _ in stride(from: client, to: runs, by: concurrency) {
                        await clock.untilEnded(try await start())
                    }
                }
            }
            try await group.waitForAll()
        }
        return (ContinuousClock.now - begin) / .seconds(1)
    }
}

func residentKilobytes() -> Int {
    guard let data = FileManager.default.contents(atPath: "/proc/self/statm") else { return 0 }
    let words = String(decoding: data, as: UTF8.self).split(separator: " ")
    return words.count > 1 ? (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1_024 : 0
}

let arguments = Arguments(CommandLine.arguments)
let steps = arguments.number("steps", 10)
let concurrency = arguments.number("concurrency", 64)
let runs = arguments.number("runs", 1_000)
let mode = arguments.word("mode", "chains")
let base = try await BenchmarkDatabase.make(
    url: arguments.text("postgres"), migrations: arguments.text("migrations"),
    connections: arguments.number("connections", 8))
let owner = try await ProcessOwner.register(base.dispatch)
let clock = StepClock(
    GroupCommitter(base.database, owner: owner, lanes: arguments.number("lanes", GroupCommitter.defaultLanes)))
let bell = LocalDoorbell()
var logger = Logger(label: "bench")
logger.logLevel = .error
var options = Orchestrator.Options()
options.concurrency = max(concurrency, options.concurrency)
options.visitsPerCheckpoint = 1
let orchestrator = Orchestrator(
    database: base.database, owner: owner, doorbell: bell, tools: ToolCatalog([ToolDescriptor]()),
    effectKey: { _ in EffectKey(secret: Data(repeating: 3, count: 32)) }, committer: clock, options: options,
    logger: logger)
let bench = Bench(
    base: base, clock: clock, bell: bell, graph: try GraphDefinition(mode == "waiting" ? waiting : chain(steps)))
let work = Task { try await orchestrator.run() }
_ = try await bench.chains(max(concurrency, 20), concurrency: concurrency)
clock.reset()
let seconds = try await bench.chains(runs, concurrency: concurrency)
print(
    """
    {"concurrency": \(concurrency), "runs": \(runs), "steps": \(steps), \
    "steps_per_s": \(Double(runs * steps) / seconds), \
    "p50_ms": \(clock.quantile(0.5)), "p99_ms": \(clock.quantile(0.99))}
    """)
work.cancel()
_ = await work.result
await owner.close()
try await base.drop()
